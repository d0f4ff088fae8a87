import { expect, it } from 'vitest';
import { explainFailure, useScene } from './use-scene.js';

const scene = useScene();

it('a node of another realm is not found', async () => {
  explainFailure(scene);
  const relay1 = await scene.relay({ label: 'relay-1' });
  const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
  const [a, sameRelay, otherRelay] = await Promise.all([
    scene.node({ name: 'a@one.test' }),
    scene.node({ name: 'b@two.test' }),
    scene.node({ name: 'c@three.test' }),
  ]);
  const other = 'realm => <<"org.example.other">>';
  expect(
    await Promise.all([
      a.join([relay1.url]),
      sameRelay.join([relay1.url], other),
      otherRelay.join([relay2.url], other),
    ]),
  ).toEqual(['ok', 'ok', 'ok']);
  for (const node of [sameRelay, otherRelay]) {
    expect(await a.ping(node)).toBe('pang');
    expect(await a.eval(`maps:get(reason, macula:why('${node.name}'))`)).toBe('not_found');
    expect(await node.ping(a)).toBe('pang');
    expect(await node.eval(`maps:get(reason, macula:why('a@one.test'))`)).toBe('not_found');
  }
  // Between themselves, across the relays, they do find each other.
  await sameRelay.evalUntil(`net_adm:ping('c@three.test')`, 'pong', 15_000);
});
