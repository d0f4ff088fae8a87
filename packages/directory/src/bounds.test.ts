import { describe, expect, it } from 'vitest';
import { hashOf, Mesh, nameOf, recordOf, signer } from '../test/mesh.js';
import { Directory, membersMax, namesMax, unsignedRecords } from './index.js';
import { fullRetryMs, lifetimeMs, refreshMs } from './limits.js';

/** A relay alone, with others that say what the test has them say. */
function alone(recordsMax: number, others: readonly string[]) {
  const mesh = new Mesh(1, { jitterMs: 0 }, recordsMax);
  mesh.start('r0');
  for (const id of others) {
    mesh.epochs.set(id, 1);
    mesh.learn('r0', id);
  }
  const sequences = new Map<string, number>();
  let version = 0;
  const place = (from: string, names: readonly string[]) => {
    const sequence = (sequences.get(from) ?? 0) + 1;
    sequences.set(from, sequence);
    const records = names.map((name) => recordOf(from, name, { version: ++version }));
    mesh.sent = [];
    mesh.act('r0', (relay) =>
      relay.handleMessage(
        from,
        { kind: 'place', epoch: 1, sequence, held: undefined, records, dropped: [] },
        mesh.clock.nowMs,
      ),
    );
    return mesh.sentOf('placed')[0]?.message.status;
  };
  return { mesh, place, kept: (id: string) => mesh.relay('r0').keptOf(id) };
}

const namesOf = (prefix: string, count: number, first = 0) =>
  Array.from({ length: count }, (_, index) => `${prefix}${first + index}`);

