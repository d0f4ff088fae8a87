import { createHash, randomBytes } from 'node:crypto';
import { deriveTunnelKey } from '@macula/crypto';
import { codeNumber } from '@macula/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Fixture, type Node, type Watched, watch } from '../test/fixture.js';
import type { TestRelay, TestSession } from '../test/test-relay.js';
import { RenewalBudget } from './renewal-budget.js';

const key = deriveTunnelKey(Buffer.from('cookie'));

let fixture: Fixture;
let relay: TestRelay;
let a: Node;
let b: Node;
/** Tunnels that the peer has accepted. */
let accepted: Watched[];

beforeEach(async () => {
  fixture = new Fixture();
  relay = await fixture.relay();
  a = fixture.mesh('a@x', { relays: [relay.url], transport: fixture.paths('a') });
  b = fixture.mesh('b@x', { relays: [relay.url] });
  accepted = [];
  b.onIncoming = (request) => accepted.push(watch(request.accept({ key })!));
});
afterEach(async () => {
  vi.useRealTimers();
  await fixture.close();
});

const sessionsOf = (name: string): TestSession[] =>
  [...relay.sessions].filter(({ names }) => names.has(name));
const kinds = (node: Node): string[] => node.events.map(({ kind }) => kind);
const dial = (): Watched => watch(a.mesh.connect({ from: 'a@x', to: 'b@x', key }));

/** Milliseconds of virtual time until it is so. */
async function msUntil(probe: () => boolean, limitMs: number): Promise<number> {
  for (let ms = 0; ms <= limitMs; ms += 10) {
    if (probe()) return ms;
    await vi.advanceTimersByTimeAsync(10);
  }
  return Number.POSITIVE_INFINITY;
}

/** Both have joined; time is virtual from here on. */
async function joinInVirtualTime(): Promise<void> {
  vi.useFakeTimers();
  a.mesh.start();
  b.mesh.start();
  await msUntil(() => relay.sessions.size === 2, 1000);
  expect(kinds(a)).toEqual(['session_up']);
  // Any time but that of a PING.
  await vi.advanceTimersByTimeAsync(1234);
}

describe('a session whose relay asks for another one', () => {
  it('is renewed without losing a tunnel, and closed when its last tunnel has ended', async () => {
    for (const { mesh } of [a, b]) mesh.start();
    await Promise.all([a.mesh.joined(), b.mesh.joined()]);
    const before = dial();
    await expect.poll(() => accepted.length).toBe(1);
    await accepted[0]!.ready;
    const [far, near] = [await fixture.socketPair(), await fixture.socketPair()];
    accepted[0]!.tunnel.attachLocal(far.agent);
    await before.ready;
    before.tunnel.attachLocal(near.agent);
    const [old] = sessionsOf('a@x');
    const bytes = randomBytes(4_000_000);
    const hash = createHash('sha256');
    let seen = 0;
    far.node.on('data', (chunk) => {
      hash.update(chunk);
      seen += chunk.length;
    });
    near.node.write(bytes.subarray(0, 2_000_000));
    old!.send({ kind: 'renew' });
    await expect.poll(() => kinds(a)).toEqual(['session_up', 'session_renewed']);
    expect(a.events[1]).toMatchObject({
      relay: relay.url,
      former: relay.url,
      why: 'asked',
      transport: 'memory',
    });
    const [present] = sessionsOf('a@x');
    expect(present).not.toBe(old);
    near.node.write(bytes.subarray(2_000_000));
    await expect.poll(() => seen).toBe(bytes.length);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    dial();
    await expect.poll(() => accepted.length).toBe(2);
    expect(a.mesh.status()).toMatchObject({ relays: [{ state: 'connected' }], tunnels: 2 });
    expect(relay.sessions.has(old!)).toBe(true);
    near.node.destroy();
    await before.ended;
    await expect.poll(() => relay.sessions.has(old!), { timeout: 5000 }).toBe(false);
    expect(old!.closed).toMatchObject({ kind: 'peer', code: codeNumber('ok') });
    expect(kinds(a)).toEqual(['session_up', 'session_renewed']);
  });

  it('is not renewed in a tight loop, however often the relay asks', async () => {
    relay.onWelcomed = (session) => session.send({ kind: 'renew' });
    await joinInVirtualTime().catch(() => undefined);
    await vi.advanceTimersByTimeAsync(60_000);
    const renewals = kinds(a).filter((kind) => kind === 'session_renewed').length;
    expect(renewals).toBeGreaterThan(5);
    expect(renewals).toBeLessThanOrEqual(5 + 7);
    expect(kinds(a)).not.toContain('session_down');
  });
});

