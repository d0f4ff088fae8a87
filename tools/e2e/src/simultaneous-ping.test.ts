import { expect, it } from 'vitest';
import { explainFailure, useScene } from './use-scene.js';

const scene = useScene();

it('both nodes ping each other at the same instant, 50 times', async () => {
  explainFailure(scene);
  const relay1 = await scene.relay({ label: 'relay-1' });
  const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
  const [a, b] = await Promise.all([
    scene.node({ name: 'a@one.test', relays: [relay1.url] }),
    scene.node({ name: 'b@two.test', relays: [relay2.url] }),
  ]);
  await a.evalUntil(`net_adm:ping('b@two.test')`, 'pong', 20_000);
  await disconnect(0);
  // Both channels and the lazily started parts of kernel are up now; from here on nothing may be added.
  await Promise.all([a, b].map((node) => node.evalUntil('macula_dist_relay:get_tunnel_metrics()', '[]')));
  const before = await counts();

  for (let round = 1; round <= 50; round++) {
    const atMs = Date.now() + 30;
    const answers = await Promise.all([
      a.eval(`macula_e2e:ping_at('b@two.test', ${atMs})`, 40_000),
      b.eval(`macula_e2e:ping_at('a@one.test', ${atMs})`, 40_000),
    ]);
    for (const answer of answers) expect(answer, `round ${round}`).toMatch(/^\{pong,/);
    await disconnect(round);
  }

  await Promise.all(
    [a, b].map((node, index) => node.evalUntil('macula_e2e:counts()', before[index]!, 5_000)),
  );
  await Promise.all([a, b].map((node) => node.evalUntil('macula_dist_relay:get_tunnel_metrics()', '[]')));

  async function disconnect(round: number): Promise<void> {
    const [from, to] = round % 2 === 0 ? [a, b] : [b, a];
    await from.eval(`erlang:disconnect_node('${to.name}')`);
    await Promise.all([a, b].map((node) => node.evalUntil('nodes(connected)', '[]')));
  }

  function counts(): Promise<string[]> {
    return Promise.all([a, b].map((node) => node.eval('macula_e2e:counts()')));
  }
});
