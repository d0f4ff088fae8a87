import { cpSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { joinEnvironment } from '@macula/cli';
import { beforeAll, describe, expect, it } from 'vitest';
import { maculaEbin, type Relay } from './harness/index.js';
import { explainFailure, useScene } from './use-scene.js';

describe('macula run', () => {
  const scene = useScene();
  let relay: Relay;

  beforeAll(async () => {
    relay = await scene.relay();
  });

  it("README's first line works under it", async () => {
    explainFailure(scene);
    const [a, b] = await Promise.all([
      scene.node({ name: 'a@readme.test', carrier: 'run-readme' }),
      scene.node({ name: 'b@readme.test', carrier: 'run-readme' }),
    ]);
    expect(await a.eval('code:which(macula_dist) =/= non_existing')).toBe('true');
    expect(await Promise.all([a.join([relay.url]), b.join([relay.url])])).toEqual(['ok', 'ok']);
    await a.evalUntil(`net_adm:ping('b@readme.test')`, 'pong', 15_000);
    expect(await a.eval('net_kernel:get_net_ticktime()')).toBe('120');
  });

  it('a plain erl joins without a line of code', async () => {
    explainFailure(scene);
    const [a] = await Promise.all([
      scene.node({ name: 'a@plain.test', carrier: 'run', relays: [relay.url] }),
      scene.node({ name: 'b@plain.test', carrier: 'run', relays: [relay.url] }),
    ]);
    await a.evalUntil(`net_adm:ping('b@plain.test')`, 'pong', 15_000);
    expect(await a.eval('net_kernel:get_net_ticktime()')).toBe('120');
    expect(await a.eval(`lists:usort([P || {proto_dist, [P]} <- init:get_arguments()])`)).toBe('["macula"]');
  });

  it('a node may ping in its first moment, before it has joined: the join comes first', async () => {
    explainFailure(scene);
    const b = await scene.node({
      name: 'b@first.test',
      carrier: 'run',
      cookie: 'FIRST',
      relays: [relay.url],
    });
    await b.evalUntil('maps:get(joined, macula:status())', 'true', 15_000);
    const ping = `io:format("~p~n", [net_adm:ping('b@first.test')]), halt()`;
    const first = ['-noinput', '-name', 'a@first.test', '-setcookie', 'FIRST', '-eval', `${ping}.`];
    const run = scene.macula(['run', '--relay', relay.url, '--', 'erl', ...first]);
    expect((await run.ended).code).toBe(0);
    expect(run.output).toMatch(/^pong$/m);
  });

  it('passes realm, identity and tls mode on', async () => {
    const run = scene.macula([
      ...['run', '--relay', relay.url, '--realm', 'r.test', '--identity', 'me', '--tls-verify', 'none'],
      ...[
        '--',
        'sh',
        '-c',
        'echo "$MACULA_RELAYS|$MACULA_REALM|$MACULA_IDENTITY|$MACULA_TLS_VERIFY|$MACULA_NODE"',
      ],
    ]);
    await run.waitFor(new RegExp(`^${relay.url}\\|r\\.test\\|me\\|none\\|${process.execPath}$`, 'm'));
    expect((await run.ended).code).toBe(0);
  });

  it('ends as the command ends', async () => {
    const status = scene.macula(['run', '--', 'sh', '-c', 'exit 7']);
    expect(await status.ended).toEqual({ code: 7, signal: null });
    const signal = scene.macula(['run', '--', 'sh', '-c', 'kill -USR1 $$']);
    expect(await signal.ended).toEqual({ code: null, signal: 'SIGUSR1' });
    const forwarded = scene.macula([
      'run',
      '--',
      'sh',
      '-c',
      'trap "exit 9" TERM; echo waiting; while :; do sleep 0.05; done',
    ]);
    await forwarded.waitFor(/waiting/);
    forwarded.child.kill('SIGTERM');
    expect(await forwarded.ended).toEqual({ code: 9, signal: null });
    expect(constants.signals.SIGTERM).toBe(15);
  });

  it('explains what it was given wrong', async () => {
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
      expect([args, end.code]).toEqual([args, code]);
    }
  });

  it('erl-path is one line that erl -pa takes', async () => {
    const run = scene.macula(['erl-path']);
    expect((await run.ended).code).toBe(0);
    expect(run.output).toBe(`${maculaEbin}\n`);
  });

  it('a code path with spaces and quotes survives', async () => {
    explainFailure(scene);
    const ebin = join(scene.directory, `it's "a" tree`, 'ebin');
    cpSync(maculaEbin, ebin, { recursive: true });
    const { variables } = joinEnvironment(
      { relays: [] },
      { command: ['erl'], environment: {}, ebin, nodePath: process.execPath, readFile: () => undefined },
    );
    const run = scene.process({
      label: 'erl with a code path with spaces',
      command: 'erl',
      args: ['-noinput', '-eval', 'io:format("which ~ts~n", [code:which(macula_dist)]), halt().'],
      env: { ...scene.environment(), ...variables },
    });
    await run.waitFor(/^which .*it's "a" tree.ebin.macula_dist\.beam$/m);
  });
});
