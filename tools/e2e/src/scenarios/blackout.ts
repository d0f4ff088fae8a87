import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../scenario.js';

const darkMs = 15_000;

export const scenario: Scenario = {
  summary: `a line is dark for ${darkMs / 1000} s: the link stays, and what was sent meanwhile arrives complete and in order`,
  drivers: ['netns'],
  waits: true,
  async run({ scene, figure }) {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const home = await scene.network.home({ link: { delayMs: 10 } });
    const [a, b] = await Promise.all([
      scene.node({ name: 'a@one.test', relays: [relay1.url], host: await home.machine() }),
      scene.node({ name: 'b@two.test', relays: [relay2.url] }),
    ]);
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
    for (const node of [a, b]) await node.eval('macula_e2e_mesh:watch()');
    await b.eval('macula_e2e:start_sink()');
    await home.link.set({ isDark: true });
    const sent = a.eval("macula_e2e:bulk_send('b@two.test', 200, 7)", 60_000);
    sent.catch(() => {});
    await sleep(darkMs);
    await home.link.set({ delayMs: 10 });
    const startedMs = performance.now();
    await b.gives('macula_e2e:bulk_result(60000)', await sent, 70_000);
    figure('complete', `${((performance.now() - startedMs) / 1000).toFixed(1)} s after the line was back`);
    for (const node of [a, b]) await node.gives("macula_e2e_mesh:lost(['a@one.test', 'b@two.test'])", '[]');
  },
};
