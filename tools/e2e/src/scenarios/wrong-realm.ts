import assert from 'node:assert/strict';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'a node of another realm is not found, at the same relay or another; those of one realm find each other',
  async run({ scene }) {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const [a, sameRelay, otherRelay] = await Promise.all([
      scene.node({ name: 'a@one.test' }),
      scene.node({ name: 'b@two.test' }),
      scene.node({ name: 'c@three.test' }),
    ]);
    const other = 'realm => <<"org.example.other">>';
    assert.deepEqual(
      await Promise.all([
        a.join([relay1.url]),
        sameRelay.join([relay1.url], other),
        otherRelay.join([relay2.url], other),
      ]),
      ['ok', 'ok', 'ok'],
    );
    for (const node of [sameRelay, otherRelay]) {
      assert.equal(await a.ping(node), 'pang');
      await a.gives(`maps:get(reason, macula:why('${node.name}'))`, 'not_found');
      assert.equal(await node.ping(a), 'pang');
      await node.gives("maps:get(reason, macula:why('a@one.test'))", 'not_found');
    }
    await sameRelay.evalUntil("net_adm:ping('c@three.test')", 'pong', 15_000);
  },
};
