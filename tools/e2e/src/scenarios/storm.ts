import assert from 'node:assert/strict';
import { Crowd, inParallel } from '../crowd/crowd.js';
import { eventually, relayFigures } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

/** Sessions that move, in so many processes. */
const agents = 400;
const processes = 4;
/**
 * Milliseconds that a PING of another session may wait at the relay that takes them: half of the silence after which tunnels leave their path. The agents share
 * the relay's cores here, so how long it is says as much of the machine; the figure shows it, and `npm run sim -- storm` holds it without them.
 */
const patienceMs = 5000;

export const scenario: Scenario = {
  summary:
    '400 agents without a standby lose their relay by kill -9, all noticing at once (TLS) or by silence (QUIC): the other relay takes all, and answers its own sessions meanwhile',
  seconds: 240,
  isLong: true,
  isAlone: true,
  needsProc: true,
  drivers: ['local'],
  async run({ scene, figure }) {
    const survivor = await scene.relay({ label: 'survivor' });
    const options = { label: 'dying', peers: [survivor.url] };
    let dying = await scene.relay(options);
    const crowds = Array.from({ length: processes }, (_, index) => new Crowd(scene, `crowd-${index + 1}`));
    const watcher = new Crowd(scene, 'watcher');
    const names = Array.from({ length: agents }, (_, index) => `agent${index}@crowd.test`);
    const crowdOf = (index: number): Crowd => crowds[index % processes]!;
    for (const scheme of ['tls', 'quic']) {
      const relays = [dying, survivor].map(({ url }) => url.replace('https', scheme));
      // Few at a time: whoever the first relay has no time for goes to the other one at once.
      await inParallel([...names.keys()], 2, (index) => crowdOf(index).join(names[index]!, relays, 0));
      await countAt(crowds, relays[0]!, 60_000);
      const before = await relayFigures(survivor);
      await watcher.startPings(relays[1]!);
      const killedMs = performance.now();
      dying.process.killNow();
      await countAt(crowds, relays[1]!, 60_000);
      const backMs = performance.now() - killedMs;
      const { answered, longestMs, lost } = await watcher.stopPings();
      const after = await relayFigures(survivor);
      const refused = refusalsOf(after) - refusalsOf(before);
      const cpuMs = ((after.cpuSeconds - before.cpuSeconds) * 1000) / agents;
      figure(
        scheme,
        `all back after ${(backMs / 1000).toFixed(1)} s; longest of ${answered} PINGs of another session ${longestMs} ms; ${refused} refusals; ${cpuMs.toFixed(1)} ms of CPU for each`,
      );
      assert.equal(lost, null);
      assert.ok(longestMs < patienceMs, `a PING waited ${longestMs} ms`);
      await inParallel([...names.keys()], 40, (index) => crowdOf(index).leave(names[index]!));
      const { host, port, data } = dying;
      dying = await scene.relay({ ...options, host, port, data });
    }
  },
};

/** Waits until all agents are at the relay with this URL. */
async function countAt(crowds: readonly Crowd[], url: string, timeoutMs: number): Promise<void> {
  await eventually(
    async () => {
      const all = (await Promise.all(crowds.map((crowd) => crowd.status()))).flat();
      const there = all.filter(({ relay }) => relay === url).length;
      if (there < agents) throw new Error(`${there} of ${agents} at ${url}`);
      return true;
    },
    { what: `all agents at ${url}`, timeoutMs, intervalMs: 100 },
  );
}

function refusalsOf({ metrics }: Awaited<ReturnType<typeof relayFigures>>): number {
  let sum = 0;
  for (const [name, value] of metrics) if (name.startsWith('hellos_refused_total')) sum += value;
  return sum;
}
