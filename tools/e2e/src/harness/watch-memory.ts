import { setTimeout as sleep } from 'node:timers/promises';
import { descendantPids } from './managed-process.js';
import type { OtpNode } from './otp-node.js';
import { residentMegabytes } from './process-tree.js';
import type { Relay } from './relay.js';

/** Memory of one process over time. */
export interface MemoryOfProcess {
  readonly what: string;
  readonly pid: number;
  /** MiB in the machine's memory, one value for each look. */
  readonly resident: readonly number[];
}

/** Agents with their workers, and relays with theirs, each as it is called in figures. */
export async function agentsAndRelays(
  nodes: readonly OtpNode[],
  relays: readonly Relay[],
): Promise<[what: string, pid: number][]> {
  const agents = await Promise.all(nodes.map((node) => node.agentPid()));
  const named = (what: string, pid: number): [string, number][] => [
    [what, pid],
    ...descendantPids(pid).map((child): [string, number] => [`${what} worker`, child]),
  ];
  return [
    ...agents.flatMap((pid, index) => named(`agent ${nodes[index]!.name}`, pid)),
    ...relays.flatMap(({ label, process }) => named(label, process.pid)),
  ];
}

/** Looks at all once a second for so many seconds, first at once. @throws when one of them has ended */
export async function watchMemory(
  processes: readonly (readonly [what: string, pid: number])[],
  seconds: number,
): Promise<MemoryOfProcess[]> {
  const watched = processes.map(([what, pid]) => ({ what, pid, resident: [] as number[] }));
  const startMs = performance.now();
  for (let second = 0; second <= seconds; second++) {
    await sleep(Math.max(0, startMs + 1000 * second - performance.now()));
    for (const { pid, resident } of watched) resident.push(residentMegabytes(pid));
  }
  return watched;
}
