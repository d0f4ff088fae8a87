import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Relay } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const rounds = 4;
/** Of one round: about 40 MB. */
const messages = 2000;

export const scenario: Scenario = {
  summary: `kill -9 of the relay amid a transfer and numbered calls, ${rounds} times, another relay is there: no nodedown, nothing lost, doubled or reordered; the longest call of each round (aim: 2 s at most)`,
  seconds: 240,
  isLong: true,
  isAlone: true,
  drivers: ['local'],
  async run({ scene, seed, figure }) {
    let relay1 = await scene.relay({ label: 'relay-1' });
    let relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const relays = [relay1.url, relay2.url];
    const [a, b] = await Promise.all([
      scene.node({ name: 'a@one.test', relays }),
      scene.node({ name: 'b@two.test', relays }),
    ]);
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
    await b.eval('macula_e2e:start_server(e2e_server)');
    for (const node of [a, b]) await node.eval('macula_e2e_mesh:watch()');
    const gaps: string[] = [];
    for (let round = 1; round <= rounds; round++) {
      const used = await usedRelay();
      await b.eval('macula_e2e:start_sink()');
      await a.eval("macula_e2e_resume:start_calls('b@two.test')");
      const sent = a.eval(`macula_e2e:bulk_send('b@two.test', ${messages}, ${seed + round})`, 60_000);
      sent.catch(() => {});
      await sleep(300 + 100 * round);
      used.process.killNow();
      await b.gives('macula_e2e:bulk_result(60000)', await sent, 70_000);
      await sleep(500);
      const [, calls, ms] =
        /^{(\d+),([\d.e+-]+)}$/.exec(await a.eval('macula_e2e_resume:stop_calls()')) ?? [];
      assert.ok(Number(calls) > 0);
      gaps.push(Number(ms).toFixed(0));
      const again = await scene.relay({
        label: used.label,
        host: used.host,
        port: used.port,
        data: used.data,
        ...(used === relay2 ? { peers: [relay1.url] } : {}),
      });
      if (used === relay1) relay1 = again;
      else relay2 = again;
    }
    figure('longest call of each round', `${gaps.join(', ')} ms`);
    for (const node of [a, b]) await node.gives("macula_e2e_mesh:lost(['a@one.test', 'b@two.test'])", '[]');
    await a.gives(
      `lists:sum([N || {_, #{reattachments := N}} <- macula_dist_relay:get_tunnel_metrics()]) >= ${rounds}`,
      'true',
    );

    /** The relay that a's tunnel begins at. */
    async function usedRelay(): Promise<Relay> {
      const url = await a.eval('hd([R || {_, #{relay := R}} <- macula_dist_relay:get_tunnel_metrics()])');
      return url.includes(`:${relay2.port}`) ? relay2 : relay1;
    }
  },
};
