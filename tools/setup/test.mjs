// npm test [-- --only STAGE,…]: the set-up if needed, then every check. The last line is `N passed, N failed`.

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fetchable, makeOtp, OtpMissingError, systemOtp } from '../otp/index.mjs';
import { root, run, SetupError, step } from './process.mjs';
import { runScript, setup } from './setup.mjs';
import { slowestLines, timesOf } from './slowest.mjs';

const bin = (name) => join(root, 'node_modules', '.bin', name);
const minutes = 60_000;
const leftOut = new Set();
const scenariosProgram = join('tools', 'e2e', 'dist', 'main.js');

/** Each gives {passed, failed, skipped?}; a stage that throws counts as one failure. */
const stages = {
  lint: () => single(bin('biome'), ['check', '.'], 5 * minutes),
  types: () => single(bin('tsc'), ['--noEmit', '-p', 'tsconfig.json'], 10 * minutes),
  unit: () => vitest('unit', 15 * minutes),
  erlang: () => erlang(),
  e2e: () => vitest('e2e', 20 * minutes),
  scenarios: () => scenarios(),
  netns: () => driver('netns', netnsArguments),
  docker: () => driver('docker', dockerArguments()),
};

/** A representative part: what only real networks show, and some of what every driver does. */
const netnsArguments = [
  '--scenario',
  'ping,rpc,pg,five-nodes,unreachable,nat-kinds,nat-rebinding,udp-blocked,blackout,mobile-line,bad-lines',
];
/** Across two relays on two releases that can load what the one in PATH compiles, and on both in one mesh. */
const dockerArguments = () => {
  const releases = fetchable.filter(isLoadable).slice(0, 2);
  return ['--otp', releases.join(','), '--scenario', 'ping,rpc,pg'];
};

