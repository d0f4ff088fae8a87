import { deriveTunnelKey } from '@macula/crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Fixture, type Node, watch } from '../test/fixture.js';
import type { TestRelay } from '../test/test-relay.js';

let fixture: Fixture;
let relay: TestRelay;
let token: string;
let a: Node;

beforeEach(async () => {
  fixture = new Fixture();
  relay = await fixture.relay();
  token = 'first';
  a = fixture.mesh('a@x', { relays: [relay.url], token: () => token });
});
afterEach(async () => {
  vi.useRealTimers();
  await fixture.close();
});

const count = (kind: string): number => a.events.filter((event) => event.kind === kind).length;
const last = (): unknown => a.events.at(-1);

/** Joined, and then sent away with this code by a relay that goes on doing so; time is virtual from here on. */
async function sentAway(code: 'token_expired' | 'busy'): Promise<void> {
  a.mesh.start();
  await a.mesh.joined();
  vi.useFakeTimers();
  relay.refuseWith = code;
  [...relay.sessions][0]!.send({ kind: 'goodbye', code, text: '' });
  await vi.advanceTimersByTimeAsync(100);
  expect(count('session_down')).toBe(1);
}

describe('a node that every relay refuses for good', () => {
  it('tries again after 16 to 24 s, not each 2 s', async () => {
    await sentAway('token_expired');
    expect(last()).toMatchObject({ kind: 'dial_failed', code: 'token_expired', isRefusal: true });
    expect(a.mesh.status().isRefused).toBe(true);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(count('dial_failed')).toBe(1);
    await vi.advanceTimersByTimeAsync(110_000);
    expect(count('dial_failed')).toBeGreaterThanOrEqual(5);
    expect(count('dial_failed')).toBeLessThanOrEqual(8);
    relay.refuseWith = undefined;
    await vi.advanceTimersByTimeAsync(25_000);
    expect(last()).toMatchObject({ kind: 'session_up' });
    expect(a.mesh.status().isRefused).toBe(false);
  });

  it('tries at once when the token is another one, but no token twice', async () => {
    await sentAway('token_expired');
    a.mesh.checkToken();
    await vi.advanceTimersByTimeAsync(1000);
    expect(count('dial_failed')).toBe(1);
    token = 'second';
    a.mesh.checkToken();
    await vi.advanceTimersByTimeAsync(1000);
    a.mesh.checkToken();
    await vi.advanceTimersByTimeAsync(1000);
    expect(count('dial_failed')).toBe(2);
    relay.refuseWith = undefined;
    token = 'third';
    a.mesh.checkToken();
    await vi.advanceTimersByTimeAsync(1000);
    expect(last()).toMatchObject({ kind: 'session_up' });
    expect(a.mesh.presentToken).toBe('third');
  });

  it('lets a new tunnel fail at once, with what the relay said', async () => {
    await sentAway('token_expired');
    let why = '';
    const { ended } = watch(
      a.mesh.connect({ from: 'a@x', to: 'b@x', key: deriveTunnelKey(Buffer.from('c')) }),
    );
    void ended.then(({ text }) => {
      why = text;
    });
    await vi.advanceTimersByTimeAsync(1000);
    expect(why).toMatch(/relay:4433: test; ask its issuer for a new one/);
  });

  it('does not wait as long where one relay may take it', async () => {
    await sentAway('busy');
    await vi.advanceTimersByTimeAsync(15_000);
    expect(count('dial_failed')).toBeGreaterThan(6);
  });

  it('goes on joining where another relay only has no room', async () => {
    const full = await fixture.relay('full');
    relay.refuseWith = 'token_expired';
    full.refuseWith = 'busy';
    const b = fixture.mesh('b@x', { relays: [relay.url, full.url] });
    b.mesh.start();
    await expect.poll(() => b.events.length).toBeGreaterThanOrEqual(2);
    full.refuseWith = undefined;
    await b.mesh.joined();
  });
});

