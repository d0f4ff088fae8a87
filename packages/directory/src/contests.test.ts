import { SeededRandom } from '@macula/testkit';
import { describe, expect, it } from 'vitest';
import { hashOf, Mesh, nameOf, recordOf, withSeeds } from '../test/mesh.js';
import { compareSessions, type DirectoryRecord, isEarlierIdentity, type OwnName, outranks } from './index.js';
import { refreshMs } from './limits.js';
import { winnerOf, winnerOver } from './standing.js';

const x = hashOf('identity x', 32).fill(1);
const y = hashOf('identity y', 32).fill(2);
const boot1 = new Uint8Array(16).fill(1);
const boot2 = new Uint8Array(16).fill(2);

/** The name `a`, by default of identity x and its first process. */
const a = (change: Partial<OwnName> = {}): OwnName => nameOf('a', { identity: x, bootId: boot1, ...change });

/** Publishes at r0 and r1, in this order or the other, and says who is found and who has lost. */
function contest(first: OwnName, second: OwnName, isSwapped: boolean, seed = 1) {
  const mesh = new Mesh(seed).startMany(6);
  const both = [
    ['r0', first],
    ['r1', second],
  ] as const;
  for (const [id, name] of isSwapped ? both.toReversed() : both) {
    mesh.publish(id, name);
    mesh.clock.advance(500);
  }
  const found = [...mesh.relays.keys()].map((id) => mesh.find(id, hashOf('a')).record?.relay);
  const lost = mesh.eventsOf('lost').map(({ at, why, winner }) => [at, why, winner.relay]);
  return { found: [...new Set(found)], lost };
}

describe('who has a name', () => {
  it.each([false, true])(
    'D16: of one identity the session with the higher number (swapped: %s)',
    (isSwapped) => {
      const newer = a({ sessionSeq: 2, bootId: boot2, sinceMs: 9_000 });
      expect(contest(a(), newer, isSwapped)).toEqual({ found: ['r1'], lost: [['r0', 'replaced', 'r1']] });
      expect(contest(a(), a({ sessionSeq: 2 }), isSwapped)).toEqual({
        found: ['r1'],
        lost: [['r0', 'superseded', 'r1']],
      });
    },
  );

  it.each([false, true])(
    'D16: of two identities the one that has had it for longer (swapped: %s)',
    (isSwapped) => {
      expect(contest(a({ sinceMs: 5 }), a({ identity: y, sinceMs: 4, sessionSeq: 0 }), isSwapped)).toEqual({
        found: ['r1'],
        lost: [['r0', 'name_taken', 'r1']],
      });
      // The smaller identity, when both have had it for as long.
      expect(contest(a({ identity: y }), a(), isSwapped)).toEqual({
        found: ['r1'],
        lost: [['r0', 'name_taken', 'r1']],
      });
      // One that a token gives the name to has had it since 1.
      expect(contest(a(), a({ identity: y, sinceMs: 1 }), isSwapped).found).toEqual(['r1']);
    },
  );

  it.each([false, true])(
    'D16: two sessions of one process with one number stand side by side (swapped: %s)',
    (isSwapped) => {
      expect(contest(a(), a(), isSwapped)).toEqual({ found: ['r0'], lost: [] });
    },
  );

  it('D16: depends on the records alone, also where each of three comes before another', () => {
    const records = [
      recordOf('r0', 'a', { identity: x, sessionSeq: 5, sinceMs: 10 }),
      recordOf('r1', 'a', { identity: x, sessionSeq: 4, sinceMs: 1 }),
      recordOf('r2', 'a', { identity: y, sessionSeq: 1, sinceMs: 5 }),
    ] as [DirectoryRecord, DirectoryRecord, DirectoryRecord];
    expect(outranks(records[0], records[1])).toBe(true);
    expect(outranks(records[1], records[2])).toBe(true);
    expect(outranks(records[2], records[0])).toBe(true);
    expect(winnerOf(records)).toBe(records[2]);
    expect(winnerOver(records[0], records)).toBe(records[2]);
    expect(winnerOver(records[1], records)).toBe(records[0]);
    expect(winnerOver(records[2], records)).toBeUndefined();
  });

  it('D16: one has it, the others give way to a record that comes before theirs, whatever there is', () => {
    withSeeds(200, (seed) => {
      const random = new SeededRandom(seed);
      const records = Array.from({ length: 1 + random.integer(6) }, (_, index) =>
        recordOf(`r${index}`, 'a', {
          identity: random.pick([x, y, hashOf('z', 32)]),
          bootId: random.pick([boot1, boot2]),
          sessionSeq: random.integer(3),
          sinceMs: random.integer(3),
        }),
      );
      const winner = winnerOf(records)!;
      expect(winnerOf(random.shuffle(records))).toBe(winner);
      expect(winnerOver(winner, records)).toBeUndefined();
      for (const record of records) {
        const over = winnerOver(record, records);
        if (over !== undefined) expect(outranks(over, record)).toBe(true);
        else expect(compareSessions(sessionOf(record), sessionOf(winner))).toBe(0);
      }
    });
  });

  it('D16: is the order that the relays have among themselves', () => {
    expect(compareSessions({ sessionSeq: 2, bootKey: 'a' }, { sessionSeq: 1, bootKey: 'b' })).toBeGreaterThan(
      0,
    );
    expect(compareSessions({ sessionSeq: 1, bootKey: 'a' }, { sessionSeq: 1, bootKey: 'b' })).toBeLessThan(0);
    expect(isEarlierIdentity({ sinceMs: 1, identityKey: 'b' }, { sinceMs: 2, identityKey: 'a' })).toBe(true);
    expect(isEarlierIdentity({ sinceMs: 1, identityKey: 'b' }, { sinceMs: 1, identityKey: 'a' })).toBe(false);
  });
});

