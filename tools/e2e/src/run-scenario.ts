import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Otp } from '@macula/otp-releases';
import type { Fault } from './broken-relay/faults.js';
import type { DriverName, StartedDriver } from './drivers/driver.js';
import { root } from './harness/index.js';
import type { Scenario } from './scenario.js';

/** How one scenario went on one choice of releases. */
export interface ScenarioResult {
  readonly scenario: string;
  /** `27`, or `25+27` where nodes took them in turn. */
  readonly otp: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly seconds: number;
  /** Why it failed or was skipped. */
  readonly reason?: string;
  /** File with the output of all parties of one that failed. */
  readonly log?: string;
  readonly figures: Readonly<Record<string, string>>;
}

const secondsDefault = 120;

/** What scenarios run in. */
export interface Run extends StartedDriver {
  readonly name: DriverName;
  /** Its logs are named after it, so that two runs don't write the same. */
  readonly prefix: string;
  /** Of what scenarios choose at random. */
  readonly seed: number;
  /** Scenarios show their promises in full size. */
  readonly isFull?: boolean;
  /** Its relays are broken on purpose. */
  readonly fault?: Fault | undefined;
}

/** Runs one scenario to its end and takes everything down that it started. */
export async function runScenario(
  driver: Run,
  otps: readonly Otp[],
  name: string,
  scenario: Scenario,
): Promise<ScenarioResult> {
  const otp = otps.map(({ release }) => release).join('+');
  const figures: Record<string, string> = {};
  const startedMs = performance.now();
  const result = (status: ScenarioResult['status'], more: Partial<ScenarioResult> = {}): ScenarioResult => ({
    ...{ scenario: name, otp, status, seconds: Math.round((performance.now() - startedMs) / 100) / 10 },
    ...{ ...more, figures },
  });
  if (scenario.drivers && !scenario.drivers.includes(driver.name))
    return result('skipped', { reason: `not for the driver ${driver.name}, only ${scenario.drivers}` });
  if (scenario.needsProc && !existsSync('/proc/self'))
    return result('skipped', { reason: 'there is no /proc here' });
  for (const program of scenario.programs ?? [])
    for (const candidate of otps)
      if (!candidate.has(program))
        return result('skipped', {
          reason: `OTP ${candidate.release} (${candidate.source}) has no ${program}`,
        });
  const numbers = otps.map(({ release }) => Number(release));
  const apart = Math.max(...numbers) - Math.min(...numbers);
  if (apart > (scenario.releasesApartMax ?? apart))
    return result('skipped', {
      reason: `OTP itself doesn't do this between releases that are ${apart} apart`,
    });

  const { isFull = false } = driver;
  const scene = driver.open(otps);
  const failed = (error: unknown): ScenarioResult => {
    const parts = [name, driver.name, otp, ...(driver.fault ? ['broken', driver.fault] : []), driver.prefix];
    const { message, stack } = error as Error;
    return result('failed', {
      reason: message,
      log: keepLog(parts.join('-'), `${stack}\n\n${scene.transcript()}`),
    });
  };
  let outcome: ScenarioResult;
  try {
    const stage = {
      scene,
      seed: driver.seed,
      isFull,
      figure: (key: string, value: string) => {
        figures[key] = value;
      },
    };
    const seconds = scenario.seconds ?? secondsDefault;
    await withLimit(scenario.run(stage), isFull ? (scenario.secondsFull ?? seconds) : seconds);
    outcome = result('passed');
  } catch (error) {
    outcome = failed(error);
  }
  try {
    await scene.stop();
  } catch (error) {
    // What can't be taken down is a failure, too; what went wrong before says more.
    if (outcome.status === 'passed') outcome = failed(error);
  }
  return outcome;
}

async function withLimit(running: Promise<void>, seconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${seconds} s`)), seconds * 1000);
  });
  // What it does after the limit ends with its processes.
  running.catch(() => {});
  await Promise.race([running, limit]).finally(() => clearTimeout(timer));
}

/** Keeps the output of all parties of what failed; answers the file. */
export function keepLog(name: string, text: string): string {
  const directory = join(root, 'node_modules', '.cache', 'macula', 'e2e');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${name}.log`);
  writeFileSync(path, text);
  return path;
}
