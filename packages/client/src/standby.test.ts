import { randomBytes } from 'node:crypto';
import { deriveTunnelKey, identityId } from '@macula/crypto';
import type { Message, Open } from '@macula/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Fixture, type Linked, type Node, received } from '../test/fixture.js';
import type { TestRelay, TestSession } from '../test/test-relay.js';

const key = deriveTunnelKey(Buffer.from('cookie'));
const more = { standbySessions: 1 };

let fixture: Fixture;
let relays: [TestRelay, TestRelay];
let a: Node;
let b: Node;
beforeEach(async () => {
  fixture = new Fixture();
  relays = [await fixture.relay('relay1'), await fixture.relay('relay2')];
  const urls = relays.map(({ url }) => url);
  a = fixture.mesh('a@x', { relays: urls, transport: fixture.paths('a'), more });
  b = fixture.mesh('b@x', { relays: urls, transport: fixture.paths('b'), more });
});
afterEach(async () => {
  await fixture.close();
});

/** Both have joined at the first relay, and stand by at the second. */
async function joined(): Promise<void> {
  for (const { mesh } of [a, b]) mesh.start();
  for (const { mesh } of [a, b])
    await vi.waitFor(() => expect(statesOf(mesh)).toEqual(['connected', 'standby']), { timeout: 5000 });
}

function statesOf(mesh: Node['mesh']): string[] {
  return mesh.status().relays.map(({ state }) => state);
}

function link(from = a, to = b): Promise<Linked> {
  return fixture.link(from, to, key);
}

/** An OPEN of a for b that the first relay has got and doesn't forward. */
function openHeld(): Promise<Open> {
  const asked = new Promise<Open>((resolve) => {
    relays[0].onOpen = (open) => {
      resolve(open);
      return false;
    };
  });
  a.mesh.connect({ from: 'a@x', to: 'b@x', key });
  return asked;
}

function sessionOf(relay: TestRelay, name: string): TestSession {
  return [...relay.sessions].find(({ names }) => names.has(name))!;
}

function saidIn<K extends Message['kind']>(session: TestSession, kind: K): Extract<Message, { kind: K }>[] {
  return session.messages.filter((message) => message.kind === kind) as Extract<Message, { kind: K }>[];
}

function kindsOf({ events }: Node): string[] {
  return events.map(({ kind }) => kind);
}

