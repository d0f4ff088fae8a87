import { readdirSync, readFileSync } from 'node:fs';
import { residentMegabytes } from './process-tree.js';
import type { Relay } from './relay.js';

/** A relay seen from outside. */
export interface RelayFigures {
  /** By name without `macula_relay_`, labels included. */
  readonly metrics: ReadonlyMap<string, number>;
  /** Of the worker: MiB in the machine's memory. */
  readonly residentMegabytes: number;
  /** Of the worker: open descriptors. */
  readonly descriptors: number;
  /** Of the worker: seconds of CPU. */
  readonly cpuSeconds: number;
}

/** Asks a relay on this machine for its metrics, and the system for what it uses; Linux only. */
export async function relayFigures(relay: Relay): Promise<RelayFigures> {
  const response = await fetch(`${relay.admin}/metrics`, { headers: { connection: 'close' } });
  const metrics = new Map<string, number>();
  for (const line of (await response.text()).split('\n')) {
    const [, name, value] = /^macula_relay_(\S+) (\S+)$/.exec(line) ?? [];
    if (name !== undefined) metrics.set(name, Number(value));
  }
  const [pid] = relay.workerPids();
  if (pid === undefined) throw new Error(`${relay.label} has no worker`);
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return {
    metrics,
    residentMegabytes: residentMegabytes(pid),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    cpuSeconds: (user! + system!) / clockTicks,
  };
}

/** Of what the kernel counts CPU in; the same on all Linux. */
const clockTicks = 100;
