import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, isAlive, killPid, type OtpNode } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const downMsMax = 2000;

export const scenario: Scenario = {
  summary:
    'kill -9 of a BEAM is nodedown at its peer within 2 s, of an agent in nodedown with a reason; nothing is left behind',
  drivers: ['local', 'netns'],
  async run({ scene, figure }) {
    const { relay2, a, b } = await scene.pair();
    await a.eval('macula_e2e_mesh:watch()');
    await b.eval('macula_e2e_mesh:watch()');

    // The agent: both sides hear of it, the BEAM lives and starts another one.
    const firstAgent = await b.agentPid();
    killPid(firstAgent, 'SIGKILL');
    await a.evalUntil("macula_e2e_mesh:lost(['b@two.test'])", /^\[{'b@two\.test',/);
    await b.evalUntil("macula_e2e_mesh:lost(['a@one.test'])", /^\[{'a@one\.test',/);
    figure('reasons of a killed agent', await reasons(a, b));
    await b.evalUntil('macula_dist_relay:get_tunnel_metrics()', '[]');
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
    assert.ok(!isAlive(firstAgent));
    assert.notEqual(await b.agentPid(), firstAgent);

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
    assert.ok(relay2.process.isRunning);
  },
};

async function reasons(...nodes: OtpNode[]): Promise<string> {
  const lost = await Promise.all(
    nodes.map((node) => node.eval("[R || {_, R} <- macula_e2e_mesh:lost(['a@one.test', 'b@two.test'])]")),
  );
  return lost.join(' and ');
}
