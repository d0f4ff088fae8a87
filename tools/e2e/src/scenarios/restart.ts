import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { eventually, isAlive, type OtpNode } from '../harness/index.js';
import { descendantPids } from '../harness/managed-process.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary: 'init:restart(): the same process with the same name joins again, with a new agent and no old one',
  drivers: ['local', 'netns'],
  async run({ scene }) {
    const { relay2, a, b } = await scene.pair();
    for (let round = 0; round < 2; round++) {
      await restart(b);
      await b.evalUntil('maps:get(joined, macula:status())', 'true', 20_000);
      await reachable(b);
    }
    await b.gives("net_adm:ping('a@one.test')", 'pong', 20_000);

    // The node that joins by its program: that runs again as well.
    const c = await scene.node({ name: 'c@two.test' });
    assert.equal(await c.join([relay2.url]), 'ok');
    await reachable(c);
    await restart(c);
    assert.equal(await c.join([relay2.url]), 'ok');
    await reachable(c);

    async function reachable(node: OtpNode): Promise<void> {
      await a.evalUntil(`net_adm:ping('${node.name}')`, 'pong', 20_000);
      await a.gives(`rpc:call('${node.name}', os, getpid, [])`, `"${await node.beamPid()}"`);
    }

    async function restart(node: OtpNode): Promise<void> {
      const pid = await node.beamPid();
      const agent = await node.agentPid();
      const creation = await node.eval('erlang:system_info(creation)');
      await node.eval('macula_e2e_apps:start_witness()');
      await node.gives('init:restart()', 'ok');
      await node.ready();
      assert.equal(await node.beamPid(), pid);
      await node.gives('node()', `'${node.name}'`);
      await node.gives('whereis(macula_e2e_witness)', 'undefined');
      assert.notEqual(await node.eval('erlang:system_info(creation)'), creation);
      await node.evalUntil('maps:get(agent, macula:status())', 'up');
      assert.notEqual(await node.agentPid(), agent);
      await eventually(() => !isAlive(agent), { what: `the old agent of ${node.name} to be gone` });
      const current = await node.agentPid();
      assert.deepEqual(
        descendantPids(pid).filter((child) => child !== current && isAgent(child)),
        [],
        'agents beside the current one',
      );
    }
  },
};

function isAgent(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('agent.mjs');
  } catch {
    return false;
  }
}
