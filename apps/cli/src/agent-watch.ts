import { descendants, listProcesses, type ProcessInfo } from './processes.js';

/** Options of {@link watchAgents}. */
export interface AgentWatchOptions {
  /** Process below which BEAMs are looked for; undefined while it isn't started. */
  readonly rootPid: () => number | undefined;
  /** Called once per BEAM, with one sentence about the cause and one about the remedy. */
  readonly warn: (text: string) => void;
  /** How long a BEAM may take to start its agent, in ms; default 10,000. */
  readonly graceMs?: number;
  /** Time between two looks, in ms; default 2,000. */
  readonly intervalMs?: number;
}

/**
 * Watches the BEAMs below a process and warns about each that is distributed but has no agent after the grace time: it
 * would look healthy and answer `pang` to everything. Looks at the process table, because a BEAM that never loaded our
 * carrier can't tell. Stops looking once every BEAM seen was judged and the first minute is over.
 * @returns a function that stops it
 */
export function watchAgents(options: AgentWatchOptions): () => void {
  const graceMs = options.graceMs ?? 10_000;
  const intervalMs = options.intervalMs ?? 2_000;
  const startedMs = performance.now();
  const firstSeenMs = new Map<number, number>();
  const judged = new Set<number>();
  const look = async (): Promise<void> => {
    const rootPid = options.rootPid();
    if (rootPid === undefined) return;
    const nowMs = performance.now();
    const processes = await listProcesses().catch(() => []);
    const own = processes.filter((entry) => entry.pid === rootPid);
    for (const beam of [...own, ...descendants(processes, rootPid)].filter(isDistributedBeam)) {
      if (!firstSeenMs.has(beam.pid)) firstSeenMs.set(beam.pid, nowMs);
      if (judged.has(beam.pid)) continue;
      if (hasAgent(processes, beam)) judged.add(beam.pid);
      else if (nowMs - firstSeenMs.get(beam.pid)! >= graceMs) {
        judged.add(beam.pid);
        options.warn(explain(beam, graceMs));
      }
    }
    if (nowMs - startedMs > watchMs && judged.size === firstSeenMs.size) clearInterval(timer);
  };
  const timer = setInterval(() => void look(), intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Whether this is an Erlang emulator that was started with a node name. */
export function isDistributedBeam(entry: ProcessInfo): boolean {
  if (!/(^|[/\\])beam(\.\w+)*$/.test(entry.args[0] ?? '')) return false;
  return entry.args.some((arg) => arg === '-name' || arg === '-sname' || arg === '-remsh');
}

/** Whether an agent runs below this BEAM. */
export function hasAgent(processes: readonly ProcessInfo[], beam: ProcessInfo): boolean {
  return descendants(processes, beam.pid).some((entry) =>
    entry.args.some((arg) => /(^|[/\\])agent(\.\w+)*$|^macula-agent|node-agent/.test(arg)),
  );
}

function explain(beam: ProcessInfo, graceMs: number): string {
  const start = `the Erlang node of process ${beam.pid} has not started its macula agent after ${Math.round(graceMs / 1000)} s`;
  const carriers = beam.args.filter((arg) => arg === '-proto_dist').length;
  if (carriers > 1)
    return `${start}, because -proto_dist was given ${carriers} times, which OTP 25 takes for plain TCP. Remove it from the command, its vm.args or its script.`;
  if (carriers === 0)
    return `${start}, because it was started without -proto_dist macula. Let the command pass ERL_AFLAGS on to erl, or add the flag to its vm.args.`;
  if (!beam.args.includes('macula'))
    return `${start}, because -proto_dist names another carrier. Remove that flag from the command, its vm.args or its script.`;
  return `${start}. Look for errors of macula_dist in the node's log, and check that ${process.execPath} can be run.`;
}

/** New BEAMs are looked for at least this long. */
const watchMs = 60_000;
