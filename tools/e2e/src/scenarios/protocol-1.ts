import assert from 'node:assert/strict';
import type { OtpNode, Scene } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'protocol 1 set on both ends for each other works, 100 kB whole in both directions; set on one end only: pang, why names the protocol, nothing is delivered',
  async run({ scene }) {
    const relays = [(await scene.relay()).url];
    await Promise.all([bothEnds(scene, relays), oneEnd(scene, relays)]);
  },
};

async function bothEnds(scene: Scene, relays: readonly string[]): Promise<void> {
  const [a, b] = await Promise.all([
    scene.node({ name: 'a@both.test', relays, env: { MACULA_PROTOCOL1_PEERS: 'b@both.test' } }),
    scene.node({ name: 'b@both.test', relays, env: { MACULA_PROTOCOL1_PEERS: 'other@x.test, a@*' } }),
  ]);
  await a.evalUntil("net_adm:ping('b@both.test')", 'pong', 20_000);
  for (const node of [a, b]) await node.eval('macula_e2e:start_server(echo)');
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const)
    await from.gives(
      `Large = << <<(N * N):32>> || N <- lists:seq(1, 25000) >>,
       {Node, Back} = gen_server:call({echo, '${to.name}'}, Large),
       {Node, byte_size(Back), Back =:= Large}`,
      `{'${to.name}',100000,true}`,
    );
}

async function oneEnd(scene: Scene, relays: readonly string[]): Promise<void> {
  const [old, current] = await Promise.all([
    scene.node({ name: 'old@one.test', relays, env: { MACULA_PROTOCOL1_PEERS: 'current@*' } }),
    scene.node({ name: 'current@one.test', relays }),
  ]);
  const nodes = [old, current];
  await Promise.all(nodes.map((node) => node.evalUntil('maps:get(joined, macula:status())', 'true', 15_000)));
  for (const node of nodes) await node.eval('register(victim, spawn(fun() -> receive never -> ok end end))');

  await isRefused(old, current, /current@one\.test: protocol 1 is not configured here/);
  await isRefused(current, old, /old@one\.test: no offered version is configured here/);
  for (const node of nodes) {
    await node.gives('process_info(whereis(victim), messages)', '{messages,[]}');
    await node.gives('nodes(connected)', '[]');
  }
}

async function isRefused(from: OtpNode, to: OtpNode, text: RegExp): Promise<void> {
  assert.equal(await from.ping(to), 'pang');
  await from.gives(`maps:get(reason, macula:why('${to.name}'))`, 'version_unsupported');
  await from.gives(`maps:get(text, macula:why('${to.name}'))`, text);
  await from.gives(`catch gen_server:call({victim, '${to.name}'}, hello, 5000)`, /nodedown|noconnection/);
}
