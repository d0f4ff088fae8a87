/** `npm run e2e`: scenarios with real relays and real OTP nodes, as a table or as JSON. */
import type { Otp } from '@macula/otp-releases';
import { type E2eArguments, parseArguments, usage } from './arguments.js';
import { faults } from './broken-relay/faults.js';
import { chooseScenarios } from './choose-scenarios.js';
import { loadScenario, scenarioNames } from './load-scenarios.js';
import { Progress } from './progress.js';
import { resultsTable } from './results-table.js';
import { runCommand } from './run-command.js';
import { runScenario, type ScenarioResult } from './run-scenario.js';
import type { Scenario } from './scenario.js';
import { type Job, runJobs } from './schedule.js';

async function main(): Promise<void> {
  const asked = parseArguments(process.argv.slice(2));
  if (asked.list) return list();
  // JSON is all that standard output gets.
  const stream = asked.json ? process.stderr : process.stdout;
  const progress = new Progress((text) => void stream.write(text));
  const say = (text: string): void => progress.say(text);
  const loaded = await Promise.all(
    asked.scenarios.map(async (name): Promise<[string, Scenario]> => [name, await loadScenario(name)]),
  );
  const { name } = asked.driver;
  const { prefix, seed, full: isFull, broken: fault } = asked;
  if (fault) say(`Every relay of this run is BROKEN ON PURPOSE: it ${faults[fault]}.\n`);
  const started = await asked.driver.start({
    ...{ prefix, seed, log: say },
    ...(fault && { broken: { fault, seed } }),
  });
  const results: ScenarioResult[] = [];
  try {
    const choices: Otp[][] = [];
    for (const releases of asked.choices)
      choices.push(await Promise.all(releases.map((release) => started.otp(release))));
    if (choices.length === 0) choices.push([await started.otp()]);
    const chosen = chooseScenarios(loaded, { ...asked, driver: name });
    const jobs = chosen.flatMap(([scenario, definition]) =>
      choices.map((otps): Job => {
        const run = async (): Promise<void> => {
          const end = progress.begin(`${scenario} on ${otps.map(({ release }) => release).join('+')}`);
          const result = await runScenario(
            { ...started, name, prefix, seed, isFull, fault },
            otps,
            scenario,
            definition,
          );
          end();
          results.push(result);
          say(line(result));
        };
        return { scenario: definition, run };
      }),
    );
    await runJobs(jobs, asked.jobs);
  } finally {
    await started.stop();
  }
  const count = (status: ScenarioResult['status']): number =>
    results.filter((result) => result.status === status).length;
  const [passed, failed, skipped] = [count('passed'), count('failed'), count('skipped')];
  if (asked.json)
    process.stdout.write(
      `${JSON.stringify({ driver: name, seed, broken: fault, passed, failed, skipped, results }, null, 2)}\n`,
    );
  else {
    process.stdout.write(`\n${resultsTable(results)}\n`);
    if (failed > 0) process.stdout.write(`\n${again(asked, results)}\n`);
    process.stdout.write(
      `\n${passed} passed, ${failed} failed, ${skipped} skipped${fault ? ` (relays broken on purpose: ${fault})` : ''}\n`,
    );
  }
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

async function list(): Promise<void> {
  const width = Math.max(...scenarioNames.map((name) => name.length));
  for (const name of scenarioNames) {
    const { summary, drivers, isNightly } = await loadScenario(name);
    const notes = [...(drivers ?? []), ...(isNightly ? ['by name or --full'] : [])];
    process.stdout.write(`${name.padEnd(width)}  ${summary}${notes.length > 0 ? ` (${notes})` : ''}\n`);
  }
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

/** The command that runs what failed once more. */
function again({ driver, seed, full, broken }: E2eArguments, results: readonly ScenarioResult[]): string {
  const failed = results.filter(({ status }) => status === 'failed');
  const unique = (values: readonly string[]): string => [...new Set(values)].join(',');
  const options = `${full ? ' --full' : ''}${broken ? ` --broken ${broken}` : ''}`;
  return `again: npm run e2e -- --driver ${driver.name} --seed ${seed}${options} --otp ${unique(failed.map(({ otp }) => otp))} --scenario ${unique(failed.map(({ scenario }) => scenario))}`;
}

await runCommand(main, usage);
