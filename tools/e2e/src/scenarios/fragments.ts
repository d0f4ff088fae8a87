import assert from 'node:assert/strict';
import type { Scenario } from '../scenario.js';

/** Of one message; all of it with `--full`, since two directions through two relays take over a minute on two cores. */
const sizes = { usual: 400_000_000, full: 1_000_000_000 };

export const scenario: Scenario = {
  summary:
    'one message of 400 MB (--full: 1 GB) arrives unchanged while calls and numbered messages pass it in both directions',
  seconds: 300,
  isLong: true,
  isAlone: true,
  async run({ scene, isFull, figure }) {
    const bytes = isFull ? sizes.full : sizes.usual;
    // Shorter than the transfer takes.
    const { a, b } = await scene.pair({ flags: ['-kernel', 'net_ticktime', '8'] });
    const result = await a.eval(
      `#{megabytes_per_second := R, calls := {C1, C2}, slowest_ms := {S1, S2}} = macula_e2e_apps:fragments('b@two.test', ${bytes}), {R, C1, C2, S1, S2}`,
      280_000,
    );
    const [rate, callsOfA, callsOfB, ...slowest] = result.slice(1, -1).split(',').map(Number);
    figure('rate', `${rate} MB/s`);
    figure('calls beside it', `${callsOfA} and ${callsOfB}`);
    figure('slowest', `${Math.max(...slowest)} ms`);
    const seconds = bytes / 1e6 / rate!;
    assert.ok(callsOfA! > 20 && callsOfB! > 20, 'calls passed beside it');
    assert.ok(Math.max(...slowest) < seconds * 250, `a call took ${Math.max(...slowest)} ms of ${seconds} s`);
    await a.gives('nodes()', "['b@two.test']");
    await b.gives('nodes()', "['a@one.test']");
  },
};
