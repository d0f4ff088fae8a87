import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkConditions } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const ticktimeSeconds = 8;
const fullMs = 2 * ticktimeSeconds * 1000;
/** Of calls in the other tunnel. */
const p99MsAim = 100;
/** Round trips of 20 ms; what waits in front of the line waits for so long at most, and every call behind it. */
const lineOf = (rateMbit: number, queueMs: number): LinkConditions => ({
  ...{ rateMbit, delayMs: 10, queueBytes: rateMbit * 125 * queueMs },
});
const lines = [
  { rateMbit: 20, queueMs: 20, isBothWays: true },
  { rateMbit: 100, queueMs: 10, isBothWays: false },
  { rateMbit: 100, queueMs: 20, isBothWays: false },
] as const;

export const scenario: Scenario = {
  summary: `one tunnel fills a line for two ticktimes of ${ticktimeSeconds} s: no nodedown, and calls are answered in another tunnel of the same agent and relays (aim: 99 of 100 within ${p99MsAim} ms)`,
  drivers: ['netns'],
  seconds: 150,
  isLong: true,
  isAlone: true,
  async run({ scene, isFull, figure }) {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const home = await scene.network.home({ link: lineOf(lines[0].rateMbit, lines[0].queueMs) });
    const flags = ['-kernel', 'net_ticktime', String(ticktimeSeconds)];
    const [a, b, c] = await Promise.all([
      scene.node({ name: 'a@home.test', relays: [relay1.url], host: await home.machine(), flags }),
      scene.node({ name: 'b@two.test', relays: [relay2.url], flags }),
      scene.node({ name: 'c@two.test', relays: [relay2.url], flags }),
    ]);
    const all = [a, b, c];
    await a.gives('net_kernel:get_net_ticktime()', String(ticktimeSeconds));
    for (const other of [b, c]) await a.evalUntil(`net_adm:ping('${other.name}')`, 'pong', 20_000);
    for (const node of [a, b]) await node.eval('macula_e2e:start_echo()');
    for (const node of all) await node.eval('macula_e2e_mesh:watch()');
    await a.gives('macula_e2e_apps:watch_busy()', 'ok');

    for (const { rateMbit, queueMs, isBothWays } of lines) {
      await home.link.set(lineOf(rateMbit, queueMs));
      const filling = Promise.all([
        a.eval(`macula_e2e_calls:saturate('${b.name}', ${fullMs})`, 60_000),
        ...(isBothWays ? [b.eval(`macula_e2e_calls:saturate('${a.name}', ${fullMs})`, 60_000)] : []),
      ]);
      filling.catch(() => {});
      await sleep(1000);
      // The writer waits for the line, so it is full.
      await a.evalUntil('[] =/= [P || {P, true} <- macula_e2e_apps:busy_events()]', 'true');
      const times = await callTimes(fullMs - 2000);
      const at = (part: number): number => times[Math.ceil(part * times.length) - 1]!;
      const [p50, p99] = [at(0.5), at(0.99)];
      const rates = (await filling).map((rate) => Number(rate).toFixed(1)).join(' and ');
      figure(
        `${rateMbit} Mbit/s${isBothWays ? ' both ways' : ''}, queue ${queueMs} ms`,
        `${rates} MB/s, calls p50 ${p50.toFixed(0)} ms p99 ${p99.toFixed(0)} ms of ${times.length}`,
      );
      for (const node of all)
        await node.gives(`macula_e2e_mesh:lost([${all.map(({ name }) => `'${name}'`)}])`, '[]');
      // Beside other work it says how busy the machine is.
      if (isFull && queueMs === 10)
        assert.ok(p99 <= p99MsAim, `99 of 100 calls took ${p99.toFixed(0)} ms at most`);
    }

    async function callTimes(ms: number): Promise<number[]> {
      const text = await a.eval(`macula_e2e_calls:times('${c.name}', ${ms})`, ms + 30_000);
      return text.slice(1, -1).split(',').map(Number);
    }
  },
};
