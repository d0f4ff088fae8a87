import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../scenario.js';

const rebindings = 4;

export const scenario: Scenario = {
  summary: `a router gets another public address ${rebindings} times while numbered messages pass in both directions: over QUIC the link stays and none is missing`,
  drivers: ['netns'],
  waits: true,
  async run({ scene }) {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const home = await scene.network.home({ link: { delayMs: 10 } });
    const relays = (url: string): string[] => [url.replace('https:', 'quic:')];
    const [a, b] = await Promise.all([
      scene.node({ name: 'a@one.test', relays: relays(relay1.url), host: await home.machine() }),
      scene.node({ name: 'b@two.test', relays: relays(relay2.url) }),
    ]);
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
    for (const node of [a, b]) {
      await node.eval('macula_e2e_mesh:watch()');
      await node.eval('macula_e2e:start_server(e2e_server)');
    }
    const passing = Promise.all([
      a.eval("macula_e2e_calls:many('b@two.test', 2, 400)", 100_000),
      b.eval("macula_e2e_calls:many('a@one.test', 2, 400)", 100_000),
    ]);
    let isPassing = true;
    const over = (): void => {
      isPassing = false;
    };
    passing.then(over, over);
    for (let change = 0; change < rebindings; change++) {
      await sleep(1500);
      await home.rebind();
    }
    await sleep(500);
    if (!isPassing)
      await passing.then(() => Promise.reject(new Error('all had passed before the last change')));
    await passing;
    for (const node of [a, b]) await node.gives("macula_e2e_mesh:lost(['a@one.test', 'b@two.test'])", '[]');
    await a.gives("net_adm:ping('b@two.test')", 'pong');
  },
};
