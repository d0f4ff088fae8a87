import { randomBytes } from 'node:crypto';
import { deriveTunnelKey } from '@macula/crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Fixture, type Linked, type Node, received, type Watched, watch } from '../test/fixture.js';
import type { TestRelay } from '../test/test-relay.js';

const key = deriveTunnelKey(Buffer.from('cookie'));

let fixture: Fixture;
let relays: TestRelay[];
let a: Node;
let b: Node;
/** What happened to each end's tunnel. */
let told: string[];

beforeEach(async () => {
  fixture = new Fixture();
  relays = [await fixture.relay('relay1'), await fixture.relay('relay2')];
  const urls = relays.map(({ url }) => url);
  a = fixture.mesh('a@x', { relays: urls, transport: fixture.paths('a') });
  b = fixture.mesh('b@x', { relays: urls, transport: fixture.paths('b') });
  told = [];
});
afterEach(async () => {
  await fixture.close();
});

/** A tunnel from a to b with a local socket at either end. */
async function link(): Promise<Linked> {
  await joined();
  return linkFrom(a, b);
}

async function joined(): Promise<void> {
  for (const { mesh } of [a, b]) mesh.start();
  await Promise.all([a.mesh.joined(), b.mesh.joined()]);
}

function linkFrom(from: Node, to: Node): Promise<Linked> {
  return fixture.link(from, to, key, watchAll);
}

function watchAll(end: string, tunnel: Watched['tunnel']): Watched {
  return watch(tunnel, {
    onDetached: ({ reason }) => told.push(`${end} ${reason}`),
    onResumed: ({ reattachments }) => told.push(`${end} resumed ${reattachments}`),
  });
}

describe('a tunnel whose relay is lost', () => {
  it('goes on over the next relay, byte for byte in both directions', async () => {
    const { near, far, nearNode, farNode } = await link();
    const [there, back] = [received(farNode), received(nearNode)];
    const [sent, answered] = [randomBytes(600_000), randomBytes(600_000)];
    nearNode.write(sent.subarray(0, 300_000));
    farNode.write(answered.subarray(0, 300_000));
    await relays[0]!.close();
    nearNode.write(sent.subarray(300_000));
    farNode.write(answered.subarray(300_000));
    await vi.waitFor(() => expect(there().length + back().length).toBe(1_200_000), { timeout: 5000 });
    expect(there().equals(sent)).toBe(true);
    expect(back().equals(answered)).toBe(true);
    for (const { tunnel } of [near, far])
      expect(tunnel.metrics()).toMatchObject({ state: 'open', reattachments: 1 });
    for (const end of ['near', 'far'])
      expect(told.filter((what) => what.startsWith(end)).at(-1)).toBe(`${end} resumed 1`);
    expect(near.tunnel.path).toMatchObject({ relay: relays[1]!.url });
    expect(far.tunnel.path).toMatchObject({ relay: relays[1]!.url });
  });

  it('goes on though somebody else holds the name of the other node there', async () => {
    const squatter = fixture.mesh('b@x', { relays: [relays[1]!.url] });
    squatter.mesh.start();
    await squatter.mesh.joined();
    const { near, far, nearNode, farNode } = await link();
    const there = received(farNode);
    await relays[0]!.close();
    nearNode.write('the real one');
    await vi.waitFor(() => expect(there().toString()).toBe('the real one'), { timeout: 10_000 });
    // For long enough that three answers of the squatter would have been believed.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    for (const { tunnel } of [near, far]) expect(tunnel.metrics().state).toBe('open');
    expect(squatter.incoming).toEqual([]);
  });

  it('ends at both ends when its window is over, and says why', async () => {
    await fixture.close();
    fixture = new Fixture();
    const relay = await fixture.relay();
    const more = { tunnelLimits: { windowMs: 300 } };
    a = fixture.mesh('a@x', { relays: [relay.url], more });
    b = fixture.mesh('b@x', { relays: [relay.url], more });
    const { near, far } = await link();
    await relay.close();
    expect(await near.ended).toMatchObject({ reason: 'window_over', byPeer: false });
    expect(near.tunnel.path).toBeUndefined();
    expect(await far.ended).toMatchObject({ reason: 'window_over', byPeer: false });
  });

  it('ends when the other agent knows nothing of it any more', async () => {
    const { near, nearNode } = await link();
    await relays[0]!.close();
    // As if it had been killed: nobody is told.
    for (let path = 1; path < 200; path++) fixture.network.partition(`b#${path}`, 'relay2');
    const again = fixture.mesh('b@x', { relays: [relays[1]!.url] });
    again.mesh.start();
    nearNode.write('who is there?');
    expect(await near.ended).toMatchObject({ reason: 'unknown_tunnel' });
    expect(again.incoming).toEqual([]);
  });
});

