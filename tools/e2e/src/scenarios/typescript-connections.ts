import assert from 'node:assert/strict';
import { BeamError, type BeamEvent, type BeamNode } from '@macula/client';
import { atom, HandshakeError } from '@macula/dist-protocol';
import { eventually, freePorts, typescriptNode } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const rounds = 20;

export const scenario: Scenario = {
  summary:
    'how a TypeScript node and one of Erlang get connected: both at once, hidden or not, with another cookie, not allowed, after a restart',
  drivers: ['local'],
  async run({ scene, figure }) {
    const [port] = await freePorts(1);
    const start = () => scene.node({ name: `m-${port}@127.0.0.1`, carrier: 'tcp' });
    let erlang = await start();
    const nodes: BeamNode[] = [];
    const startTypescript = async (...args: Parameters<typeof typescriptNode>): Promise<BeamNode> => {
      const node = await typescriptNode(...args);
      nodes.push(node);
      return node;
    };
    try {
      await bothAtOnce();
      await visible();
      await anotherCookie();
      await notAllowed();
      await restarted();
    } finally {
      await Promise.all(nodes.map((node) => node.close()));
    }

    /** Of a name that is smaller, and one that is greater: each has to give way in one case. */
    async function bothAtOnce(): Promise<void> {
      for (const label of ['a', 'z']) {
        const events: BeamEvent[] = [];
        const node = await startTypescript({ onEvent: (event) => events.push(event) }, label);
        for (let round = 0; round < rounds; round++) {
          const [theirs, ours] = await Promise.all([erlang.ping(node.name), node.ping(erlang.name)]);
          assert.deepEqual([theirs, ours], ['pong', 'pong'], `round ${round} of ${label}`);
          assert.equal(node.disconnect(erlang.name), true);
          await erlang.evalUntil('nodes(connected)', '[]');
        }
        await eventually(() => events.filter(({ kind }) => kind === 'nodedown').length === rounds, {
          what: 'events',
        });
        assert.deepEqual(
          events.map((event) => (event.kind === 'connect_failed' ? String(event.error) : event.kind)),
          Array.from({ length: rounds }, () => ['nodeup', 'nodedown']).flat(),
          'one connection each time',
        );
      }
      figure('both at once', `${2 * rounds} times`);
    }

    async function visible(): Promise<void> {
      const node = await startTypescript({ hidden: false }, 'v');
      await erlang.gives('net_kernel:monitor_nodes(true)', 'ok');
      await node.connect(erlang.name);
      await erlang.gives('{nodes(), nodes(hidden)}', `{['${node.name}'],[]}`);
      assert.deepEqual(
        node.nodes().map(({ name, isHidden }) => [name, isHidden]),
        [[erlang.name, false]],
      );
      await node.close();
      await erlang.evalUntil('nodes()', '[]');
    }

    async function anotherCookie(): Promise<void> {
      const events: BeamEvent[] = [];
      const node = await startTypescript({ cookie: 'OTHER', onEvent: (event) => events.push(event) }, 'c');
      assert.equal(await node.ping(erlang.name), 'pang');
      const error = await node.connect(erlang.name).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof BeamError && error.code === 'noconnection', String(error));
      assert.ok(error.cause instanceof HandshakeError && error.cause.code === 'wrong_cookie', error.message);
      assert.equal(await erlang.ping(node.name), 'pang');
      await eventually(() => events.some(({ kind }) => kind === 'connect_failed'), { what: 'the event' });
      // One cookie for this node alone, as erlang:set_cookie/2.
      await erlang.gives(`erlang:set_cookie('${node.name}', 'OTHER')`, 'true');
      assert.equal(await node.ping(erlang.name), 'pong');
    }

    async function notAllowed(): Promise<void> {
      const node = await startTypescript({ allow: (name) => name !== erlang.name }, 'n');
      assert.equal(await erlang.ping(node.name), 'pang');
      assert.deepEqual(node.nodes(), []);
      await erlang.gives("net_kernel:allow(['other@host'])", 'ok');
      const other = await startTypescript({}, 'o');
      const error = await other.connect(erlang.name).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof BeamError && error.cause instanceof HandshakeError, String(error));
      assert.equal(error.cause.code, 'not_allowed');
    }

    /** A new life of a name: what belonged to the former one is gone, and its pids reach nobody. */
    async function restarted(): Promise<void> {
      await erlang.kill();
      erlang = await start();
      await erlang.gives('macula_e2e_typescript:start()', 'ok');
      const events: string[] = [];
      const node = await startTypescript({ onEvent: ({ kind }) => events.push(kind) }, 'r');
      const reasons: string[] = [];
      await node.ping(erlang.name);
      const [before] = node.nodes();
      const pid = await node.spawnRequest(erlang.name, 'timer', 'sleep', [60_000]);
      node.monitor(pid, (reason) => reasons.push(String(reason)));
      await node.ping(erlang.name);
      await erlang.kill();
      await eventually(() => reasons.length > 0, { what: 'the end of the node to be seen' });
      erlang = await start();
      assert.equal(await node.ping(erlang.name), 'pong');
      assert.notEqual(node.nodes()[0]?.creation, before?.creation);
      node.monitor(pid, (reason) => reasons.push(String(reason)));
      await eventually(() => reasons.length > 1, { what: 'the former pid to be nobody' });
      assert.deepEqual(reasons, ['noconnection', 'noproc']);
      assert.deepEqual(events, ['nodeup', 'nodedown', 'nodeup']);
      // And a new life of this node, of which Erlang knows another creation.
      const { name } = node;
      const [, again] = /-(\d+)@/.exec(name) ?? [];
      await erlang.gives('macula_e2e_typescript:start()', 'ok');
      const process = node.spawn();
      process.send({ name: 'keeper', node: erlang.name }, process.pid);
      await erlang.evalUntil('is_pid(macula_e2e_typescript:received())', 'true');
      await node.close();
      await erlang.evalUntil('nodes(connected)', '[]');
      const reborn = await startTypescript({
        name,
        listen: { host: '127.0.0.1', port: Number(again), register: false },
      });
      const box = reborn.spawn({ name: 'box' });
      assert.equal(await erlang.ping(name), 'pong');
      await erlang.gives(`{box, '${name}'} ! hello, ok`, 'ok');
      assert.equal(await box.receive({ timeoutMs: 5_000 }), atom('hello'));
      // The pid of the former life has the number of one of this life, and means nobody all the same.
      await erlang.gives(
        'Ref = monitor(process, macula_e2e_typescript:received()), receive {_, Ref, _, _, Why} -> Why after 5000 -> none end',
        'noproc',
      );
    }
  },
};
