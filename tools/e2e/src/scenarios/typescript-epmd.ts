import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { BeamError, type BeamEvent, BeamNode, registeredNodes } from '@macula/client';
import {
  atom,
  decodeEpmdResponse,
  type EpmdRequest,
  encodeEpmdRequest,
  encodeEpmdResponse,
} from '@macula/dist-protocol';
import { eventually, freePorts, type ManagedProcess, type Scene, TinyEpmd } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'a TypeScript node at the real EPMD: found by name, finds others, name taken, EPMD restarted; and nodes of Erlang at one in TypeScript',
  drivers: ['local'],
  programs: ['epmd'],
  waits: true,
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
    const downs: string[] = [];
    const onEvent = ({ kind }: BeamEvent) => kind === 'nodedown' && downs.push(kind);
    const node = await BeamNode.start({ ...options, onEvent });
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
      downs.length = 0;
      assert.equal(await node.ping(erlang.name), 'pong');
      const dialledMs = performance.now();
      assert.equal(await node.ping('nobody@127.0.0.1'), 'pang');
      const box = node.spawn({ name: 'box' });
      await erlang.gives(`{box, '${node.name}'} ! self(), ok`, 'ok');
      await box.receive({ timeoutMs: 5_000 });

      const taken = await BeamNode.start(options).catch((thrown: unknown) => thrown);
      assert.ok(taken instanceof BeamError && taken.code === 'name_taken', String(taken));
      await saysTheSame(epmdPort!);

      // A new EPMD knows nobody; both nodes register again, and the connection has not noticed.
      daemon.signal('SIGKILL');
      await daemon.ended;
      daemon = startEpmd();
      await isUp();
      await eventually(async () => (await names()).includes('ts'), {
        what: 'ts to register again',
        timeoutMs: 15_000,
      });
      // Longer than dialling may take, which is no matter of a connection that stands.
      await sleep(Math.max(0, dialledMs + 8_000 - performance.now()));
      assert.equal(await node.erpc(erlang.name, 'erlang', 'node', []), atom(erlang.name));
      assert.deepEqual(downs, []);
    } finally {
      await node.close();
    }
    await eventually(async () => !(await registeredNodes(epmd)).some(({ name }) => name === 'ts'), {
      what: 'the name to be given back',
    });
    await atTinyEpmd(scene);
  },
};

/** What the real EPMD answers is, byte for byte, what the codec says in its place. */
async function saysTheSame(port: number): Promise<void> {
  const questions: readonly EpmdRequest[] = [
    { kind: 'names' },
    { kind: 'port', name: 'ts' },
    { kind: 'port', name: 'stock' },
    { kind: 'port', name: 'nobody' },
    { kind: 'alive', name: 'stock', port: 1, isHidden: false },
  ];
  for (const question of questions) {
    const bytes = await answerOf(port, encodeEpmdRequest(question));
    const answer = decodeEpmdResponse(question, bytes, true)!;
    if (answer.kind === 'name_taken') {
      // What stands where the creation would is whatever EPMD had there.
      assert.equal(bytes.toString('hex', 0, 2), '7601');
      assert.equal(encodeEpmdResponse(question, answer).length, bytes.length);
    } else assert.deepEqual(Buffer.from(encodeEpmdResponse(question, answer)), bytes, question.kind);
  }
}

/** Everything that comes for a question; a registration that is refused is ended by this side. */
function answerOf(port: number, question: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect({ host: '127.0.0.1', port });
    socket.write(question);
    socket.on('data', (part) => {
      parts.push(part);
      if (question[2] === 120) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(parts)));
  });
}

/** Nodes of Erlang register at an EPMD of the same codec, find each other, and don't tell it from the real one. */
async function atTinyEpmd(scene: Scene): Promise<void> {
  const [port] = await freePorts(1);
  const tiny = await TinyEpmd.start(port!);
  try {
    const plain = { carrier: 'plain', env: { ERL_EPMD_PORT: String(port) } } as const;
    const one = await scene.node({ name: 'one@127.0.0.1', ...plain });
    const two = await scene.node({ name: 'two@127.0.0.1', ...plain });
    assert.deepEqual(tiny.names, ['one', 'two']);
    await one.gives(
      '{ok, Names} = net_adm:names("127.0.0.1"), lists:sort([N || {N, _} <- Names])',
      '["one","two"]',
    );
    await one.gives('erts_internal:get_creation()', '4');
    assert.deepEqual([await one.ping(two), await two.ping('nobody@127.0.0.1')], ['pong', 'pang']);
    await two.kill();
    await eventually(() => tiny.names.length === 1, { what: 'the name to be given back' });
    assert.deepEqual(tiny.errors, []);
  } finally {
    tiny.close();
  }
}
