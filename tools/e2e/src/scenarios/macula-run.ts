import assert from 'node:assert/strict';
import { maculaScript, type Scene } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    "macula run: README's first line works under it, a plain erl joins without a line of code, and one that pings in its first moment has joined before",
  drivers: ['local', 'netns'],
  async run({ scene }) {
    const { url } = await scene.relay();
    await Promise.all([readme(scene, url), plain(scene, url)]);
    await firstMoment(scene, url);
  },
};

async function readme(scene: Scene, url: string): Promise<void> {
  const [a, b] = await Promise.all([
    scene.node({ name: 'a@readme.test', carrier: 'run-readme' }),
    scene.node({ name: 'b@readme.test', carrier: 'run-readme' }),
  ]);
  await a.gives('code:which(macula_dist) =/= non_existing', 'true');
  assert.deepEqual(await Promise.all([a.join([url]), b.join([url])]), ['ok', 'ok']);
  await a.evalUntil("net_adm:ping('b@readme.test')", 'pong', 15_000);
  await a.gives('net_kernel:get_net_ticktime()', '120');
}

async function plain(scene: Scene, url: string): Promise<void> {
  const [a] = await Promise.all([
    scene.node({ name: 'a@plain.test', carrier: 'run', relays: [url] }),
    scene.node({ name: 'b@plain.test', carrier: 'run', relays: [url] }),
  ]);
  await a.evalUntil("net_adm:ping('b@plain.test')", 'pong', 15_000);
  await a.gives('net_kernel:get_net_ticktime()', '120');
  await a.gives('lists:usort([P || {proto_dist, [P]} <- init:get_arguments()])', '["macula"]');
}

async function firstMoment(scene: Scene, url: string): Promise<void> {
  const b = await scene.node({ name: 'b@first.test', carrier: 'run', cookie: 'FIRST', relays: [url] });
  await b.evalUntil('maps:get(joined, macula:status())', 'true', 15_000);
  const ping = `io:format("~p~n", [net_adm:ping('b@first.test')]), halt().`;
  const erl = ['erl', '-noinput', '-name', 'a@first.test', '-setcookie', 'FIRST', '-eval', ping];
  const run = scene.process({
    ...{ label: 'a@first.test', command: process.execPath },
    args: [maculaScript, 'run', '--relay', url, '--', ...erl],
    ...{ env: scene.environment(), otp: scene.nextOtp(), host: await scene.host('a@first.test') },
  });
  assert.equal((await run.ended).code, 0, run.output);
  assert.match(run.output, /^pong$/m);
}