await runScript(async () => {
  const chosen = chooseStages(process.argv.slice(2));
  const rows = [];
  const setupRow = await timed('setup', async () => {
    await setup();
    return { passed: 0, failed: 0 };
  });
  if (setupRow.failed > 0) rows.push(setupRow);
  else
    for (const name of chosen) {
      step(`${name}: running`);
      const row = await timed(name, stages[name]);
      rows.push(row);
      step(`${name}: ${row.passed} passed, ${row.failed} failed`);
    }
  printTable(rows);
  for (const line of slowestLines(rows)) process.stdout.write(`${line}\n`);
  for (const text of leftOut) process.stdout.write(`left out: ${text}\n`);
  for (const { name, failures } of rows)
    for (const failure of failures ?? []) process.stdout.write(`${name}: ${failure}\n`);
  const sum = (key) => rows.reduce((total, row) => total + (row[key] ?? 0), 0);
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`);
  process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
});

/** Says what this machine can't run, at once and at the end. */
function leaveOut(text) {
  if (!leftOut.has(text)) step(`left out: ${text}`);
  leftOut.add(text);
}

function chooseStages(args) {
  if (args.length === 0) return Object.keys(stages);
  const value = args[0].startsWith('--only=') ? args[0].slice('--only='.length) : args[1];
  const names = args[0].startsWith('--only') ? (value ?? '').split(',') : [];
  const unknown = names.filter((name) => !(name in stages));
  if (names.length === 0 || unknown.length > 0)
    throw new SetupError(`Usage: npm test -- [--only ${Object.keys(stages).join(',')}]`);
  return names;
}

async function timed(name, work) {
  const startedMs = performance.now();
  let result;
  try {
    result = await work();
  } catch (error) {
    process.stdout.write(`${error instanceof SetupError ? error.message : error.stack}\n`);
    result = { passed: 0, failed: 1 };
  }
  return { name, ...result, seconds: (performance.now() - startedMs) / 1000 };
}

/** A check that is right or wrong as a whole. */
async function single(command, args, timeoutMs) {
  const { status } = await run(command, args, { show: true, timeoutMs });
  return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function vitest(project, timeoutMs) {
  const directory = join(root, 'node_modules', '.cache', 'macula');
  const report = join(directory, `${project}.json`);
  mkdirSync(directory, { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = await run(bin('vitest'), ['run', '--project', project, ...reporters], {
    show: true,
    timeoutMs,
    label: `vitest ${project}`,
  });
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  // A file that can't be loaded has no tests that could fail.
  const broken = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = numFailedTests + broken;
  return {
    failures: testResults.flatMap(({ name, message, assertionResults }) => [
      ...(assertionResults.length === 0 && message ? [`${relative(root, name)}: ${firstLine(message)}`] : []),
      ...assertionResults
        .filter((test) => test.status === 'failed')
        .map(
          (test) => `${relative(root, name)}: ${test.fullName}: ${firstLine(test.failureMessages[0] ?? '')}`,
        ),
    ]),
    times: testResults.map(({ name, startTime, endTime }) => ({
      what: relative(root, name),
      seconds: (endTime - startTime) / 1000,
    })),
    passed: numPassedTests,
    // An error outside any test, or a crash: the status says so, the counts don't.
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: numPendingTests + numTodoTests,
  };
}

/** All on the release in PATH; the short ones also on it and the others in one mesh. */
async function scenarios() {
  const others = otherOtps();
  const rows = [await runScenarios([])];
  if (others.length > 0) {
    const mixed = [systemOtp().release, ...others].join('+');
    rows.push(await runScenarios(['--quick', '--otp', mixed]));
  }
  return added(rows);
}

/** Scenarios on a driver that not every machine can run; says why where this one can't. */
async function driver(name, args) {
  const { status, output } = await run(
    process.execPath,
    [scenariosProgram, '--driver', name, '--jobs', '2', ...args],
    {
      show: true,
      timeoutMs: 20 * minutes,
      label: `scenarios on ${name}`,
    },
  );
  // This machine can't.
  if (status !== 3) return countsOf(output, status);
  leaveOut(`${name}: ${output.trim().split('\n').at(-1)}`);
  return { passed: 0, failed: 0, skipped: 0 };
}

async function runScenarios(args) {
  const { status, output } = await run(process.execPath, [scenariosProgram, '--jobs', '2', ...args], {
    show: true,
    timeoutMs: 20 * minutes,
    label: 'scenarios',
  });
  return countsOf(output, status);
}

/** Whether a release loads what the one in PATH compiles: an older one doesn't. */
function isLoadable(release) {
  return Number(release) >= Number(systemOtp()?.release);
}

/** Releases newer than the one in PATH that are here or can be fetched; says which are left out and why. */
function otherOtps() {
  return ['27', '29'].filter((release) => {
    if (!isLoadable(release) || release === systemOtp()?.release) return false;
    try {
      makeOtp(release, { log: step });
      return true;
    } catch (error) {
      if (!(error instanceof OtpMissingError)) throw error;
      leaveOut(`OTP ${release}: ${error.message}`);
      return false;
    }
  });
}

/** All of it on the release in PATH; on the others without the BEAMs that talk, which the scenarios show, and dialyzer on the newest. */
async function erlang() {
  const others = otherOtps();
  const onOthers = async () => {
    const rows = [];
    for (const release of others) {
      const dialyzer = release === others.at(-1) ? ['--dialyzer'] : [];
      rows.push(await runErlang(['--no-carrier', ...dialyzer, '--otp', release]));
    }
    return rows;
  };
  // They mostly wait.
  const [row, rows] = await Promise.all([runErlang(['--dialyzer']), onOthers()]);
  return added([row, ...rows]);
}

function added(rows) {
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
  const all = (key) => rows.flatMap((row) => row[key] ?? []);
  return {
    ...{ passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') },
    ...{ failures: all('failures'), times: all('times') },
  };
}

async function runErlang(args) {
  const script = join('packages', 'macula-otp', 'test', 'run.mjs');
  const { status, output } = await run(process.execPath, [script, ...args], {
    show: true,
    timeoutMs: 10 * minutes,
    label: 'Erlang tests',
  });
  return countsOf(output, status);
}

/** The counts in the last line; a status other than 0 is a failure even where the line has none. */
function countsOf(output, status) {
  const failures = output.split('\n').filter((line) => /^FAIL(ED)? /.test(line));
  const [, passed, failed, skipped] = /(\d+) passed, (\d+) failed, (\d+) skipped\s*$/.exec(output) ?? [];
  if (passed === undefined)
    return { passed: 0, failed: 1, skipped: 0, failures: [...failures, 'it did not end'] };
  const count = Number(failed);
  return {
    failures,
    times: timesOf(output),
    passed: Number(passed),
    failed: count === 0 && status !== 0 ? 1 : count,
    skipped: Number(skipped),
  };
}

function printTable(rows) {
  const header = ['stage', 'passed', 'failed', 'skipped', 'time'];
  const lines = rows.map((row) => [
    row.name,
    String(row.passed),
    String(row.failed),
    String(row.skipped ?? 0),
    `${row.seconds.toFixed(1)} s`,
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column].length)),
  );
  process.stdout.write('\n');
  for (const line of [header, ...lines])
    process.stdout.write(
      `${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  ')}\n`,
    );
  process.stdout.write('\n');
}

function firstLine(text) {
  return text.split('\n')[0];
}
