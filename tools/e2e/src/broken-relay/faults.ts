import { pathToFileURL } from 'node:url';
import { preloadScript } from '../harness/paths.js';

/** What a relay that is broken on purpose does wrong. */
export type Fault = keyof typeof faults;

/** All of them, with a line for people. */
export const faults = {
  drop: 'loses one sealed record in 10,000 of each direction of a tunnel',
  swap: 'sends two neighbouring sealed records in the wrong order, once in 10,000',
  forget: 'forgets every second name, 5 s after it was registered',
} as const;

/** Names of {@link faults}. */
export const faultNames: readonly Fault[] = Object.keys(faults) as Fault[];

/** How relays are broken; the same seed breaks them at the same places. */
export interface BrokenRelays {
  readonly fault: Fault;
  readonly seed: number;
}

/** One in so many records is lost or swapped. */
export const recordsPerFault = 10_000;

/** One in so many registered names is forgotten. */
export const namesPerFault = 2;

/** Milliseconds from a name's registration until it is forgotten. */
export const forgetAfterMs = 5_000;

/** The variable that tells `preload.ts` what to break: `FAULT:SEED`. */
export const faultVariable = 'MACULA_E2E_FAULT';

/** What the environment of a relay has beside its own, so that it and its workers are broken. */
export function faultVariables({ fault, seed }: BrokenRelays): Readonly<Record<string, string>> {
  return {
    NODE_OPTIONS: `--import=${pathToFileURL(preloadScript)}`,
    [faultVariable]: `${fault}:${seed}`,
  };
}