describe('a session that stands by', () => {
  it('has said HELLO and advertised the names at another relay before it is needed', async () => {
    await joined();
    const [session] = [sessionOf(relays[1], 'a@x')];
    expect(saidIn(session, 'hello')).toMatchObject([{ standby: true, names: ['a@x'] }]);
    expect(saidIn(sessionOf(relays[0], 'a@x'), 'hello')[0]).not.toHaveProperty('standby');
    expect(kindsOf(a)).toEqual(['session_up', 'standby_up']);
    await a.mesh.setNames(['c@x']);
    await vi.waitFor(() => expect([...session.names]).toEqual(['c@x']));
  });

  it('becomes the primary one at once when that is lost, nothing is dialled for it, and a tunnel goes on', async () => {
    await joined();
    const { near, far, nearNode, farNode } = await link();
    const there = received(farNode);
    const sent = randomBytes(500_000);
    nearNode.write(sent.subarray(0, 200_000));
    const [stood] = [sessionOf(relays[1], 'a@x')];
    await relays[0].close();
    nearNode.write(sent.subarray(200_000));
    await vi.waitFor(() => expect(there().length).toBe(sent.length), { timeout: 5000 });
    expect(there().equals(sent)).toBe(true);
    for (const { tunnel } of [near, far]) expect(tunnel.path).toMatchObject({ relay: relays[1].url });
    expect([...relays[1].sessions]).toHaveLength(2);
    expect(kindsOf(a).slice(2, 4)).toEqual(['session_down', 'session_up']);
    const [promotion] = saidIn(stood, 'names').filter(({ sessionSeq }) => sessionSeq !== undefined);
    expect(promotion!.sessionSeq).toBeGreaterThan(saidIn(stood, 'hello')[0]!.sessionSeq);
    expect(statesOf(a.mesh)[1]).toBe('connected');
  });

  it('is followed by another one as soon as there is a relay for it', async () => {
    await joined();
    await relays[0].close();
    await vi.waitFor(() => expect(statesOf(a.mesh)[1]).toBe('connected'));
    const again = await fixture.relay('relay1');
    await vi.waitFor(() => expect(statesOf(a.mesh)).toEqual(['standby', 'connected']), { timeout: 8000 });
    expect(saidIn(sessionOf(again, 'a@x'), 'hello')).toMatchObject([{ standby: true }]);
    expect(kindsOf(a).filter((kind) => kind === 'dial_failed').length).toBeLessThanOrEqual(1);
  });

  it('takes the place of one whose relay is silent, once it has answered itself', async () => {
    await joined();
    const { nearNode, farNode } = await link();
    const there = received(farNode);
    fixture.network.partition('a#1', 'relay1');
    fixture.network.partition('b#1', 'relay1');
    nearNode.write('who is there?');
    await vi.waitFor(() => expect(there().toString()).toBe('who is there?'), { timeout: 5000 });
    await vi.waitFor(
      () =>
        expect(a.events).toContainEqual(
          expect.objectContaining({
            kind: 'session_renewed',
            relay: relays[1].url,
            why: 'unanswered',
          }),
        ),
      { timeout: 8000 },
    );
  });

  it('leaves a former session at its relay the tunnels that it still carries', async () => {
    const urls = relays.map(({ url }) => url);
    const c = fixture.mesh('c@x', { relays: urls, transport: fixture.paths('c'), protocol: 1, more });
    const d = fixture.mesh('d@x', { relays: urls.slice(0, 1), protocol: 1 });
    for (const { mesh } of [c, d]) mesh.start();
    await vi.waitFor(() => expect(statesOf(c.mesh)).toEqual(['connected', 'standby']), { timeout: 5000 });
    const { near, nearNode, farNode } = await link(c, d);
    const there = received(farNode);
    fixture.network.partition('c#1', 'relay1');
    nearNode.write('before, ');
    await vi.waitFor(() => expect(kindsOf(c)).toContain('session_renewed'), { timeout: 5000 });
    fixture.network.heal('c#1', 'relay1');
    await vi.waitFor(() => expect(statesOf(c.mesh)).toEqual(['standby', 'connected']), { timeout: 5000 });
    nearNode.write('after');
    await vi.waitFor(() => expect(there().toString()).toBe('before, after'), { timeout: 5000 });
    expect(near.tunnel.path).toMatchObject({ relay: relays[0].url });
  });

  it('takes the place of one whose relay is about to stop, and the tunnels follow', async () => {
    await joined();
    const { near, far, nearNode, farNode } = await link();
    const there = received(farNode);
    const before = relays[1].sessions.size;
    for (const session of relays[0].sessions) session.send({ kind: 'draining' });
    for (const { tunnel } of [near, far])
      await vi.waitFor(() => expect(tunnel.path).toMatchObject({ relay: relays[1].url }), { timeout: 5000 });
    for (const node of [a, b])
      expect(node.events).toContainEqual(
        expect.objectContaining({ kind: 'session_renewed', why: 'draining', relay: relays[1].url }),
      );
    expect(relays[1].sessions.size).toBe(before);
    nearNode.write('after');
    await vi.waitFor(() => expect(there().toString()).toBe('after'));
  });

  it('is left by its tunnels when its own relay is about to stop', async () => {
    await joined();
    const { near, far, nearNode, farNode } = await link();
    const there = received(farNode);
    near.tunnel.leavePath();
    for (const { tunnel } of [near, far])
      await vi.waitFor(() => expect(tunnel.path).toMatchObject({ relay: relays[1].url }));
    for (const session of relays[1].sessions) session.send({ kind: 'draining' });
    for (const { tunnel } of [near, far])
      await vi.waitFor(() => expect(tunnel.path).toMatchObject({ relay: relays[0].url }), { timeout: 5000 });
    nearNode.write('after');
    await vi.waitFor(() => expect(there().toString()).toBe('after'));
  });

  it('goes with the primary one when another process has the names', async () => {
    await joined();
    const standby = sessionOf(relays[1], 'a@x');
    for (const session of relays[0].sessions)
      if (session.names.has('a@x')) session.send({ kind: 'goodbye', code: 'replaced', text: '' });
    await vi.waitFor(() => expect(standby.closed).toBeDefined());
    expect(saidIn(standby, 'names').filter(({ sessionSeq }) => sessionSeq !== undefined)).toEqual([]);
    expect(statesOf(a.mesh)).not.toContain('connected');
  });

  it('keeps the tunnels when one relay does not want the node any more; the last one’s word ends them', async () => {
    await fixture.close();
    fixture = new Fixture();
    relays = [await fixture.relay('relay1'), await fixture.relay('relay2')];
    const options = { relays: relays.map(({ url }) => url), token: () => 'a.b.c', more };
    [a, b] = [fixture.mesh('a@x', options), fixture.mesh('b@x', options)];
    await joined();
    const { near, nearNode, farNode } = await link();
    const there = received(farNode);
    const revoke = (relay: TestRelay) => {
      relay.refuseWith = 'token_revoked';
      for (const session of relay.sessions)
        if (session.names.has('a@x')) session.send({ kind: 'goodbye', code: 'token_revoked', text: '' });
    };
    revoke(relays[0]);
    nearNode.write('still here');
    await vi.waitFor(() => expect(there().toString()).toBe('still here'), { timeout: 5000 });
    expect(near.tunnel.metrics().state).toBe('open');
    revoke(relays[1]);
    expect(await near.ended).toMatchObject({ reason: 'token_revoked' });
  });

  it('is told to the other node, whose next attach says so to its relay', async () => {
    await joined();
    const { near } = await link();
    const opens: Open[] = [];
    for (const relay of relays) relay.onOpen = (open) => opens.push(open) > 0;
    await new Promise((resolve) => setTimeout(resolve, 50));
    near.tunnel.leavePath();
    await vi.waitFor(() => expect(near.tunnel.metrics().reattachments).toBe(1));
    const ids = opens[0]!.hints!.map(identityId);
    expect(ids).toEqual(relays.map(({ identity }) => identity.id));
  });

  it('brings an OPEN once, though two relays bring it', async () => {
    await joined();
    const answers = ['', ''];
    const open = await openHeld();
    for (const [index, relay] of relays.entries())
      sessionOf(relay, 'b@x').openTo(open, (message) => {
        answers[index] = message.kind === 'open_failed' ? message.code : message.kind;
      });
    await vi.waitFor(() => expect(answers.filter((answer) => answer === 'not_here')).toHaveLength(1));
    expect(b.incoming).toHaveLength(1);
  });

  it('brings an OPEN again when the relay that brought it first is lost before the answer', async () => {
    await joined();
    const open = await openHeld();
    sessionOf(relays[0], 'b@x').openTo(open, () => undefined);
    await vi.waitFor(() => expect(b.incoming).toHaveLength(1));
    await relays[0].close();
    b.onIncoming = (request) => void request.accept({ key });
    const answer = new Promise<Message>((resolve) => sessionOf(relays[1], 'b@x').openTo(open, resolve));
    expect(await answer).toMatchObject({ kind: 'open_ok' });
  });
});

