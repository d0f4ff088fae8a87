import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { FailoverPair, longestCallMs } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

/** Kills, and messages in each round: some 37 kB each. */
const sizes = { usual: { rounds: 4, messages: 2000 }, full: { rounds: 20, messages: 13_500 } };

export const scenario: Scenario = {
  summary:
    'kill -9 of the relay amid a transfer and numbered calls, 4 times 75 MB (--full: 20 times 500), another relay is there: no nodedown, nothing lost, doubled or reordered; the longest gaps (aim: 2 s at most)',
  seconds: 240,
  secondsFull: 3600,
  isLong: true,
  isAlone: true,
  drivers: ['local', 'netns'],
  async run({ scene, seed, isFull, figure }) {
    const { rounds, messages } = isFull ? sizes.full : sizes.usual;
    const pair = await FailoverPair.start(scene);
    const { a, b } = pair;
    const callsMs: string[] = [];
    const gapsMs: string[] = [];
    let bytesSent = 0;
    for (let round = 1; round <= rounds; round++) {
      const used = await pair.usedRelay();
      await b.eval('macula_e2e:start_sink()');
      await a.eval("macula_e2e_resume:start_calls('b@two.test')");
      const sent = a.eval(`macula_e2e:bulk_send('b@two.test', ${messages}, ${seed + round})`, 300_000);
      sent.catch(() => {});
      await sleep(300 + 100 * round);
      used.process.killNow();
      const wanted = await sent;
      const result = await b.eval('macula_e2e:bulk_result_and_gap(300000)', 310_000);
      const [, got, gapMs] = /^{(.*),(\d+)}$/s.exec(result) ?? [];
      assert.equal(got, wanted);
      bytesSent += Number(wanted.split(',')[1]);
      gapsMs.push(gapMs!);
      await sleep(500);
      const callMs = await longestCallMs(a);
      callsMs.push(callMs.toFixed(0));
      await pair.restart(used);
    }
    figure('longest call of each round', `${callsMs.join(', ')} ms`);
    figure('longest gap of each transfer', `${gapsMs.join(', ')} ms`);
    figure('sent', `${(bytesSent / 1e6).toFixed(0)} MB`);
    await pair.assertNothingLost();
    await a.gives(
      `lists:sum([N || {_, #{reattachments := N}} <- macula_dist_relay:get_tunnel_metrics()]) >= ${rounds}`,
      'true',
    );
  },
};
