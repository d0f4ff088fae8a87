import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type Fault, faultNames, faults } from './broken-relay/faults.js';
import type { Driver } from './drivers/driver.js';
import { drivers } from './drivers/index.js';
import { scenarioNames } from './load-scenarios.js';

/** What the command line asks for. */
export interface E2eArguments {
  readonly driver: Driver;
  /** What each scenario runs on: releases such as `27`, which the nodes of one run take in turn. Empty: the one in PATH. */
  readonly choices: readonly (readonly string[])[];
  readonly scenarios: readonly string[];
  /** They were given by name, in place of all. */
  readonly areNamed: boolean;
  readonly json: boolean;
  readonly list: boolean;
  /** Without those that are marked long. */
  readonly quick: boolean;
  /** With those that otherwise run only by name, and all in the full size of what they promise. */
  readonly full: boolean;
  /** What the driver makes is named after this. */
  readonly prefix: string;
  /** Of what is random: lost packets, jitter. */
  readonly seed: number;
  /** The relays are broken on purpose. */
  readonly broken: Fault | undefined;
  /** So many scenarios at once. */
  readonly jobs: number;
}

/** Something on the command line is wrong; the message is for the user. */
export class UsageError extends Error {}

export const usage: string = `Usage: npm run e2e -- [--driver ${drivers.map(({ name }) => name).join('|')}] [--otp 25[,27,29]] [--scenario NAME[,NAME…]] [--quick] [--full] [--prefix NAME] [--seed N] [--jobs N] [--broken ${faultNames.join('|')}] [--json] [--list]

With several releases each scenario runs on each of them, and once more with the nodes on them in turn; --otp 25+27 means the latter only.
--quick leaves out those that take minutes; --full adds those that otherwise run only by name, and makes some as large as what they promise. --prefix names what a driver makes on this machine (containers, networks); default one that no other run has.
--jobs runs so many scenarios at once, default 1; those that mostly wait run beside them anyway.
Drivers:
${drivers.map(({ name, summary }) => `  ${name.padEnd(8)} ${summary}`).join('\n')}
--broken runs with relays that are broken on purpose, to see whether scenarios notice:
${faultNames.map((name) => `  ${name.padEnd(8)} ${faults[name]}`).join('\n')}`;

/** @throws UsageError */
export function parseArguments(args: readonly string[]): E2eArguments {
  let values: {
    driver?: string;
    otp?: string[];
    scenario?: string[];
    json?: boolean;
    list?: boolean;
    quick?: boolean;
    full?: boolean;
    prefix?: string;
    seed?: string;
    broken?: string;
    jobs?: string;
  };
  try {
    ({ values } = parseArgs({
      args: withoutSeparator(args),
      options: {
        driver: { type: 'string' },
        otp: { type: 'string', multiple: true },
        scenario: { type: 'string', multiple: true },
        json: { type: 'boolean' },
        list: { type: 'boolean' },
        quick: { type: 'boolean' },
        full: { type: 'boolean' },
        prefix: { type: 'string' },
        seed: { type: 'string' },
        broken: { type: 'string' },
        jobs: { type: 'string' },
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
    areNamed: scenarios.length > 0,
    json: values.json ?? false,
    list: values.list ?? false,
    quick: values.quick ?? false,
    full: values.full ?? false,
    prefix: prefixOf(values.prefix),
    seed: seedOf(values.seed),
    broken: faultOf(values.broken),
    jobs: jobsOf(values.jobs),
  };
}

/** Some package managers hand the `--` on that stands in front of a script's arguments. */
export function withoutSeparator(args: readonly string[]): string[] {
  return args[0] === '--' ? args.slice(1) : [...args];
}

function choicesOf(texts: readonly string[]): readonly (readonly string[])[] {
  const choices = [...new Set(texts)].map((text) => text.split('+'));
  for (const release of choices.flat())
    if (!/^\d{2}$/.test(release)) throw new UsageError(`--otp ${release}: a release is a number such as 27`);
  const isPlain = choices.length > 1 && choices.every((choice) => choice.length === 1);
  return isPlain ? [...choices, choices.flat()] : choices;
}

function prefixOf(text = `macula-${process.pid}`): string {
  if (/^[a-z][a-z0-9-]{0,30}$/.test(text)) return text;
  throw new UsageError(`--prefix ${text}: a prefix is up to 31 lower-case letters, digits and hyphens`);
}

function seedOf(text?: string): number {
  if (text === undefined) return randomInt(1, 1_000_000);
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`--seed ${text}: a seed is a number of up to nine digits`);
}

function faultOf(text?: string): Fault | undefined {
  const fault = faultNames.find((name) => name === text);
  if (fault !== undefined || text === undefined) return fault;
  throw new UsageError(`--broken ${text}: a relay can be broken by ${faultNames.join(', ')}`);
}

function jobsOf(text = '1'): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new UsageError(`--jobs ${text}: 1 to 99 scenarios can run at once`);
}

function listed(values: readonly string[] = []): string[] {
  return values.flatMap((value) => value.split(',')).filter((value) => value !== '');
}
