import assert from 'node:assert/strict';
import { explainLinks, noteLinks } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

/** All of them with `--full`. */
const counts = { usual: 100, full: 200 };

export const scenario: Scenario = {
  summary: `both nodes ping each other at the same instant, ${counts.usual} times (--full: ${counts.full}); nothing is left behind`,
  seconds: 240,
  isLong: true,
  isAlone: true,
  async run({ scene, isFull, figure }) {
    const rounds = isFull ? counts.full : counts.usual;
    // Without global: from 200 ms after nodeup on it introduces the nodes to each other, and connects again when it is disconnected in
    // the middle, over any carrier.
    const { a, b } = await scene.pair({ flags: ['-connect_all', 'false'] });
    await noteLinks([a, b]);
    let round = 0;
    let slowest = 0;
    try {
      await disconnect();
      // Both channels and the lazily started parts of kernel are up now; from here on nothing may be added.
      for (const node of [a, b]) await node.evalUntil('macula_dist_relay:get_tunnel_metrics()', '[]');
      const before = await portsAndProcesses();
      let together = 0;
      // A round counts when both began within 2 ms; on a busy machine it takes more of them.
      while (together < rounds) {
        round++;
        assert.ok(round < 4 * rounds, `only ${together} of ${round} rounds began together`);
        if (await pingTogether()) together++;
        await disconnect();
      }
      for (const [index, node] of [a, b].entries()) {
        const noMore = `{P, N} = macula_e2e:counts(), {Ports, Processes} = ${before[index]}, P =< Ports andalso N =< Processes`;
        await node.evalUntil(noMore, 'true', 5_000);
        await node.evalUntil('macula_dist_relay:get_tunnel_metrics()', '[]');
      }
    } catch (error) {
      const { message } = error as Error;
      throw new Error(`round ${round}: ${message}\n${await explainLinks([a, b])}`, { cause: error });
    }
    figure('slowest ping', `${slowest.toFixed(0)} ms`);

    /** Whether both began within 2 ms. */
    async function pingTogether(): Promise<boolean> {
      const atMs = Date.now() + 60;
      const answers = await Promise.all([
        a.eval(`macula_e2e:ping_at('b@two.test', ${atMs})`, 40_000),
        b.eval(`macula_e2e:ping_at('a@one.test', ${atMs})`, 40_000),
      ]);
      const late: number[] = [];
      for (const answer of answers) {
        const [, result, ms, lateUs] = /^{(\w+),([\d.e+-]+),(-?\d+)}$/.exec(answer) ?? [];
        late.push(Number(lateUs));
        assert.equal(result, 'pong', answers.join(' '));
        slowest = Math.max(slowest, Number(ms));
      }
      return Math.abs(late[0]! - late[1]!) < 2000;
    }

    async function disconnect(): Promise<void> {
      const [from, to] = round % 2 === 0 ? [a, b] : [b, a];
      await from.eval(`erlang:disconnect_node('${to.name}')`);
      await Promise.all([a, b].map((node) => node.evalUntil('nodes(connected)', '[]')));
    }

    function portsAndProcesses(): Promise<string[]> {
      return Promise.all([a, b].map((node) => node.eval('macula_e2e:counts()')));
    }
  },
};
