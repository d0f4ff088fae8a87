import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { joinEnvironment } from '@macula/cli';
import { maculaEbin, type Scene } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'the macula command: run passes options on and ends as its command ends, wrong arguments are explained, erl-path is one line, a code path with spaces and quotes survives',
  drivers: ['local'],
  async run({ scene }) {
    await passesOn(scene);
    await endsAsTheCommand(scene);
    await explains(scene);
    await printsThePath(scene);
    await takesAnyCodePath(scene);
  },
};

async function passesOn(scene: Scene): Promise<void> {
  const url = 'https://127.0.0.1:1';
  const names = ['MACULA_RELAYS', 'MACULA_REALM', 'MACULA_IDENTITY', 'MACULA_TLS_VERIFY', 'MACULA_NODE'];
  const run = scene.macula([
    ...['run', '--relay', url, '--realm', 'r.test', '--identity', 'me', '--tls-verify', 'none'],
    ...['--', 'sh', '-c', `echo "${names.map((name) => `$${name}`).join('|')}"`],
  ]);
  await run.waitFor(new RegExp(`^${url}\\|r\\.test\\|me\\|none\\|${process.execPath}$`, 'm'));
  assert.equal((await run.ended).code, 0);
}

async function endsAsTheCommand(scene: Scene): Promise<void> {
  const shell = (script: string) => scene.macula(['run', '--', 'sh', '-c', script]);
  assert.deepEqual(await shell('exit 7').ended, { code: 7, signal: null });
  assert.deepEqual(await shell('kill -USR1 $$').ended, { code: null, signal: 'SIGUSR1' });
  const forwarded = shell('trap "exit 9" TERM; echo waiting; while :; do sleep 0.05; done');
  await forwarded.waitFor(/waiting/);
  forwarded.signal('SIGTERM');
  assert.deepEqual(await forwarded.ended, { code: 9, signal: null });
  assert.equal(constants.signals.SIGTERM, 15);
}

async function explains(scene: Scene): Promise<void> {
  for (const [args, pattern, code] of [
    [['run'], /missing required argument/, 2],
    [['run', '--relay', 'ftp://x', '--', 'true'], /--relay a URL/, 2],
    [['run', '--', 'no-such-command-here'], /was not found.*PATH/, 1],
    [['relay', '--listen', 'nowhere'], /HOST:PORT/, 2],
    [['relay'], /--listen/, 2],
    [['nonsense'], /unknown command/, 2],
  ] as const) {
    const run = scene.macula(args);
    const end = await run.ended;
    await run.waitFor(pattern);
    assert.equal(end.code, code, args.join(' '));
  }
}

async function printsThePath(scene: Scene): Promise<void> {
  const run = scene.macula(['erl-path']);
  assert.equal((await run.ended).code, 0);
  assert.equal(run.output, `${maculaEbin}\n`);
}

async function takesAnyCodePath(scene: Scene): Promise<void> {
  const ebin = join(scene.directory, `it's "a" tree`, 'ebin');
  cpSync(maculaEbin, ebin, { recursive: true });
  const { variables } = joinEnvironment(
    { relays: [] },
    { command: ['erl'], environment: {}, ebin, nodePath: process.execPath, readFile: () => undefined },
  );
  const run = scene.process({
    ...{ label: 'erl with a code path with spaces', command: 'erl', otp: scene.nextOtp() },
    args: ['-noinput', '-eval', 'io:format("which ~ts~n", [code:which(macula_dist)]), halt().'],
    env: { ...scene.environment(), ...variables },
  });
  await run.waitFor(/^which .*it's "a" tree.ebin.macula_dist\.beam$/m);
}
