import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { UsageError, withoutSeparator } from '../arguments.js';
import type { Driver } from '../drivers/driver.js';
import { drivers } from '../drivers/index.js';

/** What the command line of a soak asks for. */
export interface SoakArguments {
  readonly hours: number;
  readonly driver: Driver;
  readonly seed: number;
  /** Releases that nodes take in turn; empty: the one in PATH. */
  readonly releases: readonly string[];
  /** Stops after so many rounds, when that is before the time. */
  readonly rounds: number;
}

/** Drivers whose processes are this machine's, so that they can be looked at. */
const possible: readonly Driver[] = drivers.filter(({ name }) => name !== 'docker');

export const usage: string = `Usage: npm run soak -- --hours H [--driver ${possible.map(({ name }) => name).join('|')}] [--seed N] [--otp 25[+27+29]] [--rounds N]

Four nodes on three relays talk to each other all the time. Each round something random happens to them, and a random scenario runs beside.
Afterwards all must be connected again, every message right, and no process may grow without end. The seed is printed; the same one does the same in the same order.`;

/** @throws UsageError */
export function parseSoakArguments(args: readonly string[]): SoakArguments {
  let values: { hours?: string; driver?: string; seed?: string; otp?: string; rounds?: string };
  const text = { type: 'string' } as const;
  try {
    const options = { hours: text, driver: text, seed: text, otp: text, rounds: text };
    ({ values } = parseArgs({ args: withoutSeparator(args), options }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const driver = possible.find(({ name }) => name === (values.driver ?? 'local'));
  if (!driver)
    throw new UsageError(
      `--driver ${values.driver}: a soak runs on ${possible.map(({ name }) => name).join(' or ')}`,
    );
  if (values.hours === undefined)
    throw new UsageError('--hours is missing: how long it runs, for instance 0.5');
  const releases = values.otp?.split('+') ?? [];
  for (const release of releases)
    if (!/^\d{2}$/.test(release)) throw new UsageError(`--otp ${release}: a release is a number such as 27`);
  return {
    driver,
    releases,
    hours: number('--hours', values.hours, 0.001, 1000),
    seed: values.seed === undefined ? randomInt(1, 1_000_000) : number('--seed', values.seed, 1, 2 ** 31),
    rounds:
      values.rounds === undefined ? Number.POSITIVE_INFINITY : number('--rounds', values.rounds, 1, 1e6),
  };
}

function number(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= min && value <= max) return value;
  throw new UsageError(`${option} ${text}: a number from ${min} to ${max}`);
}