function sessionOf({ sessionSeq, bootId }: DirectoryRecord) {
  return { sessionSeq, bootKey: Buffer.from(bootId).toString('hex') };
}

describe('who has lost', () => {
  it('D17: is told once by all owners together, with the record that comes before', () => {
    const mesh = new Mesh(1).startMany(6);
    mesh.publish('r0', a());
    mesh.publish('r1', a({ identity: y, sinceMs: 4 }));
    mesh.clock.advance(3 * refreshMs);
    const [lost, ...more] = mesh.eventsOf('lost');
    expect(more).toEqual([]);
    expect(lost).toMatchObject({ at: 'r0', why: 'name_taken', winner: { relay: 'r1', sinceMs: 4 } });
    mesh.withdraw('r0', hashOf('a'));
    mesh.publish('r0', a());
    mesh.clock.advance(500);
    expect(mesh.eventsOf('lost').length).toBe(2);
  });

  it('D17: is told again after 10 s, 20 s, 40 s, … until the name is withdrawn', () => {
    const mesh = new Mesh(1, { jitterMs: 0 }).startMany(6);
    mesh.publish('r0', a());
    mesh.clock.advance(500);
    const owner = mesh.ownersOf(hashOf('a')).find((id) => id !== 'r0')!;
    const others = [...mesh.relays.keys()].filter((id) => id !== 'r0');
    for (const from of others) mesh.network.configureLink({ from, to: 'r0' }, { loss: 1 });
    mesh.publish('r1', a({ identity: y, sinceMs: 4 }));
    mesh.clock.advance(75_000);
    const told = mesh.sentOf('outdone', owner).map(({ atMs }) => atMs);
    expect(told.map((atMs) => atMs - told[0]!)).toEqual([0, 10_000, 30_000, 70_000]);
    for (const from of others) mesh.network.configureLink({ from, to: 'r0' }, { loss: 0 });
    mesh.clock.advance(100_000);
    expect(mesh.eventsOf('lost').length).toBe(1);
    mesh.withdraw('r0', hashOf('a'));
    mesh.clock.advance(1_000);
    mesh.sent = [];
    mesh.clock.advance(refreshMs);
    expect(mesh.sentOf('outdone')).toEqual([]);
  });

  it('D17: is nobody by a record that its relay has not signed, that comes after, or of a relay that is gone', () => {
    const mesh = new Mesh(1).startMany(3);
    mesh.publish('r0', a());
    const tell = (record: DirectoryRecord) =>
      mesh.act('r0', (relay) =>
        relay.handleMessage('r1', { kind: 'outdone', records: [record] }, mesh.clock.nowMs),
      );
    const of = (relay: string, change: Partial<OwnName>) => recordOf(relay, 'a', { ...a(), ...change });
    tell({ ...of('r2', { sessionSeq: 9 }), sessionSeq: 8 });
    expect(mesh.eventsOf('refused').length).toBe(1);
    tell(of('r2', { sessionSeq: 0 }));
    tell(of('r9', { sessionSeq: 9 }));
    tell(of('r0', { sessionSeq: 9 }));
    tell(recordOf('r2', 'another name', { sinceMs: 1 }));
    expect(mesh.eventsOf('lost')).toEqual([]);
    expect(mesh.eventsOf('refused').length).toBe(1);
    tell(of('r2', { sessionSeq: 9 }));
    expect(mesh.eventsOf('lost').length).toBe(1);
  });

  it('D18: has the name again when the winner withdraws it, or its relay is gone', () => {
    const mesh = new Mesh(1).startMany(6);
    mesh.publish('r0', a());
    mesh.publish('r1', a({ identity: y, sinceMs: 4 }));
    mesh.clock.advance(500);
    mesh.withdraw('r1', hashOf('a'));
    mesh.clock.advance(30_000);
    expect(mesh.find('r5', hashOf('a')).record?.relay).toBe('r0');
    mesh.publish('r2', a({ identity: y, sinceMs: 4 }));
    mesh.clock.advance(30_000);
    expect(mesh.find('r5', hashOf('a')).record?.relay).toBe('r2');
    mesh.killAndTell('r2');
    mesh.clock.advance(1_000);
    expect(mesh.find('r5', hashOf('a')).record?.relay).toBe('r0');
  });

  it('D11: when a partition heals one of two has the name, and the other hears of it', () => {
    withSeeds(5, (seed) => {
      const mesh = new Mesh(seed, { loss: 0.05 }).startMany(8);
      const halves = [
        ['r0', 'r2', 'r4', 'r6'],
        ['r1', 'r3', 'r5', 'r7'],
      ] as const;
      mesh.network.partition(...halves);
      for (const one of halves[0]) for (const other of halves[1]) mesh.unlearn(one, other);
      for (const one of halves[1]) for (const other of halves[0]) mesh.unlearn(one, other);
      mesh.publish('r0', a({ sinceMs: 7 }));
      mesh.publish('r1', a({ identity: y, sinceMs: 6 }));
      mesh.publish('r1', nameOf('b'));
      mesh.clock.advance(60_000);
      expect(mesh.find('r2', hashOf('a')).record?.relay).toBe('r0');
      expect(mesh.find('r3', hashOf('a')).record?.relay).toBe('r1');
      expect(mesh.find('r2', hashOf('b')).outcome).toBe('absent');
      mesh.network.heal();
      for (const id of halves[0]) mesh.introduce(id);
      mesh.clock.advance(60_000);
      for (const id of mesh.relays.keys()) {
        expect(mesh.find(id, hashOf('a')).record?.relay).toBe('r1');
        expect(mesh.find(id, hashOf('b')).record?.relay).toBe('r1');
      }
      expect(mesh.eventsOf('lost').map(({ at, why }) => [at, why])).toEqual([['r0', 'name_taken']]);
    });
  });
});
