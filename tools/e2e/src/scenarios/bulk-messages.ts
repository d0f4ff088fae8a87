import assert from 'node:assert/strict';
import type { Scenario } from '../scenario.js';

/** Messages each way; all of them with `--full`. */
const counts = { usual: 3_000, full: 10_000 };
const timeoutMs = 150_000;

export const scenario: Scenario = {
  summary: `${counts.usual} messages (--full: ${counts.full}) of 0 B to 1 MB in both directions at once arrive complete, in order and unchanged`,
  seconds: 200,
  isLong: true,
  isAlone: true,
  async run({ scene, seed, isFull, figure }) {
    const count = isFull ? counts.full : counts.usual;
    const { a, b } = await scene.pair();
    await Promise.all([a, b].map((node) => node.eval('macula_e2e:start_sink()')));
    const startedMs = performance.now();
    const [sentByA, sentByB, receivedByA, receivedByB] = await Promise.all([
      a.eval(`macula_e2e:bulk_send('b@two.test', ${count}, ${seed})`, timeoutMs),
      b.eval(`macula_e2e:bulk_send('a@one.test', ${count}, ${seed + 1})`, timeoutMs),
      a.eval(`macula_e2e:bulk_result(${timeoutMs})`, timeoutMs),
      b.eval(`macula_e2e:bulk_result(${timeoutMs})`, timeoutMs),
    ]);
    const seconds = (performance.now() - startedMs) / 1000;
    assert.equal(receivedByB, sentByA);
    assert.equal(receivedByA, sentByB);
    const sizes = [sentByA, sentByB].map((sent) => {
      const [, messages, bytes] = /^\{(\d+),(\d+),"[0-9a-f]{64}"\}$/.exec(sent) ?? [];
      assert.equal(Number(messages), count);
      assert.ok(Number(bytes) > count * 25_000, `only ${bytes} bytes`);
      return Number(bytes);
    });
    figure('rate', `${((sizes[0]! + sizes[1]!) / 1e6 / seconds).toFixed(0)} MB/s, both directions together`);
    await a.gives('nodes()', "['b@two.test']");
  },
};
