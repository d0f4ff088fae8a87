import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { longestCallMs } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

/** About 75 MB. */
const messages = 2000;
const pingMsMax = 2000;
const callMsMax = 2000;

export const scenario: Scenario = {
  summary:
    'the peering of two healthy relays swallows everything amid a transfer and numbered calls: the tunnel goes on through a third relay within 2 s, and so does a new one; nothing is lost, doubled or reordered',
  drivers: ['netns'],
  isLong: true,
  isAlone: true,
  async run({ scene, seed, figure }) {
    const hosts = [await scene.network.server(), await scene.network.server()] as const;
    const relay1 = await scene.relay({ label: 'relay-1', host: hosts[0] });
    const relay2 = await scene.relay({ label: 'relay-2', host: hosts[1], peers: [relay1.url] });
    await scene.relay({ label: 'relay-3', peers: [relay1.url, relay2.url] });
    const [a, b, c] = await Promise.all([
      scene.node({ name: 'a@one.test', relays: [relay1.url] }),
      scene.node({ name: 'b@two.test', relays: [relay2.url] }),
      scene.node({ name: 'c@one.test', relays: [relay1.url] }),
    ]);
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
    await b.eval('macula_e2e:start_server(e2e_server)');
    for (const node of [a, b]) await node.eval('macula_e2e_mesh:watch()');
    await b.eval('macula_e2e:start_sink()');
    await a.eval("macula_e2e_resume:start_calls('b@two.test')");
    const sent = a.eval(`macula_e2e:bulk_send('b@two.test', ${messages}, ${seed})`, 60_000);
    sent.catch(() => {});
    await sleep(300);

    await hosts[0].lose(hosts[1], true);
    await hosts[1].lose(hosts[0], true);
    await b.gives('macula_e2e:bulk_result(60000)', await sent, 70_000);
    await sleep(500);
    const callMs = await longestCallMs(a);
    figure('longest call', `${callMs.toFixed(0)} ms`);
    const startedMs = performance.now();
    await c.gives("net_adm:ping('b@two.test')", 'pong', 20_000);
    const pingMs = performance.now() - startedMs;
    figure('first ping of another node', `${pingMs.toFixed(0)} ms`);
    assert.ok(callMs <= callMsMax, `a call took ${callMs} ms`);
    assert.ok(pingMs <= pingMsMax, `the ping took ${pingMs} ms`);

    await hosts[0].lose(hosts[1], false);
    await hosts[1].lose(hosts[0], false);
    await a.gives("rpc:call('b@two.test', erlang, node, [])", "'b@two.test'");
    for (const node of [a, b]) await node.gives("macula_e2e_mesh:lost(['a@one.test', 'b@two.test'])", '[]');
  },
};
