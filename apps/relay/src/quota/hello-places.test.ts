import { SeededRandom, seedsOf, VirtualClock, withReplayHint } from '@macula/testkit';
import { describe, expect, it } from 'vitest';
import { addressesMax, helloFairMs, pendingHellosMax, slowedHellosPerSecond } from '../limits.js';
import { type HelloId, HelloPlaces } from './hello-places.js';
import { addressLimitsDefault } from './quota-limits.js';

const { unfinishedHellos: eachMax, failedHellosPerSecond } = addressLimitsDefault;
const nat = '198.51.100.7';

function newPlaces(random: () => number = () => 0.5): HelloPlaces {
  return new HelloPlaces(addressLimitsDefault, random);
}

/** A free place; what else comes fails the test. */
function placeOf(
  places: HelloPlaces,
  host: string,
  nowMs: number,
): { id: HelloId; evicted: HelloId | undefined } {
  const place = places.handleConnection(host, nowMs);
  if (!place.isFree) throw new Error(place.refusal.text);
  return place;
}

/** Uses up what may fail. */
function fail(places: HelloPlaces, host: string, nowMs: number): void {
  for (let count = 0; count < failedHellosPerSecond * 60; count++)
    places.handleOver(placeOf(places, host, nowMs).id, 'failed', nowMs);
}

describe('places for unfinished HELLOs', () => {
  it('so many of one address, and others are not concerned', () => {
    const places = newPlaces();
    for (let count = 0; count < eachMax; count++) placeOf(places, nat, 0);
    expect(places.handleConnection(nat, helloFairMs - 1)).toMatchObject({
      isFree: false,
      refusal: { code: 'busy', text: expect.stringMatching(/try again in 2 s/), retryMs: 2000 },
    });
    expect(placeOf(places, '198.51.100.8', 0).evicted).toBeUndefined();
  });

  it('who stalls makes room, the oldest first, once it has had a fair time', () => {
    const places = newPlaces();
    const first = placeOf(places, nat, 0).id;
    const second = placeOf(places, nat, 1).id;
    for (let count = 2; count < eachMax; count++) placeOf(places, nat, 1);
    expect(placeOf(places, nat, helloFairMs).evicted).toBe(first);
    expect(places.handleConnection(nat, helloFairMs)).toMatchObject({ isFree: false });
    expect(placeOf(places, nat, helloFairMs + 1).evicted).toBe(second);
    expect(places.counts.unfinished).toBe(eachMax);
  });

  it('the oldest of all makes room when all places are taken', () => {
    const places = newPlaces();
    const first = placeOf(places, 'host 0', 0).id;
    for (let count = 1; count < pendingHellosMax; count++) placeOf(places, `host ${count}`, 0);
    expect(places.handleConnection('another', 0)).toMatchObject({ isFree: false });
    expect(placeOf(places, 'another', helloFairMs).evicted).toBe(first);
    expect(places.counts.unfinished).toBe(pendingHellosMax);
  });

  it('an address whose HELLOs fail is slowed, not locked out; admitted HELLOs count nowhere', () => {
    const places = newPlaces();
    for (let count = 0; count < 5000; count++)
      places.handleOver(placeOf(places, nat, 0).id, count % 2 ? 'admitted' : 'spared', 0);
    fail(places, nat, 0);
    placeOf(places, nat, 0);
    expect(places.handleConnection(nat, 0)).toMatchObject({ refusal: { code: 'rate_limited' } });
    placeOf(places, nat, 1000 / slowedHellosPerSecond);
    expect(places.handleConnection(nat, 29_000)).toMatchObject({ isFree: true });
    expect(places.handleConnection(nat, 29_000)).toMatchObject({ refusal: { code: 'rate_limited' } });
    // With time it is forgiven.
    for (let count = 3; count < eachMax; count++) placeOf(places, nat, 30_000);
    for (let count = 0; count < 3; count++) placeOf(places, nat, 30_000);
    expect(places.handleConnection(nat, 30_000)).toMatchObject({ refusal: { code: 'busy' } });
  });

  it('IPv6 addresses of one network are one address', () => {
    const places = newPlaces();
    for (let count = 0; count < eachMax; count++) placeOf(places, `2001:db8::${count.toString(16)}`, 0);
    expect(places.handleConnection('2001:db8::ffff:1', 0)).toMatchObject({ isFree: false });
    placeOf(places, '2001:db8:0:1::1', 0);
  });

  it('remembers a bounded number of addresses, and forgets those that did nothing wrong', () => {
    const places = newPlaces();
    const held = placeOf(places, 'held', 0).id;
    for (let count = 0; count < addressesMax + 100; count++)
      places.handleOver(placeOf(places, `host ${count}`, 0).id, 'failed', 0);
    expect(places.counts.addresses).toBe(addressesMax);
    places.sweep(60_000);
    expect(places.counts.addresses).toBe(1);
    places.handleOver(held, 'admitted', 60_000);
    places.sweep(60_000);
    expect(places.counts).toEqual({ unfinished: 0, addresses: 0 });
  });
});

