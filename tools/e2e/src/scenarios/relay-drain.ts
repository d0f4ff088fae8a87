import assert from 'node:assert/strict';
import type { Scenario } from '../scenario.js';

const messages = 1000;

export const scenario: Scenario = {
  summary:
    'a relay that is told to stop (SIGTERM) amid a transfer and numbered calls: when it is gone the link is at the other relay already; no nodedown, nothing lost; the longest gaps',
  isLong: true,
  isAlone: true,
  async run({ scene, seed, figure }) {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const relays = [relay1.url, relay2.url];
    const [a, b] = await Promise.all([
      scene.node({ name: 'a@one.test', relays }),
      scene.node({ name: 'b@two.test', relays }),
    ]);
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
    await b.eval('macula_e2e:start_server(e2e_server)');
    for (const node of [a, b]) await node.eval('macula_e2e_mesh:watch()');
    const usedUrl = '[R || {_, #{relay := R}} <- macula_dist_relay:get_tunnel_metrics()]';
    await a.gives(usedUrl, `[<<"${relay1.url}">>]`);

    await b.eval('macula_e2e:start_sink()');
    await a.eval("macula_e2e_resume:start_calls('b@two.test')");
    const sent = a.eval(`macula_e2e:bulk_send('b@two.test', ${messages}, ${seed})`, 60_000);
    sent.catch(() => {});
    const startedMs = performance.now();
    await relay1.process.stop();
    figure('gone after', `${(performance.now() - startedMs).toFixed(0)} ms`);
    for (const node of [a, b])
      await node.gives(
        '[{R, S} || {_, #{relay := R, state := S}} <- macula_dist_relay:get_tunnel_metrics()]',
        `[{<<"${relay2.url}">>,open}]`,
      );
    const wanted = await sent;
    const [, got, gapMs] =
      /^{(.*),(\d+)}$/s.exec(await b.eval('macula_e2e:bulk_result_and_gap(60000)', 70_000)) ?? [];
    assert.equal(got, wanted);
    const [, calls, callMs] =
      /^{(\d+),([\d.e+-]+)}$/.exec(await a.eval('macula_e2e_resume:stop_calls()')) ?? [];
    assert.ok(Number(calls) > 0);
    figure('longest call', `${Number(callMs).toFixed(0)} ms`);
    figure('longest gap of the transfer', `${gapMs} ms`);
    for (const node of [a, b]) await node.gives("macula_e2e_mesh:lost(['a@one.test', 'b@two.test'])", '[]');
  },
};
