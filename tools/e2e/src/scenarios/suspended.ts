import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { killPid, type OtpNode } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const stoppedMs = 20_000;

export const scenario: Scenario = {
  summary:
    'a BEAM, then an agent, stands still for 20 s and goes on: the link stays, as over TCP, and every message arrives',
  seconds: 180,
  isLong: true,
  waits: true,
  drivers: ['local', 'netns'],
  async run({ scene }) {
    const { a, b } = await scene.pair();
    await a.eval('macula_e2e_mesh:watch()');
    await b.eval('macula_e2e_mesh:watch()');
    for (const [what, pid] of [
      ['BEAM', await b.beamPid()],
      ['agent', await b.agentPid()],
    ] as const) {
      await b.eval('macula_e2e:start_sink()');
      const result = b.eval('macula_e2e:bulk_result(120000)', 130_000);
      killPid(pid, 'SIGSTOP');
      const resuming = sleep(stoppedMs).then(() => killPid(pid, 'SIGCONT'));
      const sent = a.eval("macula_e2e:bulk_send('b@two.test', 500, 7)", 120_000);
      await resuming;
      assert.equal(await result, await sent, `after ${what} stood still`);
      for (const node of [a, b]) await node.gives("macula_e2e_mesh:lost(['a@one.test', 'b@two.test'])", '[]');
      await calls(a, b);
    }
  },
};

async function calls(a: OtpNode, b: OtpNode): Promise<void> {
  await a.gives("net_adm:ping('b@two.test')", 'pong');
  await b.gives("rpc:call('a@one.test', erlang, node, [])", "'a@one.test'");
}
