import { beforeAll, describe, expect, it } from 'vitest';
import { eventually, isAlive, killPid, type OtpNode, type Relay } from './harness/index.js';
import { explainFailure, useScene } from './use-scene.js';

describe('kill -9', () => {
  const scene = useScene();
  let relay1: Relay;
  let relay2: Relay;
  let a: OtpNode;
  let b: OtpNode;

  beforeAll(async () => {
    relay1 = await scene.relay({ label: 'relay-1' });
    relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    [a, b] = await Promise.all([
      scene.node({ name: 'a@one.test', relays: [relay1.url] }),
      scene.node({ name: 'b@two.test', relays: [relay2.url] }),
    ]);
    await a.evalUntil(`net_adm:ping('b@two.test')`, 'pong', 20_000);
  });

  it.each(['b', 'a'] as const)('of the agent of %s: the node can be pinged again', async (which) => {
    explainFailure(scene);
    const node = which === 'a' ? a : b;
    const beam = await node.beamPid();
    const agent = await node.agentPid();
    killPid(agent, 'SIGKILL');
    await eventually(() => !isAlive(agent), { what: `agent ${agent} to be gone` });
    await a.evalUntil(`net_adm:ping('b@two.test')`, 'pong', 30_000);
    expect(await b.ping(a)).toBe('pong');
    expect(await node.beamPid()).toBe(beam);
    expect(await node.agentPid()).not.toBe(agent);
  });

  it.each([1, 2] as const)("of relay %i's worker: the nodes can ping again", async (which) => {
    explainFailure(scene);
    const relay = which === 1 ? relay1 : relay2;
    const workers = relay.workerPids();
    expect(workers.length).toBeGreaterThan(0);
    for (const pid of workers) killPid(pid, 'SIGKILL');
    await eventually(() => relay.workerPids().some((pid) => !workers.includes(pid)), {
      what: 'a new worker',
      timeoutMs: 15_000,
    });
    await a.evalUntil(
      `[erlang:disconnect_node(N) || N <- nodes()], net_adm:ping('b@two.test')`,
      'pong',
      40_000,
    );
    expect(relay.process.isRunning).toBe(true);
  });

  it('of the BEAM ends its agent, too', async () => {
    explainFailure(scene);
    const agents = await Promise.all([a.agentPid(), b.agentPid()]);
    await Promise.all([a.kill(), b.kill()]);
    await eventually(() => agents.every((pid) => !isAlive(pid)), {
      what: 'the agents of dead BEAMs to end',
      timeoutMs: 10_000,
    });
  });
});