describe('500 agents behind one NAT come back at once', () => {
  const command = 'npx vitest run --project unit apps/relay/src/quota';
  const agents = 500;
  /** Two round trips of 100 ms. */
  const helloMs = 200;

  /** Seconds until all have joined beside somebody of the same address who tries to keep them out; and what others saw. */
  function secondsUntilAllJoined(
    random: SeededRandom,
    flooder: { readonly perSecond: number; readonly does: 'fails' | 'stalls' | 'times it' },
  ): { readonly seconds: number; readonly refusedToOthers: number } {
    const clock = new VirtualClock();
    const places = newPlaces(random.next);
    const evictions = new Map<HelloId, () => void>();
    let joined = 0;
    let refusedToOthers = 0;

    /** Dials; `over` comes once, with whether the place was kept for `ms`. */
    const dial = (host: string, ms: number, over: (id: HelloId | undefined) => void): boolean => {
      const place = places.handleConnection(host, clock.nowMs);
      if (!place.isFree) return false;
      if (place.evicted !== undefined) evictions.get(place.evicted)?.();
      const cancel = clock.schedule(ms, () => {
        evictions.delete(place.id);
        over(place.id);
      });
      evictions.set(place.id, () => {
        cancel();
        evictions.delete(place.id);
        over(undefined);
      });
      return true;
    };
    const join = (backoffMs: number): void => {
      const again = (): void => {
        clock.schedule(backoffMs * (0.8 + random.next() * 0.4), () => join(Math.min(2000, backoffMs * 2)));
      };
      const isTaken = dial(nat, helloMs, (id) => {
        if (id === undefined) return again();
        places.handleOver(id, 'admitted', clock.nowMs);
        joined++;
      });
      if (!isTaken) again();
    };
    const attack = (): void => {
      const ms = flooder.does === 'stalls' ? 5000 : helloMs / 2;
      const isTaken = dial(nat, ms, (id) => {
        if (id !== undefined) places.handleOver(id, 'failed', clock.nowMs);
      });
      // Who times it is there first when a turn comes after the usual time.
      const usualMs = isTaken ? 1000 / slowedHellosPerSecond : 1;
      clock.schedule(flooder.does === 'times it' ? usualMs : 1000 / flooder.perSecond, attack);
    };
    const visit = (): void => {
      const isTaken = dial('203.0.113.9', helloMs, (id) => {
        if (id === undefined) refusedToOthers++;
        else places.handleOver(id, 'admitted', clock.nowMs);
      });
      if (!isTaken) refusedToOthers++;
      clock.schedule(100, visit);
    };
    attack();
    visit();
    // The attack has been going on.
    clock.advance(10_000);
    const startedMs = clock.nowMs;
    for (let agent = 0; agent < agents; agent++) clock.schedule(random.integer(100), () => join(100));
    while (joined < agents && clock.nowMs - startedMs < 600_000) clock.advance(100);
    return { seconds: (clock.nowMs - startedMs) / 1000, refusedToOthers };
  }

  it.each([
    ['fails', 20, 15],
    ['fails', 200, 180],
    ['stalls', 20, 30],
    ['stalls', 200, 180],
    ['times it', 60, 180],
  ] as const)(
    'beside one who %s %i times a second they are in within %i s',
    (does, perSecond, secondsMax) => {
      for (const seed of seedsOf(process.env, 5)) {
        withReplayHint(seed, command, () => {
          const result = secondsUntilAllJoined(new SeededRandom(seed), { does, perSecond });
          expect(result.seconds).toBeLessThan(secondsMax);
          expect(result.refusedToOthers).toBe(0);
        });
      }
    },
  );
});
