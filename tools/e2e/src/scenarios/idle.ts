import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../scenario.js';

/** Longer than any time-out on the way: 60 s (HTTP keep-alive of the admin server), 45 s of a silent tunnel, 40 s of a silent agent, 30 s of QUIC. */
const idleMs = 75_000;

export const scenario: Scenario = {
  summary: `nothing is said for ${idleMs / 1000} s, not even a tick: session, tunnel and link are what they were`,
  seconds: 150,
  isLong: true,
  waits: true,
  async run({ scene }) {
    // The first tick would come after ten minutes.
    const { a, b } = await scene.pair({ flags: ['-kernel', 'net_ticktime', '2400'] });
    const metrics = '[Id || {Id, _} <- macula_dist_relay:get_tunnel_metrics()]';
    const before = await Promise.all([a, b].map((node) => node.eval(metrics)));
    const agents = await Promise.all([a, b].map((node) => node.agentPid()));
    await Promise.all([a, b].map((node) => node.eval('macula_e2e_mesh:watch()')));
    await sleep(idleMs);
    for (const [index, node] of [a, b].entries()) {
      await node.gives("macula_e2e_mesh:lost(['a@one.test', 'b@two.test'])", '[]');
      await node.gives(metrics, before[index]!);
      await node.gives('maps:get(agent_os_pid, macula:status())', String(agents[index]));
    }
    await a.gives("rpc:call('b@two.test', erlang, node, [])", "'b@two.test'");
    await b.gives("rpc:call('a@one.test', erlang, node, [])", "'a@one.test'");
    const fresh = await scene.node({ name: 'c@three.test', relays: [b.env.MACULA_RELAYS!] });
    await fresh.evalUntil("net_adm:ping('a@one.test')", 'pong', 20_000);
  },
};
