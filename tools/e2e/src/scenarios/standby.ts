import { setTimeout as sleep } from 'node:timers/promises';
import { descendantPids, FailoverPair, killPid, longestCallMs } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

/** How the relay in use is lost: its process is killed, or stands still, which nothing but silence tells. */
const losses = ['killed', 'still'] as const;
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
  async run({ scene, seed, isFull, figure }) {
    // Twice each with `--full`.
    const rounds = isFull ? [...losses, ...losses] : losses;
    const pair = await FailoverPair.start(scene);
    const { a, b } = pair;
    const gaps: string[] = [];
    for (const [round, loss] of rounds.entries()) {
      for (const node of [a, b]) await node.evalUntil(states, '[connected,standby]', 20_000);
      const used = await pair.usedRelay();
      await b.eval('macula_e2e:start_sink()');
      await a.eval("macula_e2e_resume:start_calls('b@two.test')");
      const sent = a.eval(`macula_e2e:bulk_send('b@two.test', ${messages}, ${seed + round})`, 60_000);
      sent.catch(() => {});
      await sleep(400);
      if (loss === 'killed') used.process.killNow();
      else for (const pid of [...descendantPids(used.process.pid), used.process.pid]) killPid(pid, 'SIGSTOP');
      await b.gives('macula_e2e:bulk_result(60000)', await sent, 70_000);
      await sleep(500);
      const callMs = await longestCallMs(a);
      gaps.push(`${loss} ${callMs.toFixed(0)}`);
      used.process.killNow();
      await pair.restart(used);
    }
    figure('longest call of each round', `${gaps.join(', ')} ms`);
    await pair.assertNothingLost();
    await a.gives(
      `lists:sum([N || {_, #{reattachments := N}} <- macula_dist_relay:get_tunnel_metrics()]) >= ${rounds.length}`,
      'true',
    );
  },
};

const states = 'lists:sort([S || #{state := S} <- maps:get(relays, macula:status())])';
