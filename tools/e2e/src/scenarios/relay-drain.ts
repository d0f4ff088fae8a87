import assert from 'node:assert/strict';
import { FailoverPair, longestCallMs } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const messages = 1000;

export const scenario: Scenario = {
  summary:
    'a relay that is told to stop (SIGTERM) amid a transfer and numbered calls: when it is gone the link is at the other relay already; no nodedown, nothing lost; the longest gaps',
  isLong: true,
  isAlone: true,
  async run({ scene, seed, figure }) {
    const pair = await FailoverPair.start(scene);
    const { a, b, relay1, relay2 } = pair;
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
    const callMs = await longestCallMs(a);
    figure('longest call', `${callMs.toFixed(0)} ms`);
    figure('longest gap of the transfer', `${gapMs} ms`);
    await pair.assertNothingLost();
  },
};
