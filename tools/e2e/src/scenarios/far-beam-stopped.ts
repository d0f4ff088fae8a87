import assert from 'node:assert/strict';
import { agentsAndRelays, killPid, type MemoryOfProcess, watchMemory } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const stoppedSeconds = 60;
/** Until then what is under way comes to rest. */
const settledSeconds = 5;
const growthMbMax = 16;
/** 400 MB: without bounds they would be on the way for more than {@link settledSeconds}. */
const messages = 400;

export const scenario: Scenario = {
  summary: `a BEAM stands still for ${stoppedSeconds} s while ${messages} MB are sent to it: from second ${settledSeconds} on both agents and all relays together grow by ${growthMbMax} MiB at most, the sender is suspended, and then everything arrives in order`,
  seconds: 180,
  isLong: true,
  isNightly: true,
  waits: true,
  needsProc: true,
  drivers: ['local', 'netns'],
  async run({ scene, figure }) {
    const { relay1, relay2, a, b } = await scene.pair({ flags: ['-kernel', 'net_ticktime', '240'] });
    await a.gives('net_kernel:get_net_ticktime()', '240');
    for (const node of [a, b]) await node.eval('macula_e2e_mesh:watch()');
    await a.gives('macula_e2e_apps:watch_busy()', 'ok');
    await b.eval('macula_e2e:start_sink()');
    const processes = await agentsAndRelays([a, b], [relay1, relay2]);
    const beam = await b.beamPid();
    killPid(beam, 'SIGSTOP');
    const sent = a.eval(`macula_e2e:large_send('b@two.test', ${messages}, 1000000)`, 150_000);
    sent.catch(() => {});
    const suspended =
      '[] =/= [Pid || {Pid, true} <- macula_e2e_apps:busy_events(), process_info(Pid, status) =:= {status, suspended}]';
    await a.evalUntil(suspended, 'true');
    const watched = await watchMemory(processes, stoppedSeconds);
    const isSuspended = await a.eval(suspended);
    killPid(beam, 'SIGCONT');
    const growth = growthOf(watched);
    figure('grown', `${growth.toFixed(1)} MiB`);
    assert.ok(
      growth <= growthMbMax,
      `agents and relays grew by ${growth.toFixed(1)} MiB:\n${table(watched)}`,
    );
    assert.equal(isSuspended, 'true');
    await b.gives('macula_e2e:bulk_result(60000)', await sent, 70_000);
    for (const node of [a, b]) await node.gives("macula_e2e_mesh:lost(['a@one.test', 'b@two.test'])", '[]');
  },
};

/** By how much all together were at most larger than at second {@link settledSeconds}, MiB. */
function growthOf(watched: readonly MemoryOfProcess[]): number {
  const sums = watched[0]!.resident.map((_, second) =>
    watched.reduce((sum, { resident }) => sum + resident[second]!, 0),
  );
  return Math.max(...sums.slice(settledSeconds)) - sums[settledSeconds]!;
}

function table(watched: readonly MemoryOfProcess[]): string {
  return watched
    .map(({ what, resident }) => `${what.padEnd(30)} ${resident.map((mb) => mb.toFixed(0)).join(' ')}`)
    .join('\n');
}
