import { expect, test } from 'vitest';
import { HalfOpen, type HalfOpenEntry } from './half-open.js';

const halfOpenMax = 1024;
const halfOpenEachMax = 64;
const rules = { max: halfOpenMax, eachMax: halfOpenEachMax, replacesOwn: false };

function take(places: HalfOpen<HalfOpenEntry>, host: string): HalfOpenEntry | undefined {
  const { isFree, victim } = places.placeFor(host);
  if (!isFree) return undefined;
  if (victim) places.delete(victim);
  const entry = { host };
  places.add(entry);
  return entry;
}

test('one address takes every place only as long as nobody else wants one', () => {
  const places = new HalfOpen(rules);
  const flood = Array.from({ length: halfOpenMax }, () => take(places, 'flooder')!);
  expect(flood).not.toContain(undefined);
  expect(take(places, 'flooder')).toBeUndefined();
  const honest = Array.from({ length: halfOpenEachMax }, () => take(places, 'honest')!);
  expect(honest).not.toContain(undefined);
  expect(places.size).toBe(halfOpenMax);
  const left = [...places];
  // The oldest went, and none of the honest.
  expect(left.slice(0, halfOpenMax - halfOpenEachMax)).toEqual(flood.slice(halfOpenEachMax));
  expect(left.slice(-halfOpenEachMax)).toEqual(honest);
  // Above its share an address gets no more, whoever it is.
  expect(take(places, 'honest')).toBeUndefined();
});

test('with nobody above the share the oldest goes', () => {
  const places = new HalfOpen(rules);
  const first = take(places, 'host 0');
  for (let index = 1; index < halfOpenMax; index++) take(places, `host ${index}`);
  const last = take(places, 'the last');
  expect([...places]).not.toContain(first);
  expect([...places]).toContain(last);
  expect(places.size).toBe(halfOpenMax);
});

test('a place given back counts no more, and giving it back twice changes nothing', () => {
  const places = new HalfOpen(rules);
  const entries = Array.from({ length: halfOpenMax }, () => take(places, 'a')!);
  for (const entry of [...entries, ...entries]) places.delete(entry);
  expect(places.size).toBe(0);
  expect(places.placeFor('a')).toEqual({ isFree: true });
});

test('where an address replaces its own, its oldest goes and nobody else', () => {
  const places = new HalfOpen({ ...rules, replacesOwn: true });
  const honest = take(places, 'honest')!;
  const flood = Array.from({ length: halfOpenMax - 1 }, () => take(places, 'flooder')!);
  const late = take(places, 'flooder')!;
  expect([...places]).toEqual([honest, ...flood.slice(1), late]);
});