it('two sessions stand by, each at a relay of its own, and one is left when the other was needed', async () => {
  await fixture.relay('relay3');
  const urls = [...relays.map(({ url }) => url), 'quic://relay3:4433'];
  const c = fixture.mesh('c@x', { relays: urls, more: { standbySessions: 2 } });
  c.mesh.start();
  await vi.waitFor(() => expect(statesOf(c.mesh)).toEqual(['connected', 'standby', 'standby']), {
    timeout: 8000,
  });
  await relays[0].close();
  await vi.waitFor(() => expect(statesOf(c.mesh)).toEqual(['waiting', 'connected', 'standby']));
});

describe('no session stands by', () => {
  it.each([
    ['where there is one relay', 1, ['quic://relay1:4433']],
    ['where both URLs are of one relay', 1, ['quic://relay1:4433', 'tls://relay1:4433']],
    ['where it is not wanted', 0, ['quic://relay1:4433', 'quic://relay2:4433']],
  ])('%s', async (_where, standbySessions, urls) => {
    const c = fixture.mesh('c@x', { relays: urls, more: { standbySessions } });
    c.mesh.start();
    await c.mesh.joined();
    await new Promise((resolve) => setTimeout(resolve, 1800));
    expect(statesOf(c.mesh)).toEqual(['connected', 'waiting'].slice(0, urls.length));
    expect(relays[1].sessions.size).toBe(0);
  });

  it('with a relay that is too old for it', async () => {
    relays[1].minor = 0;
    a.mesh.start();
    await vi.waitFor(() => expect(a.mesh.status().relays[1]!.lastError).toMatch(/standby/), {
      timeout: 5000,
    });
    expect(relays[1].sessions.size).toBe(0);
    expect(statesOf(a.mesh)[0]).toBe('connected');
  });
});
