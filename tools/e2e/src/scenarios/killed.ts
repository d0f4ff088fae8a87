import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, isAlive, killPid, type OtpNode } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const downMsMax = 2000;

export const scenario: Scenario = {
  summary:
    "kill -9 of an agent is nodedown with a reason and of a relay's worker no end of it: the nodes can ping again; of a BEAM nodedown at its peer within 2 s, and nothing is left behind",
  drivers: ['local', 'netns'],
  needsProc: true,
  isAlone: true,
  async run({ scene, figure }) {
    const { relay1, relay2, a, b } = await scene.pair();
    await a.eval('macula_e2e_mesh:watch()');
    await b.eval('macula_e2e_mesh:watch()');

    // The agent: both sides hear of it, the BEAM lives and starts another one.
    for (const [index, node] of [b, a].entries()) {
      const [beam, agent] = [await node.beamPid(), await node.agentPid()];
      const tunnels = '[Id || {Id, _} <- macula_dist_relay:get_tunnel_metrics()]';
      const before = await node.gives(tunnels, /^\[.+\]$/);
      killPid(agent, 'SIGKILL');
      for (const [one, other] of [
        [a, b],
        [b, a],
      ] as const)
        await one.evalUntil(`length(macula_e2e_mesh:lost(['${other.name}'])) > ${index}`, 'true');
      // Not that there is none: global may have made another one.
      await eventually(async () => (await node.eval(tunnels)) !== before, { what: `${before} to be gone` });
      await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 30_000);
      assert.equal(await b.ping(a), 'pong');
      assert.ok(!isAlive(agent));
      assert.equal(await node.beamPid(), beam);
      assert.notEqual(await node.agentPid(), agent);
    }
    figure('reasons of a killed agent', await reasons(a, b));

    for (const relay of [relay1, relay2]) {
      const workers = relay.workerPids();
      assert.ok(workers.length > 0);
      for (const pid of workers) killPid(pid, 'SIGKILL');
      await eventually(() => relay.workerPids().some((pid) => !workers.includes(pid)), {
        what: 'a new worker',
        timeoutMs: 15_000,
      });
      const anew = "[erlang:disconnect_node(N) || N <- nodes()], net_adm:ping('b@two.test')";
      await a.evalUntil(anew, 'pong', 40_000);
      assert.ok(relay.process.isRunning);
    }

    const directories = [b.env.XDG_RUNTIME_DIR!, b.env.TMPDIR!];
    const sockets = (): string[] =>
      directories.flatMap((directory) =>
        readdirSync(directory, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isSocket())
          .map((entry) => join(entry.parentPath, entry.name)),
      );
    assert.notDeepEqual(sockets(), []);

    const agent = await b.agentPid();
    const waiting = a.eval("macula_e2e:wait_for_node_gone('b@two.test', 20000)", 30_000);
    await a.eval('node()');
    const startedMs = performance.now();
    await b.kill();
    assert.equal(await waiting, 'ok');
    const downMs = performance.now() - startedMs;
    figure('nodedown after', `${downMs.toFixed(0)} ms`);
    assert.ok(downMs < downMsMax, `nodedown only after ${downMs.toFixed(0)} ms`);
    await eventually(() => !isAlive(agent), { what: `agent ${agent} to end` });
    await eventually(() => sockets().length === 0, { what: `no socket file: ${sockets()}` });
    await a.evalUntil('macula_dist_relay:get_tunnel_metrics()', '[]');
    await a.gives("net_adm:ping('b@two.test')", 'pang', 30_000);
    await a.gives("maps:get(reason, macula:why('b@two.test'))", 'not_found');
    const agentOfA = await a.agentPid();
    await a.kill();
    await eventually(() => !isAlive(agentOfA), { what: `agent ${agentOfA} to end` });
    for (const relay of [relay1, relay2]) assert.ok(relay.process.isRunning);
  },
};

async function reasons(...nodes: OtpNode[]): Promise<string> {
  const lost = await Promise.all(
    nodes.map((node) => node.eval("[R || {_, R} <- macula_e2e_mesh:lost(['a@one.test', 'b@two.test'])]")),
  );
  return lost.join(' and ');
}
