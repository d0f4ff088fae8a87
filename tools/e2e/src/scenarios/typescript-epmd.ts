import assert from 'node:assert/strict';
import { BeamError, BeamNode, registeredNodes } from '@macula/client';
import { atom } from '@macula/dist-protocol';
import { eventually, freePorts, type ManagedProcess } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary: 'a TypeScript node at the real EPMD: found by name, finds others, name taken, EPMD restarted',
  drivers: ['local'],
  programs: ['epmd'],
  async run({ scene }) {
    const [epmdPort] = await freePorts(1);
    const epmd = { host: '127.0.0.1', port: epmdPort! };
    const startEpmd = (): ManagedProcess =>
      scene.process({
        label: 'epmd',
        command: 'epmd',
        args: ['-port', String(epmdPort), '-relaxed_command_check'],
        env: scene.environment(),
        otp: scene.otps[0]!,
      });
    let daemon = startEpmd();
    const isUp = () => eventually(() => registeredNodes(epmd, { timeoutMs: 1_000 }), { what: 'EPMD' });
    await isUp();
    const plain = { carrier: 'plain', env: { ERL_EPMD_PORT: String(epmdPort) } } as const;
    const erlang = await scene.node({ name: 'stock@127.0.0.1', ...plain });
    const options = { name: 'ts@127.0.0.1', cookie: 'E2E_COOKIE', listen: { host: '127.0.0.1' }, epmd };
    const node = await BeamNode.start(options);
    try {
      const names = async () => (await registeredNodes(epmd)).map(({ name }) => name).sort();
      assert.deepEqual(await names(), ['stock', 'ts']);
      await erlang.gives(
        '{ok, Names} = erl_epmd:names("127.0.0.1"), lists:sort([N || {N, _} <- Names])',
        '["stock","ts"]',
      );
      assert.equal(await erlang.ping(node.name), 'pong');
      assert.equal(node.disconnect(erlang.name), true);
      await erlang.evalUntil('nodes(connected)', '[]');
      assert.equal(await node.ping(erlang.name), 'pong');
      assert.equal(await node.ping('nobody@127.0.0.1'), 'pang');
      const box = node.spawn({ name: 'box' });
      await erlang.gives(`{box, '${node.name}'} ! self(), ok`, 'ok');
      await box.receive({ timeoutMs: 5_000 });

      const taken = await BeamNode.start(options).catch((thrown: unknown) => thrown);
      assert.ok(taken instanceof BeamError && taken.code === 'name_taken', String(taken));

      // A new EPMD knows nobody; both nodes register again, and the connection has not noticed.
      daemon.signal('SIGKILL');
      await daemon.ended;
      daemon = startEpmd();
      await isUp();
      await eventually(async () => (await names()).includes('ts'), {
        what: 'ts to register again',
        timeoutMs: 15_000,
      });
      assert.equal(await node.erpc(erlang.name, 'erlang', 'node', []), atom(erlang.name));
    } finally {
      await node.close();
    }
    await eventually(async () => !(await registeredNodes(epmd)).some(({ name }) => name === 'ts'), {
      what: 'the name to be given back',
    });
  },
};