it.each([
  ['token_wrong_name', 'the token is for b@x', /^the token is for b@x; use a name it allows/],
  ['token_expired', 'over; ask its issuer for a new one', /^over; ask its issuer for a new one$/],
  ['realm_refused', '', /^the relay does not serve this realm/],
] as const)('%s with "%s" says cause and remedy', async (code, said, text) => {
  relay.refuseWith = code;
  relay.refusalText = said;
  a.mesh.start();
  await expect(a.mesh.joined()).rejects.toThrow(text);
});

describe('another token', () => {
  it('renews the session beside the one it was made with; the same does not', async () => {
    a.mesh.start();
    await a.mesh.joined();
    const [former] = relay.sessions;
    a.mesh.checkToken();
    token = 'second';
    a.mesh.checkToken();
    a.mesh.checkToken();
    await expect.poll(() => count('session_renewed')).toBe(1);
    expect(last()).toMatchObject({ why: 'token' });
    expect(a.mesh.presentToken).toBe('second');
    a.mesh.checkToken();
    await expect.poll(() => former!.closed, { timeout: 5000 }).toMatchObject({ kind: 'peer' });
    expect([count('session_renewed'), count('session_down')]).toEqual([1, 0]);
  });

  it('that relays refuse costs nothing of the session, and is tried each 16 to 24 s', async () => {
    a.mesh.start();
    await a.mesh.joined();
    vi.useFakeTimers();
    relay.refuseWith = 'token_wrong_name';
    token = 'second';
    for (let seconds = 0; seconds < 100; seconds += 10) {
      a.mesh.checkToken();
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect([count('session_renewed'), count('session_down')]).toEqual([0, 0]);
    expect(count('dial_failed')).toBeGreaterThanOrEqual(3);
    expect(count('dial_failed')).toBeLessThanOrEqual(7);
    expect(a.mesh.presentToken).toBe('first');
  });
});

describe('a relay that says when to try again', () => {
  it('is not tried before', async () => {
    relay.retryMs = 7000;
    await sentAway('busy');
    expect(count('dial_failed')).toBe(1);
    await vi.advanceTimersByTimeAsync(6800);
    expect(count('dial_failed')).toBe(1);
    relay.refuseWith = undefined;
    await vi.advanceTimersByTimeAsync(2500);
    expect(last()).toMatchObject({ kind: 'session_up' });
  });

  it('keeps nobody away for longer than 15 s, whatever it says', async () => {
    relay.retryMs = 600_000;
    await sentAway('busy');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(count('dial_failed')).toBe(2);
    relay.refuseWith = undefined;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(last()).toMatchObject({ kind: 'session_up' });
  });

  it('does not delay the others, nor make a refusal of theirs one for good', async () => {
    const other = await fixture.relay('other');
    relay.retryMs = 600_000;
    relay.refuseWith = 'busy';
    other.refuseWith = 'token_expired';
    const b = fixture.mesh('b@x', { relays: [relay.url, other.url] });
    vi.useFakeTimers();
    b.mesh.start();
    await vi.advanceTimersByTimeAsync(10_000);
    const failures = b.events.filter(({ kind }) => kind === 'dial_failed');
    expect(failures.filter((event) => 'relay' in event && event.relay === relay.url)).toHaveLength(1);
    expect(failures.length).toBeGreaterThan(5);
    expect(b.mesh.status().isRefused).toBe(false);
    other.refuseWith = undefined;
    await vi.advanceTimersByTimeAsync(3000);
    expect(b.events.at(-1)).toMatchObject({ kind: 'session_up', relay: other.url });
  });

  it('is left alone by a renewal as well, which goes to another one', async () => {
    const other = await fixture.relay('other');
    const b = fixture.mesh('b@x', { relays: [relay.url, other.url] });
    b.mesh.start();
    await b.mesh.joined();
    vi.useFakeTimers();
    relay.retryMs = 10_000;
    relay.refuseWith = 'busy';
    [...relay.sessions][0]!.send({ kind: 'renew' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(b.events.map(({ kind }) => kind)).toEqual(['session_up', 'dial_failed', 'session_renewed']);
    expect(b.events.at(-1)).toMatchObject({ relay: other.url });
  });
});
