/** `npm run e2e`: scenarios with real relays and real OTP nodes, as a table or as JSON. */
import { findOtp, type Otp, OtpMissingError, systemOtp } from '@macula/otp-releases';
import { parseArguments, UsageError, usage } from './arguments.js';
import { loadScenario, scenarioNames } from './load-scenarios.js';
import { runScenario, type ScenarioResult } from './run-scenario.js';
import type { Scenario } from './scenario.js';

async function main(): Promise<void> {
  const { driver, choices, scenarios, json, list, quick } = parseArguments(process.argv.slice(2));
  if (list) {
    const summaries = await Promise.all(
      scenarioNames.map(async (name) => (await loadScenario(name)).summary),
    );
    const width = Math.max(...scenarioNames.map((name) => name.length));
    for (const [index, name] of scenarioNames.entries())
      process.stdout.write(`${name.padEnd(width)}  ${summaries[index]}\n`);
    return;
  }
  const otps = choices.length > 0 ? choices.map((releases) => releases.map(findOtp)) : [[inPath()]];
  // JSON is all that standard output gets.
  const progress = json ? process.stderr : process.stdout;
  const results: ScenarioResult[] = [];
  const runAll = async (chosen: readonly [string, Scenario][]): Promise<void> => {
    for (const [name, scenario] of chosen)
      for (const choice of otps) {
        const result = await runScenario(driver, choice, name, scenario);
        results.push(result);
        progress.write(`${line(result)}\n`);
      }
  };
  const loaded = await Promise.all(
    scenarios.map(async (name): Promise<[string, Scenario]> => [name, await loadScenario(name)]),
  );
  const chosen = loaded.filter(([, scenario]) => !(quick && scenario.isLong));
  await Promise.all([
    ...chosen.filter(([, { waits }]) => waits).map((entry) => runAll([entry])),
    runAll(chosen.filter(([, { waits }]) => !waits)),
  ]);
  const count = (status: ScenarioResult['status']): number =>
    results.filter((result) => result.status === status).length;
  const [passed, failed, skipped] = [count('passed'), count('failed'), count('skipped')];
  if (json)
    process.stdout.write(
      `${JSON.stringify({ driver: driver.name, passed, failed, skipped, results }, null, 2)}\n`,
    );
  else process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

function inPath(): Otp {
  const otp = systemOtp();
  if (otp) return otp;
  throw new OtpMissingError(
    'there is no erl in PATH; install Erlang/OTP 25 or newer, or choose one with --otp',
  );
}

function line({ scenario, otp, status, seconds, reason, log, figures }: ScenarioResult): string {
  const mark = { passed: 'ok     ', failed: 'FAILED ', skipped: 'skipped' }[status];
  const shown = Object.entries(figures).map(([key, value]) => `${key} ${value}`);
  const head = `${mark} ${scenario.padEnd(20)} OTP ${otp.padEnd(9)} ${seconds.toFixed(1).padStart(6)} s  ${shown.join(', ')}`;
  return [
    head.trimEnd(),
    reason && `        ${reason.replaceAll('\n', '\n        ')}`,
    log && `        ${log}`,
  ]
    .filter(Boolean)
    .join('\n');
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError || error instanceof OtpMissingError)) throw error;
  process.stderr.write(`${error.message}\n${error instanceof UsageError ? `${usage}\n` : ''}`);
  process.exitCode = 2;
}
