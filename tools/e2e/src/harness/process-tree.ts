import { readFileSync } from 'node:fs';
import { descendantPids, isAlive } from './managed-process.js';

/** Ids of a process and everything below it that is alive. */
export function processTree(rootPid: number): number[] {
  return [rootPid, ...descendantPids(rootPid)].filter(isAlive);
}

/** Memory of a process that is in the machine's now, in MiB; Linux only. */
export function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
