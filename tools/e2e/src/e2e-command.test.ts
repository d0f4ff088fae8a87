import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventually } from './harness/index.js';
import { E2eCommand } from './testing/e2e-command.js';
import { remainsOf, type Traces, tracesOf } from './testing/traces.js';

// Each takes seconds; what hangs shall not take minutes.
vi.setConfig({ testTimeout: 60_000 });

const started: E2eCommand[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((command) => command.remove()));
});

function start(...args: readonly string[]): E2eCommand {
  const command = new E2eCommand(args);
  started.push(command);
  return command;
}

/** Runs it to its end. */
async function run(...args: readonly string[]): Promise<E2eCommand & { code: number | null }> {
  const command = start(...args);
  const { code } = await command.ended;
  return Object.assign(command, { code });
}

/** What was killed takes a moment until it is gone. */
async function nothingIsLeft(command: E2eCommand, traces?: Traces): Promise<void> {
  await eventually(
    () => {
      const remains = [...(traces ? remainsOf(traces) : []), ...command.remains];
      if (remains.length > 0) throw new Error(remains.join('\n'));
      return true;
    },
    { what: 'nothing to be left' },
  );
}

describe('what is asked wrong gets status 2, what this machine lacks 3, and the remedy', () => {
  it.each([
    [['--driver', 'moon'], /there is no driver "moon", only local,netns/],
    [['--scenario', 'passes,never'], /there is no scenario "never"; there are fails, hangs, passes, stays/],
    [['--otp', 'new'], /--otp new: a release is a number such as 27/],
    [['--otp', '99', '--scenario', 'passes'], /OTP 99.*MACULA_OTP_99/s],
    [['--prefix', 'Two Words'], /--prefix Two Words: a prefix is up to 31 lower-case letters/],
    [['--seed', 'x'], /--seed x: a seed is a number/],
    [['--broken', 'cable'], /--broken cable: a relay can be broken by drop, swap, forget/],
    [['--fast'], /Unknown option '--fast'/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: args.includes('99') ? 3 : 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at /m);
    if (!args.includes('99')) expect(stderr).toMatch(/^Usage: npm run e2e/m);
  });
});

it('--json prints JSON only', async () => {
  const args = ['--scenario', 'passes', '--seed', '7', '--prefix', 'e2e-json', '--json'];
  const command = await run(...args);
  const { code, stdout, stderr } = command;
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ driver: 'local', seed: 7, passed: 1, failed: 0, skipped: 0 },
    results: [{ scenario: 'passes', status: 'passed', figures: { nodes: '1' } }],
  });
  expect(stderr).toMatch(/^ok +passes/m);
  await nothingIsLeft(command);
});

it('a failure has status 1, a log of all parties and the command that runs it again', async () => {
  const first = await run('--scenario', 'fails', '--seed', '7', '--prefix', 'e2e-fails');
  expect(first.code, first.stderr).toBe(1);
  expect(first.stdout).toMatch(/^FAILED +fails/m);
  expect(first.stdout).toMatch(/a@one\.test: 1 \+ 1\n +gave +2\n +wanted 3$/m);
  expect(first.stdout).toMatch(/^0 passed, 1 failed, 0 skipped$/m);
  const [, log] = /^ +(\/.*\.log)$/m.exec(first.stdout) ?? [];
  expect(log).toMatch(/e2e-fails\.log$/);
  const parties = readFileSync(log!, 'utf8').match(/^--- \S+ \(pid \d+\)$/gm);
  expect(parties).toEqual([expect.stringMatching('--- relay '), expect.stringMatching('--- a@one.test ')]);
  await nothingIsLeft(first);

  const [, again] = /^again: npm run e2e -- (.*)$/m.exec(first.stdout) ?? [];
  expect(again).toMatch(/^--driver local --seed 7 --otp \d+ --scenario fails$/);
  const second = await run(...again!.split(' '), '--prefix', 'e2e-fails', '--json');
  expect(second.code).toBe(1);
  expect(JSON.parse(second.stdout)).toMatchObject({ seed: 7, failed: 1, results: [{ log }] });
});

it('a scenario over its time is ended with all it started', async () => {
  const command = await run('--scenario', 'hangs', '--prefix', 'e2e-hangs');
  expect(command.stdout).toMatch(/^FAILED +hangs .*\n +not done within 3 s$/m);
  expect(command.code).toBe(1);
  await nothingIsLeft(command);
});

const isRoot = process.getuid?.() === 0;
describe.skipIf(process.platform !== 'linux').each([
  ['local', true],
  ['netns', isRoot],
] as const)('two runs at once, driver %s', (driver, canRun) => {
  it.skipIf(!canRun)('Ctrl-C leaves nothing of the one and does not disturb the other', async () => {
    const interrupted = start('--driver', driver, '--scenario', 'stays', '--prefix', 'e2e-one');
    const other = start('--driver', driver, '--scenario', 'passes', '--prefix', 'e2e-two');
    await interrupted.says('everything is up');
    const traces = tracesOf(interrupted.pid);
    expect(traces.pids.length).toBeGreaterThan(8);
    expect(traces.namespaces.size > 0).toBe(driver === 'netns');
    interrupted.interrupt();
    expect(await interrupted.ended).toEqual({ code: 130, signal: null });
    await nothingIsLeft(interrupted, traces);
    expect(await other.ended, other.stdout).toEqual({ code: 0, signal: null });
    await nothingIsLeft(other);
  });

  it.skipIf(!canRun)('the same prefixes once more: one passes beside one that fails', async () => {
    const [failed, passed] = await Promise.all([
      run('--driver', driver, '--scenario', 'fails', '--prefix', 'e2e-one'),
      run('--driver', driver, '--scenario', 'passes', '--prefix', 'e2e-two'),
    ]);
    expect(failed.stdout).toMatch(/gave +2\n +wanted 3$/m);
    expect([failed.code, passed.code], passed.stdout).toEqual([1, 0]);
    await Promise.all([failed, passed].map((command) => nothingIsLeft(command)));
  });
});
