import { expect, it } from 'vitest';
import type { OtpNode } from './harness/index.js';
import { explainFailure, useScene } from './use-scene.js';

const scene = useScene();

it('protocol 1 set on both ends for each other: pong, and 100 kB arrive whole in both directions', async () => {
  explainFailure(scene);
  const relays = [(await scene.relay()).url];
  const [a, b] = await Promise.all([
    scene.node({ name: 'a@both.test', relays, env: { MACULA_PROTOCOL1_PEERS: 'b@both.test' } }),
    scene.node({ name: 'b@both.test', relays, env: { MACULA_PROTOCOL1_PEERS: 'other@x.test, a@*' } }),
  ]);
  await a.evalUntil(`net_adm:ping('b@both.test')`, 'pong', 20_000);
  for (const node of [a, b]) await node.eval('macula_e2e:start_server(echo)');
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const)
    expect(
      await from.eval(
        `Large = << <<(N * N):32>> || N <- lists:seq(1, 25000) >>,
         {Node, Back} = gen_server:call({echo, '${to.name}'}, Large),
         {Node, byte_size(Back), Back =:= Large}`,
      ),
    ).toBe(`{'${to.name}',100000,true}`);
});

it('protocol 1 set on one end only: pang whoever begins, why names the protocol, nothing is delivered', async () => {
  explainFailure(scene);
  const relays = [(await scene.relay()).url];
  const [old, current] = await Promise.all([
    scene.node({ name: 'old@one.test', relays, env: { MACULA_PROTOCOL1_PEERS: 'current@*' } }),
    scene.node({ name: 'current@one.test', relays }),
  ]);
  const nodes = [old, current];
  await Promise.all(nodes.map((node) => node.evalUntil('maps:get(joined, macula:status())', 'true', 15_000)));
  await Promise.all(
    nodes.map((node) => node.eval('register(victim, spawn(fun() -> receive never -> ok end end))')),
  );

  await expectRefusal(old, current, /current@one\.test: protocol 1 is not configured here/);
  await expectRefusal(current, old, /old@one\.test: no offered version is configured here/);
  for (const node of nodes) {
    expect(await node.eval('process_info(whereis(victim), messages)')).toBe('{messages,[]}');
    expect(await node.eval('nodes(connected)')).toBe('[]');
  }
});

async function expectRefusal(from: OtpNode, to: OtpNode, text: RegExp): Promise<void> {
  expect(await from.ping(to)).toBe('pang');
  expect(await from.eval(`maps:get(reason, macula:why('${to.name}'))`)).toBe('version_unsupported');
  expect(await from.eval(`maps:get(text, macula:why('${to.name}'))`)).toMatch(text);
  expect(await from.eval(`catch gen_server:call({victim, '${to.name}'}, hello, 5000)`)).toMatch(
    /nodedown|noconnection/,
  );
}
