import { atom, Pid } from '@macula/dist-protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { rawPeer } from '../../test/raw-peer.js';
import { BeamNode } from './index.js';

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

function box(of: BeamNode) {
  const process = of.spawn();
  return { pid: process.pid, receive: () => process.receive({ timeoutMs: 2_000 }) };
}
