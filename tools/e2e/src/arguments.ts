import { parseArgs } from 'node:util';
import type { Driver } from './drivers/driver.js';
import { local } from './drivers/local.js';
import { scenarioNames } from './load-scenarios.js';

/** What the command line asks for. */
export interface E2eArguments {
  readonly driver: Driver;
  /** What each scenario runs on: releases such as `27`, which the nodes of one run take in turn. Empty: the one in PATH. */
  readonly choices: readonly (readonly string[])[];
  readonly scenarios: readonly string[];
  readonly json: boolean;
  readonly list: boolean;
  /** Without those that are marked long. */
  readonly quick: boolean;
}

/** Something on the command line is wrong; the message is for the user. */
export class UsageError extends Error {}

const drivers: readonly Driver[] = [local];

export const usage: string = `Usage: npm run e2e -- [--driver ${drivers.map(({ name }) => name).join('|')}] [--otp 25[,27,29]] [--scenario NAME[,NAME…]] [--quick] [--json] [--list]

With several releases each scenario runs on each of them, and once more with the nodes on them in turn; --otp 25+27 means the latter only.
--quick leaves out those that take minutes.`;

/** @throws UsageError */
export function parseArguments(args: readonly string[]): E2eArguments {
  let values: {
    driver?: string;
    otp?: string[];
    scenario?: string[];
    json?: boolean;
    list?: boolean;
    quick?: boolean;
  };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        driver: { type: 'string' },
        otp: { type: 'string', multiple: true },
        scenario: { type: 'string', multiple: true },
        json: { type: 'boolean' },
        list: { type: 'boolean' },
        quick: { type: 'boolean' },
      },
    }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const driver = drivers.find(({ name }) => name === (values.driver ?? 'local'));
  if (!driver)
    throw new UsageError(`there is no driver "${values.driver}", only ${drivers.map(({ name }) => name)}`);
  const scenarios = listed(values.scenario);
  for (const name of scenarios)
    if (!scenarioNames.includes(name))
      throw new UsageError(`there is no scenario "${name}"; there are ${scenarioNames.join(', ')}`);
  return {
    driver,
    choices: choicesOf(listed(values.otp)),
    scenarios: scenarios.length > 0 ? [...new Set(scenarios)] : scenarioNames,
    json: values.json ?? false,
    list: values.list ?? false,
    quick: values.quick ?? false,
  };
}

function choicesOf(texts: readonly string[]): readonly (readonly string[])[] {
  const choices = [...new Set(texts)].map((text) => text.split('+'));
  for (const release of choices.flat())
    if (!/^\d{2}$/.test(release)) throw new UsageError(`--otp ${release}: a release is a number such as 27`);
  const isPlain = choices.length > 1 && choices.every((choice) => choice.length === 1);
  return isPlain ? [...choices, choices.flat()] : choices;
}

function listed(values: readonly string[] = []): string[] {
  return values.flatMap((value) => value.split(',')).filter((value) => value !== '');
}
