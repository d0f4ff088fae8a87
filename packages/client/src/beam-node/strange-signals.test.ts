import {
  atom,
  DistFlag,
  NativeRecord,
  Pid,
  Reference,
  supportedFlags,
  type Term,
  tuple,
} from '@macula/dist-protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { rawPeer } from '../../test/raw-peer.js';
import { type BeamEvent, BeamNode } from './index.js';

let node: BeamNode;
afterEach(() => node.close());

describe('a group leader', () => {
  it('may be a process of any node', async () => {
    node = await BeamNode.start({ name: 'ann@h', cookie: 'SECRET' });
    const bob = await rawPeer(node, 'bob@h');
    const { pid: led, receive } = box(node);
    for (const from of [led, bob.pid, new Pid({ ...bob.pid, node: atom('eve@h') })])
      bob.send({ kind: 'group_leader', from, to: led });
    bob.send({ kind: 'send', from: bob.pid, to: led, message: 1 });
    expect(await receive()).toBe(1);
    expect(node.nodes()).toHaveLength(1);
  });
});

describe('a request for a process that can not be read', () => {
  it('is refused: who has made it would wait for ever', async () => {
    const unreadable: string[] = [];
    node = await BeamNode.start({
      name: 'ann@h',
      cookie: 'SECRET',
      onEvent: (event) => {
        if (event.kind === 'unreadable') unreadable.push(`${event.node} ${event.error.message}`);
      },
    });
    const bob = await rawPeer(node, 'bob@h');
    let deep: Term = [];
    for (let level = 0; level < 600; level++) deep = tuple(deep);
    bob.send({
      kind: 'spawn_request',
      requestId: new Reference({ node: bob.pid.node, creation: 9, words: [5, 6, 7] }),
      from: bob.pid,
      groupLeader: bob.pid,
      module: atom('erpc'),
      functionName: atom('execute_call'),
      args: [deep],
      options: [atom('monitor')],
    });
    await vi.waitFor(() => expect(bob.signals).toHaveLength(1));
    expect(bob.signals).toMatchObject([
      { kind: 'spawn_reply', requestId: { words: [5, 6, 7] }, to: { id: 7 }, result: atom('system_limit') },
    ]);
    expect(unreadable).toEqual(['bob@h term nested deeper than 512']);
  });
});

describe('a native record for a node that knows none', () => {
  const record = new NativeRecord({ module: atom('m'), name: atom('r'), flags: 0, fields: [] });
  const before29 = supportedFlags & ~DistFlag.nativeRecords;

  it('is told to who sends it, and the connection lives on', async () => {
    node = await BeamNode.start({ name: 'ann@h', cookie: 'SECRET' });
    const bob = await rawPeer(node, 'bob@h', before29);
    expect(() => node.send(bob.pid, tuple(record))).toThrow(/OTP 29/);
    node.send(bob.pid, 1);
    await vi.waitFor(() => expect(bob.signals).toMatchObject([{ kind: 'send', message: 1 }]));
  });

  it('that waited for its connection is an event, and what came with it arrives', async () => {
    const events: BeamEvent[] = [];
    node = await BeamNode.start({
      name: 'ann@h',
      cookie: 'SECRET',
      open: () => new Promise(() => {}),
      onEvent: (event) => events.push(event),
    });
    const box = { name: 'box', node: 'bob@h' };
    for (const message of [1, record, 2]) node.send(box, message);
    const bob = await rawPeer(node, 'bob@h', before29);
    await vi.waitFor(() => expect(bob.signals).toMatchObject([{ message: 1 }, { message: 2 }]));
    expect(events).toMatchObject([
      { kind: 'nodeup' },
      { kind: 'unsendable', node: 'bob@h', error: { code: 'invalid_term' } },
    ]);
  });
});

function box(of: BeamNode) {
  const process = of.spawn();
  return { pid: process.pid, receive: () => process.receive({ timeoutMs: 2_000 }) };
}
