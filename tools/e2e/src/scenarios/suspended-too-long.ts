import { killPid } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'a BEAM stands still for longer than net_ticktime, then an agent for longer than tunnels wait: nodedown with its reason, and all is well when it goes on',
  seconds: 180,
  isLong: true,
  waits: true,
  drivers: ['local', 'netns'],
  async run({ scene }) {
    const flags = ['-kernel', 'net_ticktime', '8'];
    // Tunnels look for another path for 4 s, not for 30.
    const { a, b } = await scene.pair({ flags, env: { MACULA_RECONNECT_MAX_ATTEMPTS: '2' } });
    await a.gives('net_kernel:get_net_ticktime()', '8');
    // What it lost and not what it has: global may have it connect again at once.
    await b.eval('macula_e2e_mesh:watch()');
    const cases = [
      { pid: await b.beamPid(), expected: 'net_tick_timeout' },
      { pid: await b.agentPid(), expected: '{macula,window_over}' },
    ];
    for (const [index, { pid, expected }] of cases.entries()) {
      const down = a.eval("macula_e2e_mesh:wait_down('b@two.test', 30000)", 40_000);
      await a.eval('node()');
      killPid(pid, 'SIGSTOP');
      const reason = await down.finally(() => killPid(pid, 'SIGCONT'));
      if (reason !== expected) throw new Error(`nodedown with ${reason}`);
      await b.evalUntil(`length(macula_e2e_mesh:lost(['a@one.test'])) > ${index}`, 'true', 30_000);
      await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 30_000);
      await b.gives("rpc:call('a@one.test', erlang, node, [])", "'a@one.test'");
      for (const node of [a, b]) await node.evalUntil('length(macula_dist_relay:get_tunnel_metrics())', '1');
    }
  },
};
