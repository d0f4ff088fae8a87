import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { BeamNode } from '@macula/client';
import { atom, formatTerm, isTuple, type Term, tuple } from '@macula/dist-protocol';
import { freePorts, type OtpNode, typescriptNode } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const large = 1_000_000_000;
const numbers = 100_000;

export const scenario: Scenario = {
  summary:
    'a TypeScript node and one of Erlang: 100,000 messages in order and 1 GB in one message, each way, while calls pass and nobody misses a tick',
  seconds: 180,
  isLong: true,
  isAlone: true,
  drivers: ['local'],
  async run({ scene, figure }) {
    const [port] = await freePorts(1);
    // Shorter than what follows takes: four ticks without an answer would end the connection.
    const flags = ['-kernel', 'net_ticktime', '4'];
    const erlang = await scene.node({ name: `erl-${port}@127.0.0.1`, carrier: 'tcp', flags });
    await erlang.gives('{macula_e2e_typescript:start(), macula_e2e_typescript:hasher()}', '{ok,true}');
    const downs: string[] = [];
    const node = await typescriptNode({
      netTicktime: 4,
      onEvent: (event) => {
        if (event.kind !== 'nodeup') downs.push(event.kind);
      },
    });
    try {
      await inOrder(node, erlang, figure);
      const calls = await beside(() => inFragments(node, erlang, figure));
      figure('calls beside', String(calls));
      assert.ok(calls > 10, `${calls} calls passed beside 2 GB`);
      // Longer than a tick time of silence: only ticks keep it.
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      assert.equal(await node.erpc(erlang.name, 'erlang', 'node', []), atom(erlang.name));
      assert.deepEqual(downs, []);
    } finally {
      await node.close();
    }

    /** Calls while something runs, and how many were answered. */
    async function beside(run: () => Promise<void>): Promise<number> {
      let isOver = false;
      let count = 0;
      const running = run().finally(() => {
        isOver = true;
      });
      while (!isOver) {
        await node.call({ name: 'server', node: erlang.name }, tuple(atom('echo'), count), {
          timeoutMs: 20_000,
        });
        count += 1;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await running;
      return count;
    }
  },
};

type Figure = (name: string, value: string) => void;

async function inOrder(node: BeamNode, erlang: OtpNode, figure: Figure): Promise<void> {
  await erlang.gives(`macula_e2e_typescript:counter(${numbers})`, 'true');
  const sender = node.spawn();
  const payload = new Uint8Array(64).fill(7);
  const outMs = await timed(async () => {
    for (let number = 1; number <= numbers; number++)
      sender.send({ name: 'counter', node: erlang.name }, tuple(number, payload));
    await erlang.gives('macula_e2e_typescript:counted(counter)', 'ok', 70_000);
  });
  figure('messages out', `${Math.round(numbers / outMs)}k/s`);
  let next = 1;
  const wrong: string[] = [];
  const counted = new Promise<void>((resolve) => {
    node.register('counter', (message) => {
      const [number, bytes] = isTuple(message, 2) ? message.elements : [];
      if (number !== next || !(bytes instanceof Uint8Array) || bytes.length !== 64)
        wrong.push(`${formatTerm(message)} instead of ${next}`);
      next += 1;
      if (next > numbers) resolve();
    });
  });
  const inMs = await timed(async () => {
    await erlang.gives(
      `macula_e2e_typescript:send_numbers({counter, '${node.name}'}, ${numbers}, 64)`,
      'ok',
      60_000,
    );
    await counted;
  });
  figure('messages in', `${Math.round(numbers / inMs)}k/s`);
  assert.deepEqual(wrong.slice(0, 3), []);
}

async function inFragments(node: BeamNode, erlang: OtpNode, figure: Figure): Promise<void> {
  const box = node.spawn();
  const bytes = Buffer.alloc(large, '0123456789abcdef');
  const hash = createHash('sha256').update(bytes).digest();
  const outMs = await timed(async () => {
    box.send({ name: 'hasher', node: erlang.name }, tuple(atom('hash'), box.pid, bytes));
    const answer = await box.receive({ timeoutMs: 80_000 });
    assert.equal(formatTerm(answer), formatTerm(tuple(atom('hashed'), large, hash)));
  });
  figure('1 GB out', `${Math.round(large / outMs / 1_000)} MB/s`);
  const inMs = await timed(async () => {
    await node.spawnRequest(erlang.name, 'macula_e2e_typescript', 'send_large', [box.pid, large]);
    const [, came] = (await box.receive({ timeoutMs: 80_000 })) as unknown as [Term, Uint8Array];
    const [, said] = (await box.receive({ timeoutMs: 20_000 })) as unknown as [Term, Uint8Array];
    assert.equal(came.length, large);
    assert.deepEqual(createHash('sha256').update(came).digest(), Buffer.from(said));
  });
  figure('1 GB in', `${Math.round(large / inMs / 1_000)} MB/s`);
}

async function timed(run: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await run();
  return performance.now() - startMs;
}
