/** A process of the bench: does what its parent asks for over IPC, and ends with it. */
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { AgentLoad } from './agent-load.js';
import type { CallMessage, CallName, Calls, ReplyMessage, Usage } from './calls.js';
import { contestants } from './contestants.js';
import { QuicLoad } from './quic-load.js';

/** Ticks of /proc per second; the same on every Linux that Node runs on. */
const ticksPerSecond = 100;

const load = new QuicLoad();
let agents: AgentLoad | undefined;
/** Loaded when it is asked for: code of relay and client in the heap changes what the memory of others is measured as. */
const agentLoad = (): Promise<typeof import('./agent-load.js')> => import('./agent-load.js');
const floodCalls = (): Promise<typeof import('../flood/flood-calls.js')> => import('../flood/flood-calls.js');

const handlers: { [Name in CallName]: (args: Calls[Name]['args']) => Promise<Calls[Name]['result']> } = {
  listen: ({ contestant, certificate }) => contestants[contestant].listen(certificate),
  bulk: async ({ contestant, port, certificate, bytes }) => {
    const dialed = await contestants[contestant].dial(port, certificate);
    const elapsedMs = await dialed.bulk(bytes);
    await dialed.close();
    return elapsedMs;
  },
  echo: async ({ contestant, port, certificate, count }) => {
    const dialed = await contestants[contestant].dial(port, certificate);
    const timesMs = await dialed.echo(count);
    await dialed.close();
    return timesMs;
  },
  usage: ({ collect }) => usage(collect),
  hold: ({ count, keepAliveMs, ...target }) => load.hold(target, count, keepAliveMs),
  relay: async () => (await agentLoad()).startBenchRelay(),
  join: async ({ port, count, keepAliveMs, stays }) => {
    agents ??= new (await agentLoad()).AgentLoad();
    return agents.join(port, count, keepAliveMs, stays);
  },
  held: async () => load.held + (agents?.joined ?? 0),
  connections: ({ count, ...target }) => load.connections(target, count),
  connect: (target) => load.connect(target),
  streams: ({ count }) => load.streams(count),
  resets: ({ count }) => load.resets(count),
  credit: ({ count, waitMs }) => load.credit(count, waitMs),
  flood: async ({ kind, url, ms }) => (await floodCalls()).floodRelay(kind, url, ms),
  stopFlood: async () => (await floodCalls()).stopFlood(),
};

async function usage(collect: boolean): Promise<Usage> {
  // What native objects hold is freed in the turns after the collection that found them unused.
  for (let round = 0; collect && round < 4; round++) {
    globalThis.gc?.();
    for (let count = 0; count < 10; count++) await turn();
  }
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const helpers = Object.values(contestants).flatMap(({ helperPids }) => [...(helperPids?.() ?? [])]);
  const cpuMs = (user + system) / 1000 + helpers.reduce((sum, pid) => sum + cpuMsOf(pid), 0);
  return { cpuMs, rssBytes: rss, heapBytes: heapUsed + external };
}

function cpuMsOf(pid: number): number {
  try {
    // Behind the name, which is in parentheses: utime and stime are fields 14 and 15 of the whole.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
  } catch {
    return 0;
  }
}

process.on('message', async ({ id, name, args }: CallMessage) => {
  const handler = handlers[name] as (args: unknown) => Promise<unknown>;
  let reply: ReplyMessage;
  try {
    reply = { id, result: await handler(args) };
  } catch (error) {
    reply = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.send?.(reply);
});
process.on('disconnect', () => process.exit(0));
