import { descendantPids, isAlive } from './managed-process.js';

/** Ids of a process and everything below it that is alive. */
export function processTree(rootPid: number): number[] {
  return [rootPid, ...descendantPids(rootPid)].filter(isAlive);
}
