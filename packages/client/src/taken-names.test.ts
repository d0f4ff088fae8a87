import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Fixture, type Node } from '../test/fixture.js';
import type { TestRelay } from '../test/test-relay.js';

let fixture: Fixture;
let relay: TestRelay;
let a: Node;

beforeEach(async () => {
  fixture = new Fixture();
  relay = await fixture.relay();
  a = fixture.mesh('a@x', { relays: [relay.url] });
  a.mesh.start();
  await a.mesh.joined();
  vi.useFakeTimers();
});
afterEach(async () => {
  vi.useRealTimers();
  await fixture.close();
});

const kinds = (): string[] => a.events.map(({ kind }) => kind);
const asked = (): number =>
  [...relay.sessions].flatMap(({ messages }) => messages).filter(({ kind }) => kind === 'names').length;

it('asks for a taken name again, soon at first, until it is free; tells both once', async () => {
  relay.taken.add('b@x');
  await Promise.all([a.mesh.setNames(['a@x', 'b@x']), vi.advanceTimersByTimeAsync(10)]);
  expect(kinds()).toEqual(['session_up', 'names_taken']);
  await vi.advanceTimersByTimeAsync(17_000);
  expect(asked()).toBe(4);
  await vi.advanceTimersByTimeAsync(100_000);
  expect(asked()).toBeGreaterThanOrEqual(7);
  expect(asked()).toBeLessThanOrEqual(8);
  relay.taken.clear();
  await vi.advanceTimersByTimeAsync(35_000);
  expect(a.events.slice(1)).toEqual([
    { kind: 'names_taken', relay: relay.url, names: ['b@x'] },
    { kind: 'names_given', relay: relay.url, names: ['b@x'] },
  ]);
  expect([...relay.sessions].map(({ names }) => [...names])).toEqual([['a@x', 'b@x']]);
  const before = asked();
  await vi.advanceTimersByTimeAsync(100_000);
  expect(asked()).toBe(before);
});

it('asks no more for a name that is not wanted any more', async () => {
  relay.taken.add('b@x');
  await Promise.all([a.mesh.setNames(['b@x']), vi.advanceTimersByTimeAsync(10)]);
  await Promise.all([a.mesh.setNames(['a@x']), vi.advanceTimersByTimeAsync(10)]);
  const before = asked();
  await vi.advanceTimersByTimeAsync(100_000);
  expect(asked()).toBe(before);
});