describe('bounds', () => {
  it('D19: a relay has its share of what an owner keeps, and no more', () => {
    const { place, kept } = alone(100, ['r1', 'r2', 'r3']);
    expect(place('r1', namesOf('a', 25))).toBe('ok');
    expect(place('r1', namesOf('b', 1))).toBe('full');
    expect(kept('r1')).toBe(25);
    expect(place('r2', namesOf('c', 30))).toBe('full');
    expect(kept('r2')).toBe(25);
    // What is there can still be replaced.
    expect(place('r1', namesOf('a', 25))).toBe('ok');
    expect(kept('r1')).toBe(25);
  });

  it('D19: when relays join, those that have more than their share since then make room', () => {
    const { mesh, place, kept } = alone(64, ['r1']);
    expect(place('r1', namesOf('a', 32))).toBe('ok');
    mesh.epochs.set('r2', 1);
    mesh.epochs.set('r3', 1);
    mesh.learn('r0', 'r2');
    mesh.learn('r0', 'r3');
    expect(place('r2', namesOf('b', 16))).toBe('ok');
    expect(place('r3', namesOf('c', 16))).toBe('ok');
    expect(kept('r1')).toBe(32);
    mesh.epochs.set('r4', 1);
    mesh.learn('r0', 'r4');
    expect(place('r4', namesOf('d', 12))).toBe('ok');
    expect(mesh.relay('r0').kept).toBeLessThanOrEqual(64);
    expect([kept('r1'), kept('r4')]).toEqual([12, 12]);
  });

  it('D19: what is of relays that are gone makes room first', () => {
    const { mesh, place, kept } = alone(64, ['r1', 'r2', 'r3']);
    for (const id of ['r1', 'r2', 'r3']) place(id, namesOf(id, 16));
    mesh.unlearn('r0', 'r1');
    mesh.epochs.set('r4', 1);
    mesh.learn('r0', 'r4');
    expect(place('r4', namesOf('d', 16))).toBe('ok');
    expect(kept('r1')).toBe(16); // there is room
    mesh.epochs.set('r5', 1);
    mesh.learn('r0', 'r5');
    expect(place('r5', namesOf('e', 12))).toBe('ok');
    expect(['r1', 'r2', 'r3', 'r4', 'r5'].map(kept)).toEqual([0, 16, 16, 16, 12]);
  });

  it('D19: an owner that is full is asked again each minute, and keeps what there was room for', () => {
    const mesh = new Mesh(1, {}, 64).startMany(2);
    for (const name of namesOf('a', 40)) mesh.publish('r0', nameOf(name));
    mesh.clock.advance(1_000);
    expect(mesh.relay('r1').keptOf('r0')).toBe(32);
    // Its own share at itself is full as well.
    expect(new Set(mesh.eventsOf('full').map(({ owner }) => owner))).toEqual(new Set(['r0', 'r1']));
    for (const name of namesOf('a', 10)) mesh.withdraw('r0', hashOf(name));
    mesh.clock.advance(fullRetryMs + 1_000);
    expect(mesh.relay('r1').keptOf('r0')).toBe(30);
    const before = mesh.eventsOf('full').length;
    mesh.clock.advance(10 * fullRetryMs);
    expect(mesh.eventsOf('full').length).toBe(before);
  });

  it('D19: own names and members are bounded, and the error says so', () => {
    const relay = new Directory({ id: 'r0', epoch: 1, seed: 1, signer: unsignedRecords }, 0);
    const element = (index: number) => {
      const bytes = new Uint8Array(16);
      new DataView(bytes.buffer).setUint32(0, index);
      return bytes;
    };
    for (let index = 0; index < namesMax; index++) relay.publish(nameOf('a', { element: element(index) }), 0);
    expect(() => relay.publish(nameOf('one more'), 0)).toThrow(
      expect.objectContaining({ code: 'too_many_names' }),
    );
    relay.publish(nameOf('a', { element: element(0), sessionSeq: 2 }), 0);
    expect(relay.names).toBe(namesMax);
    const other = new Directory({ id: 'r0', epoch: 1, seed: 1, signer: unsignedRecords }, 0);
    for (let index = 1; index < membersMax; index++) other.setMember(`m${index}`, 1, 0);
    expect(() => other.setMember('one-more', 1, 0)).toThrow(
      expect.objectContaining({ code: 'too_many_members' }),
    );
    other.setMember('m1', 2, 0);
  });

  it('D19: nothing is left of relays and names that are gone', () => {
    const mesh = new Mesh(1).startMany(4);
    for (const id of mesh.relays.keys()) for (const name of namesOf(id, 50)) mesh.publish(id, nameOf(name));
    mesh.clock.advance(2_000);
    for (const id of ['r1', 'r2', 'r3']) mesh.killAndTell(id);
    for (const name of namesOf('r0', 50)) mesh.withdraw('r0', hashOf(name));
    mesh.clock.advance(lifetimeMs + refreshMs);
    const relay = mesh.relay('r0');
    expect([relay.names, relay.kept, relay.lookups]).toEqual([0, 0, 0]);
    expect(relay.pollTimeout()).toBeUndefined();
  });

  it.each([
    ['an id with a blank', { id: 'a b' }],
    ['no id', { id: '' }],
    ['an epoch that is no integer', { epoch: 0.5 }],
    ['a seed that is no integer', { seed: Number.NaN }],
    ['room for too few records', { recordsMax: 63 }],
  ])('%s is invalid_option', (_, change) => {
    expect(() => new Directory({ id: 'r0', epoch: 1, seed: 1, signer, ...change }, 0)).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    );
  });

  it.each([
    ['a short element', { element: new Uint8Array(15) }],
    ['a long identity', { identity: new Uint8Array(33) }],
    ['a session number below 0', { sessionSeq: -1 }],
    ['a time beyond 2^53', { sinceMs: 2 ** 53 }],
  ])('%s is invalid_record, and nothing is published', (_, change) => {
    const relay = new Directory({ id: 'r0', epoch: 1, seed: 1, signer }, 0);
    expect(() => relay.publish(nameOf('a', change), 0)).toThrow(
      expect.objectContaining({ code: 'invalid_record' }),
    );
    expect(relay.names).toBe(0);
    expect(() => relay.lookup(new Uint8Array(3), 0)).toThrow(
      expect.objectContaining({ code: 'invalid_record' }),
    );
  });
});
