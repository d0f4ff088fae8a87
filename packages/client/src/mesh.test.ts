import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { deriveTunnelKey } from '@macula/crypto';
import type { Open } from '@macula/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fixture, type Node, type Watched, watch } from '../test/fixture.js';
import { localCloseDelayMs } from './limits.js';

const key = deriveTunnelKey(Buffer.from('cookie'));
const otherKey = deriveTunnelKey(Buffer.from('other cookie'));

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture();
});
afterEach(async () => {
  await fixture.close();
});

/** Two nodes with a tunnel, their local ends, and the sockets the nodes hold. */
async function tunnelBetween(a: Node, b: Node): Promise<{ out: Watched; in: Watched; a: Socket; b: Socket }> {
  const accepted = new Promise<Watched>((resolve) => {
    b.onIncoming = (request) => resolve(watch(request.accept({ key })!));
  });
  const out = watch(a.mesh.connect({ from: a.name, to: b.name, key }));
  const incoming = await accepted;
  await incoming.ready;
  const farSockets = await fixture.socketPair();
  incoming.tunnel.attachLocal(farSockets.agent);
  await out.ready;
  const nearSockets = await fixture.socketPair();
  out.tunnel.attachLocal(nearSockets.agent);
  return { out, in: incoming, a: nearSockets.node, b: farSockets.node };
}

async function joinedPair(): Promise<{ a: Node; b: Node }> {
  await fixture.relay();
  const [a, b] = ['a@x', 'b@x'].map((name) => fixture.mesh(name, { relays: ['quic://relay:4433'] })) as [
    Node,
    Node,
  ];
  a.mesh.start();
  b.mesh.start();
  await Promise.all([a.mesh.joined(), b.mesh.joined()]);
  return { a, b };
}

/** SHA-256 of the next `byteCount` bytes. */
function hashOf(socket: Socket, byteCount: number): Promise<string> {
  const hash = createHash('sha256');
  let seen = 0;
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk) => {
      hash.update(chunk);
      seen += chunk.length;
      if (seen === byteCount) resolve(hash.digest('hex'));
      else if (seen > byteCount) reject(new Error(`${seen} bytes instead of ${byteCount}`));
    });
    socket.on('close', () => reject(new Error(`closed after ${seen} of ${byteCount} bytes`)));
  });
}

