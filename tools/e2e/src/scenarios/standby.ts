import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Relay } from '../harness/index.js';
import { descendantPids, killPid } from '../harness/managed-process.js';
import type { Scenario } from '../scenario.js';

/** How the relay in use is lost: its process is killed, or stands still, which nothing but silence tells. */
const losses = ['killed', 'still', 'killed', 'still'] as const;
/** Of one round: about 75 MB. */
const messages = 2000;

export const scenario: Scenario = {
  summary:
    'the relay in use is killed, or stands still, amid a transfer and numbered calls; a session that has advertised beforehand takes over: no nodedown, nothing lost, doubled or reordered; the longest call of each round (aim: 2 s at most)',
  seconds: 240,
  isLong: true,
  isAlone: true,
  needsProc: true,
  drivers: ['local', 'netns'],
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
    for (const [round, loss] of losses.entries()) {
      for (const node of [a, b]) await node.evalUntil(states, '[connected,standby]', 20_000);
      const used = await usedRelay();
      await b.eval('macula_e2e:start_sink()');
      await a.eval("macula_e2e_resume:start_calls('b@two.test')");
      const sent = a.eval(`macula_e2e:bulk_send('b@two.test', ${messages}, ${seed + round})`, 60_000);
      sent.catch(() => {});
      await sleep(400);
      if (loss === 'killed') used.process.killNow();
      else for (const pid of [...descendantPids(used.process.pid), used.process.pid]) killPid(pid, 'SIGSTOP');
      await b.gives('macula_e2e:bulk_result(60000)', await sent, 70_000);
      await sleep(500);
      const [, calls, ms] =
        /^{(\d+),([\d.e+-]+)}$/.exec(await a.eval('macula_e2e_resume:stop_calls()')) ?? [];
      assert.ok(Number(calls) > 0);
      gaps.push(`${loss} ${Number(ms).toFixed(0)}`);
      used.process.killNow();
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
      `lists:sum([N || {_, #{reattachments := N}} <- macula_dist_relay:get_tunnel_metrics()]) >= ${losses.length}`,
      'true',
    );

    /** The relay that a's tunnel begins at. */
    async function usedRelay(): Promise<Relay> {
      const url = await a.eval('hd([R || {_, #{relay := R}} <- macula_dist_relay:get_tunnel_metrics()])');
      return url.includes(new URL(relay2.url).host) ? relay2 : relay1;
    }
  },
};

const states = 'lists:sort([S || #{state := S} <- maps:get(relays, macula:status())])';