describe('a session whose path is dead', () => {
  it('is replaced within 3 s of its use; a tunnel that was being opened over it moves', async () => {
    await joinInVirtualTime();
    fixture.network.partition('a#1', 'relay');
    dial();
    expect(await msUntil(() => kinds(a).includes('session_renewed'), 10_000)).toBeLessThan(3000);
    let isConfirmed = false;
    b.onIncoming = (request) => {
      const incoming = watch(request.accept({ key })!);
      void incoming.ready.then(() => {
        isConfirmed = true;
      });
    };
    expect(await msUntil(() => isConfirmed, 1000)).toBeLessThan(200);
    expect(a.events[1]).toMatchObject({ kind: 'session_renewed', why: 'unanswered' });
    expect(sessionsOf('a@x')).toHaveLength(1);
  });

  it('is replaced within 14 s when it is idle', async () => {
    await joinInVirtualTime();
    fixture.network.partition('a#1', 'relay');
    expect(await msUntil(() => kinds(a).includes('session_renewed'), 20_000)).toBeLessThan(14_000);
  });

  it('makes new tunnels wait for the new one', async () => {
    await joinInVirtualTime();
    fixture.network.setDelay('a#2', 'relay', 200);
    fixture.network.partition('a#1', 'relay');
    dial();
    await vi.advanceTimersByTimeAsync(2200); // doubted, and the next HELLO is under way
    expect(kinds(a)).toEqual(['session_up']);
    const opens: string[] = [];
    relay.onOpen = (open) => opens.push(open.to) > 0;
    dial();
    await msUntil(() => kinds(a).includes('session_renewed'), 2000);
    await vi.advanceTimersByTimeAsync(1000);
    expect(opens).toEqual(['b@x', 'b@x']);
  });

  it('ends 10 s after its last answer with its tunnels, and the relay is told', async () => {
    await joinInVirtualTime();
    const tunnel = dial();
    let ended: string | undefined;
    void tunnel.ended.then(({ reason }) => {
      ended = reason;
    });
    await vi.advanceTimersByTimeAsync(100);
    fixture.network.partition('a#1', 'relay');
    await msUntil(() => kinds(a).includes('session_renewed'), 10_000);
    const [present] = sessionsOf('a@x');
    expect(ended).toBeUndefined();
    expect(await msUntil(() => ended !== undefined, 20_000)).toBeLessThan(11_000);
    expect(ended).toBe('relay_lost');
    await vi.advanceTimersByTimeAsync(10);
    expect(present!.messages.at(-1)).toEqual({ kind: 'former_gone' });
    expect(kinds(a)).toEqual(['session_up', 'session_renewed']);
  });

  it('stays when it answers before the new one has sent its proof', async () => {
    await joinInVirtualTime();
    fixture.network.setDelay('a#2', 'relay', 500);
    fixture.network.partition('a#1', 'relay');
    dial();
    await vi.advanceTimersByTimeAsync(2200);
    fixture.network.heal('a#1', 'relay');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(kinds(a)).toEqual(['session_up']);
    expect(relay.sessions.size).toBe(2);
    expect(sessionsOf('a@x')).toHaveLength(1);
  });

  it('is replaced although it answers once the proof of the new one was sent', async () => {
    await joinInVirtualTime();
    fixture.network.setDelay('a#2', 'relay', 500);
    fixture.network.partition('a#1', 'relay');
    dial();
    // Doubted after 1 s; the dial takes 1 s, and so does the challenge: the proof is on its way.
    await vi.advanceTimersByTimeAsync(3300);
    expect(kinds(a)).toEqual(['session_up']);
    fixture.network.heal('a#1', 'relay');
    await vi.advanceTimersByTimeAsync(3000);
    expect(kinds(a)).toEqual(['session_up', 'session_renewed']);
    expect(sessionsOf('a@x')).toHaveLength(1);
  });

  it('goes down once when there is no other way, and comes up when there is', async () => {
    await joinInVirtualTime();
    for (let path = 1; path < 60; path++) fixture.network.partition(`a#${path}`, 'relay');
    await vi.advanceTimersByTimeAsync(25_000);
    expect(kinds(a).filter((kind) => kind !== 'dial_failed')).toEqual(['session_up', 'session_down']);
    expect(a.mesh.status().relays).toMatchObject([{ state: 'connecting' }]);
    for (let path = 1; path < 60; path++) fixture.network.heal(`a#${path}`, 'relay');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(kinds(a).at(-1)).toBe('session_up');
  });
});

it('a session that follows a lost one tells the relay to keep nothing of that; the first has nothing to tell', async () => {
  await joinInVirtualTime();
  const [first] = sessionsOf('a@x');
  expect(first!.messages.map(({ kind }) => kind)).toEqual(['hello', 'proof', 'ping']);
  fixture.network.cut(first!.connection);
  await vi.advanceTimersByTimeAsync(500);
  expect(kinds(a)).toEqual(['session_up', 'session_down', 'session_up']);
  expect(sessionsOf('a@x')[0]!.messages).toContainEqual({ kind: 'former_gone' });
});

it('a relay that ends the older session itself causes no pause', async () => {
  relay.onSession = (session) => {
    for (const other of relay.sessions) {
      if (other !== session && other.process === session.process)
        other.send({ kind: 'goodbye', code: 'replaced', text: '' });
    }
  };
  await joinInVirtualTime();
  sessionsOf('a@x')[0]!.send({ kind: 'renew' });
  await vi.advanceTimersByTimeAsync(500);
  expect(a.mesh.status().relays).toMatchObject([{ state: 'connected' }]);
  expect(sessionsOf('a@x')).toHaveLength(1);
});

it('the budget gives five at once and one more every 10 s, and never saves up more', () => {
  const budget = new RenewalBudget();
  const takeAll = (nowMs: number): number => {
    let taken = 0;
    while (budget.take(nowMs) === 0) taken++;
    return taken;
  };
  expect(takeAll(0)).toBe(5);
  expect(budget.take(4000)).toBe(6000);
  expect(takeAll(10_000)).toBe(1);
  expect(takeAll(35_000)).toBe(2);
  expect(budget.take(35_000)).toBe(5000);
  expect(takeAll(10_000_000)).toBe(5);
});
