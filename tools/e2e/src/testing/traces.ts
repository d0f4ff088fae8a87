import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isAlive } from '../harness/index.js';
import { processTree } from '../harness/process-tree.js';

/** What a program has on a Linux machine at a moment: with everything it started, whoever its parent is later. */
export interface Traces {
  readonly pids: readonly number[];
  /** `socket:[INODE]` */
  readonly sockets: ReadonlySet<string>;
  /** `net:[INODE]`, without our own. */
  readonly namespaces: ReadonlySet<string>;
}

/** The traces of a process and everything below it. */
export function tracesOf(rootPid: number): Traces {
  const pids = processTree(rootPid);
  const own = namespaceOf(process.pid);
  const namespaces = pids.map(namespaceOf).filter((name) => name !== undefined && name !== own);
  return { pids, sockets: new Set(pids.flatMap(socketsOf)), namespaces: new Set(namespaces as string[]) };
}

/** What of these traces is still there; a namespace is there while any process of this machine is in it. */
export function remainsOf({ pids, sockets, namespaces }: Traces): string[] {
  return [
    ...pids.filter(isAlive).map((pid) => `process ${pid}: ${commandOf(pid)}`),
    ...boundSockets()
      .filter((inode) => sockets.has(`socket:[${inode}]`))
      .map((inode) => `socket ${inode}`),
    ...everybody()
      .filter((pid) => namespaces.has(namespaceOf(pid) ?? ''))
      .map((pid) => `network namespace of process ${pid}: ${commandOf(pid)}`),
  ];
}

/** Processes whose environment has this directory in it; none where there is no /proc. */
export function heirsOf(directory: string): string[] {
  return everybody()
    .filter((pid) => read(() => readFileSync(`/proc/${pid}/environ`, 'utf8'))?.includes(directory))
    .map((pid) => `process ${pid}: ${commandOf(pid)}`);
}

function everybody(): number[] {
  const names = read(() => readdirSync('/proc')) ?? [];
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}

function namespaceOf(pid: number): string | undefined {
  return read(() => readlinkSync(`/proc/${pid}/ns/net`));
}

function commandOf(pid: number): string {
  return (read(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '').replaceAll('\0', ' ');
}

function socketsOf(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  return (read(() => readdirSync(directory)) ?? [])
    .map((name) => read(() => readlinkSync(`${directory}/${name}`)) ?? '')
    .filter((target) => target.startsWith('socket:'));
}

/** Inodes of TCP sockets that listen and UDP sockets, in our own namespace: other ones go with their sockets. */
function boundSockets(): string[] {
  return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((kind) =>
    readFileSync(`/proc/self/net/${kind}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => kind.startsWith('udp') || fields[3] === '0A')
      .flatMap((fields) => fields[9] ?? []),
  );
}

/** Undefined where the process is gone meanwhile. */
function read<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
