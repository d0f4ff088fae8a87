import { parseArgs } from 'node:util';
import type { Driver } from './drivers/driver.js';
import { local } from './drivers/local.js';
import { scenarioNames } from './load-scenarios.js';

/** What the command line asks for. */
export interface E2eArguments {
  readonly driver: Driver;
  /** Releases such as `27`; empty: the one in PATH. */
  readonly releases: readonly string[];
  readonly scenarios: readonly string[];
  readonly json: boolean;
  readonly list: boolean;
}

/** Something on the command line is wrong; the message is for the user. */
export class UsageError extends Error {}

const drivers: readonly Driver[] = [local];

export const usage: string = `Usage: npm run e2e -- [--driver ${drivers.map(({ name }) => name).join('|')}] [--otp 25[,27,29]] [--scenario NAME[,NAME…]] [--json] [--list]

With several releases each scenario runs on each of them, and once more with the nodes on them in turn.`;

/** @throws UsageError */
export function parseArguments(args: readonly string[]): E2eArguments {
  let values: { driver?: string; otp?: string[]; scenario?: string[]; json?: boolean; list?: boolean };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        driver: { type: 'string' },
        otp: { type: 'string', multiple: true },
        scenario: { type: 'string', multiple: true },
        json: { type: 'boolean' },
        list: { type: 'boolean' },
      },
    }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const driver = drivers.find(({ name }) => name === (values.driver ?? 'local'));
  if (!driver)
    throw new UsageError(`there is no driver "${values.driver}", only ${drivers.map(({ name }) => name)}`);
  const releases = listed(values.otp);
  for (const release of releases)
    if (!/^\d{2}$/.test(release)) throw new UsageError(`--otp ${release}: a release is a number such as 27`);
  const scenarios = listed(values.scenario);
  for (const name of scenarios)
    if (!scenarioNames.includes(name))
      throw new UsageError(`there is no scenario "${name}"; there are ${scenarioNames.join(', ')}`);
  return {
    driver,
    releases: [...new Set(releases)],
    scenarios: scenarios.length > 0 ? [...new Set(scenarios)] : scenarioNames,
    json: values.json ?? false,
    list: values.list ?? false,
  };
}

function listed(values: readonly string[] = []): string[] {
  return values.flatMap((value) => value.split(',')).filter((value) => value !== '');
}
