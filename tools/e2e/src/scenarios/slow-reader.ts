import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendantPids, killPid, type OtpNode, type Relay } from '../harness/index.js';
import { residentMegabytes } from '../harness/process-tree.js';
import type { Scenario } from '../scenario.js';

/** More than all windows on the way hold, by far. */
const messages = 1600;
const growthMbMax = 40;

export const scenario: Scenario = {
  summary:
    'a receiver that stands still while 60 MB are sent to it: no relay or agent grows, the relay serves others, and then everything arrives in order',
  isLong: true,
  drivers: ['local', 'netns'],
  async run({ scene, figure }) {
    const { relay1, relay2, a, b } = await scene.pair();
    const c = await scene.node({ name: 'c@three.test', relays: [relay2.url] });
    await c.evalUntil("net_adm:ping('a@one.test')", 'pong', 20_000);
    await b.eval('macula_e2e:start_sink()');
    // Everything is warm before it is measured.
    await a.gives("macula_e2e:bulk_send('b@two.test', 200, 3)", /./, 60_000);
    await b.gives('macula_e2e:bulk_result(60000)', /./, 70_000);
    await b.eval('macula_e2e:start_sink()');
    const pid = await b.beamPid();
    const agents = await agentsOf(a, b);
    const before = megabytes([relay1, relay2], agents);
    killPid(pid, 'SIGSTOP');
    const sent = a.eval(`macula_e2e:bulk_send('b@two.test', ${messages}, 7)`, 110_000);
    sent.catch(() => {});
    await a.evalUntil(
      'Out = fun() -> lists:sum([B || {_, #{bytes_out := B}} <- macula_dist_relay:get_tunnel_metrics()]) end, Was = Out(), receive after 500 -> Out() =:= Was end',
      'true',
      30_000,
    );
    for (let round = 0; round < 5; round++) {
      await c.gives("rpc:call('a@one.test', erlang, node, [])", "'a@one.test'");
      await sleep(200);
    }
    const grown = megabytes([relay1, relay2], agents) - before;
    figure('grown', `${grown.toFixed(0)} MB`);
    assert.ok(grown < growthMbMax, `relays and agents took ${grown.toFixed(0)} MB more`);
    killPid(pid, 'SIGCONT');
    await b.gives('macula_e2e:bulk_result(100000)', await sent, 110_000);
  },
};

async function agentsOf(...nodes: readonly OtpNode[]): Promise<number[]> {
  const agents = await Promise.all(nodes.map((node) => node.agentPid()));
  return agents.flatMap((agent) => [agent, ...descendantPids(agent)]);
}

function megabytes(relays: readonly Relay[], more: readonly number[]): number {
  const pids = [...relays.flatMap((relay) => [relay.process.pid, ...relay.workerPids()]), ...more];
  return pids.map(residentMegabytes).reduce((sum, value) => sum + value, 0);
}