it('ends at the responder, too, when the agent of the initiator knows nothing of it any more', async () => {
  const { far } = await link();
  await relays[0]!.close();
  // As if it had been killed: nobody is told.
  await fixture.network.partition('a#1', 'relay2');
  await fixture.network.partition('a#2', 'relay2');
  const again = fixture.mesh('a@x', { relays: [relays[1]!.url] });
  again.mesh.start();
  expect(await far.ended).toMatchObject({ reason: 'unknown_tunnel' });
});

it('of three tunnels of one pair, two of them begun by both at once, each goes on with its own bytes, and the end of one is none of the other', async () => {
  await joined();
  const links = [...(await Promise.all([linkFrom(a, b), linkFrom(b, a)])), await linkFrom(a, b)];
  const transfers = links.flatMap(({ nearNode, farNode }) => [
    { from: nearNode, received: received(farNode), sent: randomBytes(400_000) },
    { from: farNode, received: received(nearNode), sent: randomBytes(400_000) },
  ]);
  for (const { from, sent } of transfers) from.write(sent.subarray(0, 200_000));
  await relays[0]!.close();
  for (const { from, sent } of transfers) from.write(sent.subarray(200_000));
  await vi.waitFor(
    () => expect(transfers.map((transfer) => transfer.received().length)).toEqual(Array(6).fill(400_000)),
    { timeout: 5000 },
  );
  for (const transfer of transfers) expect(transfer.received().equals(transfer.sent)).toBe(true);
  for (const { near, far } of links) {
    const gone = { state: 'open', reattachments: 1 };
    expect(near.tunnel.metrics()).toMatchObject({ ...gone, bytesIn: 400_000 });
    expect(far.tunnel.metrics()).toMatchObject({ ...gone, bytesIn: 400_000 + 'hello'.length });
  }

  const [first, other, third] = links as [Linked, Linked, Linked];
  for (const { near } of [other, third])
    near.tunnel.close('beam_closed', 'the node has closed its connection');
  for (const { far } of [other, third])
    expect(await far.ended).toMatchObject({ reason: 'beam_closed', byPeer: true });
  first.nearNode.write('still there');
  await vi.waitFor(() => expect(transfers[0]!.received().subarray(400_000).toString()).toBe('still there'));
  expect(first.near.tunnel.metrics().state).toBe('open');
});

describe('a tunnel that is ended while it has no path', () => {
  it('says so at the other end as soon as there is one', async () => {
    const { near, far, nearNode, farNode } = await link();
    const there = received(farNode);
    nearNode.write('all of this');
    await vi.waitFor(() => expect(there().toString()).toBe('all of this'));
    await relays[0]!.close();
    far.tunnel.close('beam_closed', 'the node has closed its connection');
    expect(await near.ended).toMatchObject({ reason: 'beam_closed', byPeer: true });
  });
});

describe('a session whose relay is about to stop', () => {
  it('is replaced by one with another relay, and its tunnels move before it stops', async () => {
    const { near, far, nearNode, farNode } = await link();
    const there = received(farNode);
    nearNode.write('before');
    await vi.waitFor(() => expect(there().toString()).toBe('before'));
    for (const session of relays[0]!.sessions) session.send({ kind: 'draining' });
    const renewed = { kind: 'session_renewed', why: 'draining', relay: relays[1]!.url };
    for (const node of [a, b])
      await vi.waitFor(() => expect(node.events.at(-1)).toMatchObject(renewed), { timeout: 5000 });
    nearNode.write(' and after');
    await vi.waitFor(() => expect(there().toString()).toBe('before and after'), { timeout: 5000 });
    for (const { tunnel } of [near, far])
      await vi.waitFor(() => expect(tunnel.path).toMatchObject({ relay: relays[1]!.url }), { timeout: 5000 });
    await vi.waitFor(() => expect(relays[0]!.sessions.size).toBe(0), { timeout: 5000 });
    await relays[0]!.close();
    nearNode.write(', too');
    await vi.waitFor(() => expect(there().toString()).toBe('before and after, too'));
  });

  it('keeps a tunnel that can not move until it stops', async () => {
    await fixture.close();
    fixture = new Fixture();
    relays = [await fixture.relay('relay1'), await fixture.relay('relay2')];
    const urls = relays.map(({ url }) => url);
    a = fixture.mesh('a@x', { relays: urls, protocol: 1 });
    b = fixture.mesh('b@x', { relays: urls, protocol: 1 });
    const { near, nearNode, farNode } = await link();
    const there = received(farNode);
    for (const session of relays[0]!.sessions) session.send({ kind: 'draining' });
    for (const node of [a, b])
      await vi.waitFor(() => expect(node.events.at(-1)?.kind).toBe('session_renewed'), { timeout: 5000 });
    nearNode.write('still');
    await vi.waitFor(() => expect(there().toString()).toBe('still'));
    await relays[0]!.close();
    expect(await near.ended).toMatchObject({ reason: 'relay_lost' });
  });
});
