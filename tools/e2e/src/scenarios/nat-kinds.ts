import assert from 'node:assert/strict';
import type { Home, NatKind } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const kinds: readonly NatKind[] = ['port-preserving', 'symmetric', 'double'];

export const scenario: Scenario = {
  summary: `homes behind NAT of each kind (${kinds.join(', ')}) and two machines of one home: any two find each other and exchange 5 MB`,
  drivers: ['netns'],
  async run({ scene }) {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const homes: [string, Home, string][] = [];
    for (const [index, nat] of kinds.entries())
      homes.push([nat, await scene.network.home({ nat }), [relay1, relay2][index % 2]!.url]);
    // A second machine behind the first router.
    homes.push(['second', homes[0]![1], relay2.url]);
    const nodes = await Promise.all(
      homes.map(async ([name, home, relay]) =>
        scene.node({ name: `${name}@nat.test`, relays: [relay], host: await home.machine() }),
      ),
    );
    for (const node of nodes) await node.eval('macula_e2e:start_server(server)');
    let pairs = 0;
    for (const [index, one] of nodes.entries())
      for (const two of nodes.slice(index + 1)) {
        await one.evalUntil(`net_adm:ping('${two.name}')`, 'pong', 20_000);
        for (const [from, to] of [
          [one, two],
          [two, one],
        ] as const)
          await from.gives(`macula_e2e_apps:transfer({server, '${to.name}'}, 5000000)`, 'equal', 60_000);
        pairs++;
      }
    assert.equal(pairs, 6);
  },
};