describe('a mesh', () => {
  it('joins, and says through which relay', async () => {
    const { a } = await joinedPair();
    expect(a.events).toEqual([expect.objectContaining({ kind: 'session_up', relay: 'quic://relay:4433' })]);
    expect(a.mesh.status()).toMatchObject({
      realm: 'io.macula',
      names: ['a@x'],
      relays: [{ state: 'connected' }],
    });
  });

  it('carries bytes both ways at once, exactly', async () => {
    const { a, b } = await joinedPair();
    const tunnel = await tunnelBetween(a, b);
    const [forward, backward] = [randomBytes(8_000_000), randomBytes(5_000_000)];
    const [seenByB, seenByA] = [hashOf(tunnel.b, forward.length), hashOf(tunnel.a, backward.length)];
    tunnel.a.write(forward);
    tunnel.b.write(backward);
    expect(await seenByB).toBe(createHash('sha256').update(forward).digest('hex'));
    expect(await seenByA).toBe(createHash('sha256').update(backward).digest('hex'));
    expect(tunnel.out.tunnel.tunnelId).toEqual(tunnel.in.tunnel.tunnelId);
    expect(tunnel.out.tunnel.metrics()).toMatchObject({ bytesOut: forward.length, bytesIn: backward.length });
  });

  it('goes on to another relay when the first says GOODBYE right behind WELCOME', async () => {
    const [fickle, steady] = [await fixture.relay('fickle'), await fixture.relay('steady')];
    fickle.behindWelcome = [{ kind: 'goodbye', code: 'busy', text: '' }];
    const a = fixture.mesh('a@x', { relays: ['quic://fickle:4433', 'quic://steady:4433'] });
    a.mesh.start();
    await expect.poll(() => steady.route({ realm: 'io.macula', to: 'a@x' } as Open)).toBeDefined();
    await expect.poll(() => a.mesh.status().relays[1]?.state).toBe('connected');
  });

  it('advertises a name that was set while HELLO was under way', async () => {
    const relay = await fixture.relay();
    const a = fixture.mesh('a@x', { relays: ['quic://relay:4433'] });
    relay.onSession = () => void a.mesh.setNames(['b@x']);
    a.mesh.start();
    await a.mesh.joined();
    await expect.poll(() => [...relay.sessions].map(({ names }) => [...names])).toEqual([['b@x']]);
  });

  it('leaves a relay that floods it with PING and reads nothing', async () => {
    const relay = await fixture.relay();
    const a = fixture.mesh('a@x', { relays: ['quic://relay:4433'] });
    relay.onWelcomed = (session) => {
      session.stopReading();
      // 22 bytes each as PONG: 60,000 are above the 1 MiB that may wait.
      for (let n = 0; n < 60_000; n++) session.send({ kind: 'ping', number: 2 ** 40 + n });
    };
    a.mesh.start();
    await expect
      .poll(() => a.events.find(({ kind }) => kind === 'session_down'), { timeout: 5000 })
      .toMatchObject({ code: 'protocol_error' });
  });

  it('keeps what arrives before the local socket is attached', async () => {
    const { a, b } = await joinedPair();
    b.onIncoming = async (request) => {
      const incoming = watch(request.accept({ key })!);
      await incoming.ready;
      const { agent, node } = await fixture.socketPair();
      incoming.tunnel.attachLocal(agent);
      node.write('early');
    };
    const out = watch(a.mesh.connect({ from: 'a@x', to: 'b@x', key }));
    await out.ready;
    await expect.poll(() => out.tunnel.metrics().waitingBytes).toBe(5);
    const { agent, node } = await fixture.socketPair();
    out.tunnel.attachLocal(agent);
    expect(await hashOf(node, 5)).toBe(createHash('sha256').update('early').digest('hex'));
  });

  it('holds a sender back while the far node does not read, and loses nothing', async () => {
    const { a, b } = await joinedPair();
    const tunnel = await tunnelBetween(a, b);
    const bytes = randomBytes(30_000_000);
    tunnel.a.write(bytes);
    await once(tunnel.b, 'readable'); // something has arrived, nobody reads on
    await expect
      .poll(() => tunnel.out.tunnel.metrics().ringBytes, { timeout: 5000 })
      .toBeGreaterThan(256 * 1024);
    const { bytesOut } = tunnel.out.tunnel.metrics();
    expect(bytesOut).toBeLessThan(8_000_000);
    expect(await hashOf(tunnel.b, bytes.length)).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('delivers everything before the end when the near node closes', async () => {
    const { a, b } = await joinedPair();
    const tunnel = await tunnelBetween(a, b);
    const bytes = randomBytes(3_000_000);
    const seen = hashOf(tunnel.b, bytes.length);
    tunnel.a.end(bytes);
    expect(await seen).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(await tunnel.in.ended).toMatchObject({ reason: 'beam_closed', byPeer: true });
    await expect.poll(() => [a.mesh.status().tunnels, b.mesh.status().tunnels]).toEqual([0, 0]);
  });

  it('reports a wrong key on both sides, and delivers nothing', async () => {
    const { a, b } = await joinedPair();
    const accepted = new Promise<Watched>((resolve) => {
      b.onIncoming = (request) => resolve(watch(request.accept({ key: otherKey })!));
    });
    const out = watch(a.mesh.connect({ from: 'a@x', to: 'b@x', key }));
    expect(await out.ended).toMatchObject({ reason: 'decrypt_failed' });
    expect(await (await accepted).ended).toMatchObject({ reason: 'decrypt_failed' });
    const again = await tunnelBetween(a, b);
    expect(again.out.tunnel.role).toBe('initiator');
  });

  it('ends a tunnel whose bytes were changed on the way', async () => {
    const relay = await fixture.relay();
    const [a, b] = ['a@x', 'b@x'].map((name) => fixture.mesh(name, { relays: [relay.url] })) as [Node, Node];
    a.mesh.start();
    b.mesh.start();
    await Promise.all([a.mesh.joined(), b.mesh.joined()]);
    const tunnel = await tunnelBetween(a, b);
    relay.tamper = (bytes) => {
      const changed = Uint8Array.from(bytes);
      changed[changed.length - 1]! ^= 1;
      return changed;
    };
    tunnel.a.write('hello');
    expect(await tunnel.in.ended).toMatchObject({ reason: 'bad_tag' });
    const [chunk] = await Promise.race([
      once(tunnel.b, 'data'),
      once(tunnel.b, 'close').then(() => [undefined]),
    ]);
    expect(chunk).toBeUndefined();
  });

  it.each([
    ['an unknown name', 'nobody@x'],
    ['a name of another realm', 'c@x'],
  ])('answers %s with not_found', async (_what, to) => {
    const { a } = await joinedPair();
    const c = fixture.mesh('c@x', { relays: ['quic://relay:4433'], realm: 'other' });
    c.mesh.start();
    await c.mesh.joined();
    const { ended } = watch(a.mesh.connect({ from: 'a@x', to, key }));
    expect(await ended).toMatchObject({ reason: 'not_found' });
    expect(a.mesh.status().tunnels).toBe(0);
  });

  it('refuses with the code the node gave', async () => {
    const { a, b } = await joinedPair();
    b.onIncoming = (request) => request.refuse('refused', 'not today');
    const { ended } = watch(a.mesh.connect({ from: 'a@x', to: 'b@x', key }));
    expect(await ended).toMatchObject({ reason: 'refused', text: 'not today' });
  });

  it('warns when net_ticktime differs', async () => {
    await fixture.relay();
    const a = fixture.mesh('a@x', { relays: ['quic://relay:4433'], ticktime: 120 });
    const b = fixture.mesh('b@x', { relays: ['quic://relay:4433'], ticktime: 8 });
    for (const { mesh } of [a, b]) mesh.start();
    await Promise.all([a.mesh.joined(), b.mesh.joined()]);
    const tunnel = await tunnelBetween(a, b);
    expect([tunnel.out.warnings, tunnel.in.warnings]).toEqual([['ticktime_mismatch'], ['ticktime_mismatch']]);
  });

  it('speaks protocol 1 only where both ends are configured for it', async () => {
    await fixture.relay();
    const [a, b, c] = ([1, 1, 2] as const).map((protocol, index) =>
      fixture.mesh(`${'abc'[index]}@x`, { relays: ['quic://relay:4433'], protocol }),
    ) as [Node, Node, Node];
    for (const { mesh } of [a, b, c]) mesh.start();
    await Promise.all([a, b, c].map(({ mesh }) => mesh.joined()));
    const tunnel = await tunnelBetween(a, b);
    const bytes = randomBytes(1_000_000);
    const seen = hashOf(tunnel.b, bytes.length);
    tunnel.a.write(bytes);
    expect(await seen).toBe(createHash('sha256').update(bytes).digest('hex'));
    for (const [from, to] of [
      [a, c],
      [c, a],
    ] as const) {
      to.onIncoming = (request) => expect(request.accept({ key })).toBeUndefined();
      const { ended } = watch(from.mesh.connect({ from: from.name, to: to.name, key }));
      expect(await ended).toMatchObject({ reason: 'version_unsupported' });
    }
  });

  it('tells the peer of names advertised and withdrawn later', async () => {
    const { a, b } = await joinedPair();
    await b.mesh.setNames(['late@x']);
    const accepted = new Promise<string>((resolve) => {
      b.onIncoming = (request) => {
        resolve(request.to);
        request.refuse('refused', '');
      };
    });
    const { ended } = watch(a.mesh.connect({ from: 'a@x', to: 'late@x', key }));
    expect(await accepted).toBe('late@x');
    await ended;
    expect(await watch(a.mesh.connect({ from: 'a@x', to: 'b@x', key })).ended).toMatchObject({
      reason: 'not_found',
    });
  });

  it('reconnects by itself, re-advertises, and ends tunnels of the lost session', async () => {
    const relay = await fixture.relay();
    const [a, b] = ['a@x', 'b@x'].map((name) => fixture.mesh(name, { relays: [relay.url] })) as [Node, Node];
    for (const { mesh } of [a, b]) mesh.start();
    await Promise.all([a.mesh.joined(), b.mesh.joined()]);
    const tunnel = await tunnelBetween(a, b);
    for (const session of [...relay.sessions]) fixture.network.cut(session.connection);
    expect(await tunnel.out.ended).toMatchObject({ reason: 'relay_lost' });
    expect(await tunnel.in.ended).toMatchObject({ reason: 'relay_lost' });
    const again = await tunnelBetween(a, b);
    expect(again.in.tunnel.peer).toBe('a@x');
    expect(a.events.map((event) => event.kind)).toEqual(['session_up', 'session_down', 'session_up']);
  });

  it('does not fight for its name when another process has its identity', async () => {
    const relay = await fixture.relay();
    const a = fixture.mesh('a@x', { relays: [relay.url] });
    a.mesh.start();
    await a.mesh.joined();
    const [session] = relay.sessions;
    let sessions = 0;
    relay.onSession = () => sessions++;
    session!.send({ kind: 'goodbye', code: 'replaced', text: '' });
    await expect.poll(() => a.events.at(-1)).toMatchObject({ kind: 'session_down', code: 'replaced' });
    const other = fixture.mesh('b@x', { relays: [relay.url] });
    other.mesh.start();
    await other.mesh.joined(); // time enough for a hasty mesh to have come back
    sessions -= 1;
    expect([sessions, a.mesh.status().relays[0]!.state]).toEqual([0, 'connecting']);
  });

  it('of several relays that may have given it its names claims them again at the one it uses', async () => {
    const [slow, fast] = [await fixture.relay('slow'), await fixture.relay('fast')];
    slow.isSlow = true;
    const a = fixture.mesh('a@x', { relays: [slow.url, fast.url] });
    a.mesh.start();
    await a.mesh.joined();
    const [session] = fast.sessions;
    await expect.poll(() => session!.messages.map(({ kind }) => kind)).toContain('names');
    expect(session!.messages.find(({ kind }) => kind === 'names')).toMatchObject({ add: [], claimSeq: 1 });
  });

  it('waits when relays say that another host has its key', async () => {
    const relay = await fixture.relay();
    relay.refuseWith = 'identity_conflict';
    const a = fixture.mesh('a@x', { relays: [relay.url] });
    a.mesh.start();
    await expect(a.mesh.joined()).rejects.toMatchObject({ wireCode: 'identity_conflict' });
    await new Promise((resolve) => setTimeout(resolve, 400)); // the next try would come after 120 ms at most
    expect(a.events.filter(({ kind }) => kind === 'dial_failed')).toHaveLength(1);
  });

  it('does not come back in a tight loop to a relay that takes it and drops it', async () => {
    const relay = await fixture.relay();
    const sessionsMs: number[] = [];
    const a = fixture.mesh('a@x', { relays: [relay.url] });
    relay.onWelcomed = (session) => {
      const count = sessionsMs.push(performance.now());
      // A session that ends before it is up is a failed dial, which has pauses of its own.
      const drop = (): void => {
        if (a.events.filter(({ kind }) => kind === 'session_up').length < count) setTimeout(drop, 1);
        else session.connection.close(0, '');
      };
      drop();
    };
    a.mesh.start();
    await expect.poll(() => sessionsMs.length, { timeout: 5000 }).toBe(4);
    const [, second, third, fourth] = sessionsMs;
    // At once, then after pauses of 100 and 200 ms, 20 % less at least: a timer is never early.
    expect(third! - second!).toBeGreaterThanOrEqual(80);
    expect(fourth! - third!).toBeGreaterThanOrEqual(160);
  });

  it('falls over to the next relay of its list', async () => {
    const second = await fixture.relay('second');
    const a = fixture.mesh('a@x', { relays: ['quic://nothing:4433', second.url] });
    a.mesh.start();
    await a.mesh.joined();
    expect(a.mesh.status().relays.map((relay) => relay.state)).toEqual(['waiting', 'connected']);
    expect(a.mesh.lastErrors().get('quic://nothing:4433')).toMatchObject({ isRefusal: false });
  });

  it('stops joining when every relay refuses for good, and says why', async () => {
    const relay = await fixture.relay();
    relay.refuseWith = 'name_taken';
    const a = fixture.mesh('a@x', { relays: [relay.url] });
    a.mesh.start();
    await expect(a.mesh.joined()).rejects.toMatchObject({ code: 'refused', wireCode: 'name_taken' });
  });

  it('goes on joining when the refusal passes', async () => {
    const relay = await fixture.relay();
    relay.refuseWith = 'busy';
    const a = fixture.mesh('a@x', { relays: [relay.url] });
    a.mesh.start();
    await expect.poll(() => a.events.some((event) => event.kind === 'dial_failed')).toBe(true);
    relay.refuseWith = undefined;
    await a.mesh.joined();
  });

  it('says that a tunnel has ended well before its local socket closes', async () => {
    const { a, b } = await joinedPair();
    const tunnel = await tunnelBetween(a, b);
    let closed = false;
    const closing = once(tunnel.b, 'close').then(() => {
      closed = true;
    });
    tunnel.b.resume();
    tunnel.out.tunnel.close('shutdown', '');
    await tunnel.in.ended;
    await new Promise((resolve) => setTimeout(resolve, localCloseDelayMs / 4)); // armed after the tunnel's own, longer timer
    expect(closed).toBe(false);
    await closing;
  });

  it('tells peers of its end', async () => {
    const { a, b } = await joinedPair();
    const tunnel = await tunnelBetween(a, b);
    await a.mesh.close('shutdown');
    expect(await tunnel.in.ended).toMatchObject({ reason: 'agent_stopped', byPeer: true });
    expect(await tunnel.out.ended).toMatchObject({ byPeer: false });
  });

  it('lets two tunnels between one pair live side by side', async () => {
    const { a, b } = await joinedPair();
    const [first, second] = [await tunnelBetween(a, b), await tunnelBetween(b, a)];
    const seen = hashOf(first.b, 3);
    second.a.destroy();
    await second.in.ended;
    first.a.write('abc');
    expect(await seen).toBe(createHash('sha256').update('abc').digest('hex'));
  });

  it('ends quietly when closed while a tunnel is being made', async () => {
    const { a, b } = await joinedPair();
    b.onIncoming = () => undefined; // never answers
    const { ended } = watch(a.mesh.connect({ from: 'a@x', to: 'b@x', key }));
    await expect.poll(() => b.incoming.length).toBe(1);
    await a.mesh.close('shutdown');
    expect(await ended).toMatchObject({ byPeer: false });
  });
});
