import { eventually } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const size = 5;

export const scenario: Scenario = {
  summary: 'five nodes on three relays, each in a home of its own: ping, rpc and pg between any two',
  // See scenario pg.
  releasesApartMax: 2,
  async run({ scene }) {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const relay3 = await scene.relay({ label: 'relay-3', peers: [relay1.url, relay2.url] });
    const relays = [relay1, relay2, relay3];
    const nodes = await Promise.all(
      Array.from({ length: size }, (_, index) =>
        scene.node({ name: `n${index}@home-${index}.test`, relays: [relays[index % relays.length]!.url] }),
      ),
    );
    // Each knows the next one; global makes the rest.
    for (const [index, node] of nodes.entries())
      await node.evalUntil(`net_adm:ping('${nodes[(index + 1) % size]!.name}')`, 'pong', 20_000);
    for (const node of nodes) {
      await eventually(async () => (await node.eval('length(nodes())')) === String(size - 1), {
        what: `${node.name} to see the other ${size - 1}`,
        timeoutMs: 20_000,
      });
      for (const other of nodes)
        await node.gives(`rpc:call('${other.name}', erlang, node, [])`, `'${other.name}'`);
      await node.eval('macula_e2e:pg_member(five)');
    }
    const names = nodes.map(({ name }) => `'${name}'`).join(',');
    for (const node of nodes) await node.gives(`macula_e2e:pg_wait(five, ${size}, 10000)`, `[${names}]`);
  },
};
