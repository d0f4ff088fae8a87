import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../scenario.js';

/** Half-seconds of a 4G connection in a train: delay and rate each way, and two short tunnels. */
const moments = [
  { delayMs: 25, jitterMs: 10, rateMbit: 20 },
  { delayMs: 40, jitterMs: 25, rateMbit: 8, lossPercent: 0.5 },
  { delayMs: 90, jitterMs: 60, rateMbit: 3, lossPercent: 2 },
  { isDark: true },
  { delayMs: 200, jitterMs: 100, rateMbit: 1, lossPercent: 1 },
  { delayMs: 50, jitterMs: 30, rateMbit: 12 },
  { isDark: true },
  { delayMs: 30, jitterMs: 15, rateMbit: 25 },
] as const;
const momentMs = 500;
const rounds = 4;

export const scenario: Scenario = {
  summary: `a 4G-like line, whose delay, jitter and rate change every ${momentMs} ms and which goes dark for as long: the link stays, calls and numbered messages arrive once and in order`,
  drivers: ['netns'],
  isLong: true,
  waits: true,
  async run({ scene }) {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const home = await scene.network.home({ nat: 'symmetric', link: moments[0] });
    const [phone, server] = await Promise.all([
      scene.node({ name: 'phone@home.test', relays: [relay1.url], host: await home.machine() }),
      scene.node({ name: 'server@two.test', relays: [relay2.url] }),
    ]);
    await phone.evalUntil("net_adm:ping('server@two.test')", 'pong', 30_000);
    for (const node of [phone, server]) {
      await node.eval('macula_e2e_mesh:watch()');
      await node.eval('macula_e2e:start_server(e2e_server)');
    }
    for (let round = 0; round < rounds; round++) {
      const passing = Promise.all([
        phone.eval("macula_e2e_calls:many('server@two.test', 4, 10)", 90_000),
        server.eval("macula_e2e_calls:many('phone@home.test', 4, 10)", 90_000),
      ]);
      passing.catch(() => {});
      for (const moment of moments) {
        await home.link.set(moment);
        await sleep(momentMs);
      }
      await passing;
    }
    for (const node of [phone, server])
      await node.gives("macula_e2e_mesh:lost(['phone@home.test', 'server@two.test'])", '[]');
  },
};
