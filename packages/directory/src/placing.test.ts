import { describe, expect, it } from 'vitest';
import { hashOf, Mesh, nameOf, recordOf, withSeeds } from '../test/mesh.js';
import { lifetimeMs, refreshMs, settleMs } from './index.js';

/** Names `a0`, `a1`, … at a relay. */
function publishMany(mesh: Mesh, id: string, count: number): void {
  for (let index = 0; index < count; index++) mesh.publish(id, nameOf(`${id}/${index}`));
}

/** Whether each relay keeps what it should, and nothing else. */
function expectKept(mesh: Mesh, names: readonly (readonly [id: string, name: string])[]): void {
  const counts = new Map([...mesh.relays.keys()].map((id) => [id, 0]));
  for (const [, name] of names)
    for (const owner of mesh.ownersOf(hashOf(name))) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  expect(new Map([...mesh.relays].map(([id, relay]) => [id, relay.kept]))).toEqual(counts);
}

const namesOf = (id: string, count: number) =>
  Array.from({ length: count }, (_, index) => [id, `${id}/${index}`] as const);

describe('placing', () => {
  it('D4: three relays keep a name, as its relay has signed it, and nobody else', () => {
    const mesh = new Mesh(1).startMany(8);
    mesh.publish('r0', nameOf('a'));
    mesh.clock.advance(200);
    const owners = mesh.ownersOf(hashOf('a'));
    for (const [id, relay] of mesh.relays) expect(relay.kept).toBe(owners.includes(id) ? 1 : 0);
    const { record } = mesh.find('r5', hashOf('a'));
    expect(record).toEqual(recordOf('r0', 'a'));
  });

  it('D4: a record that its relay has not signed, or that another relay brings, is not kept', () => {
    const mesh = new Mesh(1).startMany(3);
    const place = (from: string, records: ReturnType<typeof recordOf>[]) =>
      mesh.act('r0', (relay) =>
        relay.handleMessage(
          from,
          { kind: 'place', epoch: 1, sequence: 1, held: undefined, records, dropped: [] },
          mesh.clock.nowMs,
        ),
      );
    place('r1', [{ ...recordOf('r1', 'a'), sinceMs: 1 }]);
    place('r1', [recordOf('r2', 'a')]);
    place('r1', [recordOf('r1', 'a', { epoch: 2 })]);
    expect(mesh.relay('r0').kept).toBe(0);
    expect(mesh.eventsOf('refused').map(({ from, relay }) => [from, relay])).toEqual([
      ['r1', 'r1'],
      ['r1', 'r2'],
      ['r1', 'r1'],
    ]);
    place('r1', [recordOf('r1', 'a')]);
    expect(mesh.relay('r0').kept).toBe(1);
    // Who takes no part places nothing.
    place('r9', [recordOf('r9', 'b')]);
    expect(mesh.relay('r0').kept).toBe(1);
  });

  it('D5: with 20 % loss, duplicates and messages that overtake each other everything is kept, and what is withdrawn is gone', () => {
    withSeeds(5, (seed) => {
      const mesh = new Mesh(seed, { loss: 0.2, duplication: 0.2, jitterMs: 400 }).startMany(5);
      publishMany(mesh, 'r0', 100);
      publishMany(mesh, 'r1', 3);
      mesh.clock.advance(700);
      for (let index = 50; index < 100; index++) mesh.withdraw('r0', hashOf(`r0/${index}`));
      // A name that goes and comes again while messages are under way.
      mesh.withdraw('r1', hashOf('r1/0'));
      mesh.publish('r1', nameOf('r1/0'));
      mesh.clock.advance(120_000);
      expectKept(mesh, [...namesOf('r0', 50), ...namesOf('r1', 3)]);
    });
  });

  it('D5: an old message that comes late changes nothing', () => {
    const mesh = new Mesh(1).startMany(3);
    mesh.publish('r0', nameOf('a'));
    mesh.clock.advance(300);
    const [first] = mesh.sentOf('place', 'r0').filter(({ to }) => to === 'r1');
    mesh.withdraw('r0', hashOf('a'));
    mesh.clock.advance(300);
    expect(mesh.relay('r1').kept).toBe(0);
    mesh.act('r1', (relay) => relay.handleMessage('r0', first!.message, mesh.clock.nowMs));
    expect(mesh.relay('r1').kept).toBe(0);
  });

  it('D5: one message at a time is under way to an owner, with at most 64 records, until it answers', () => {
    const mesh = new Mesh(1).startMany(2);
    mesh.sent = [];
    publishMany(mesh, 'r0', 200);
    mesh.clock.advance(1_000);
    const placed = mesh.sentOf('place', 'r0');
    expect(placed.map(({ message }) => message.records.length)).toEqual([64, 64, 64, 8]);
    expect(placed.map(({ message }) => message.held?.count)).toEqual([undefined, undefined, undefined, 200]);
    for (let index = 1; index < 4; index++)
      expect(placed[index]!.atMs - placed[index - 1]!.atMs).toBeGreaterThanOrEqual(20);
    expect(mesh.relay('r1').kept).toBe(200);
  });

  it('D5: an owner that does not answer is asked after 0.5, 1, 2, … 30 s', () => {
    const mesh = new Mesh(1, { jitterMs: 0 }).startMany(2);
    mesh.network.partition(['r0'], ['r1']);
    mesh.sent = [];
    mesh.publish('r0', nameOf('a'));
    mesh.clock.advance(120_000);
    const times = mesh.sentOf('place', 'r0').map(({ atMs }) => atMs);
    const waits = times.slice(1).map((atMs, index) => atMs - times[index]!);
    expect(waits.slice(0, 9)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    mesh.network.heal();
    mesh.clock.advance(30_000);
    expect(mesh.relay('r1').kept).toBe(1);
  });

  it('D6: an owner that lost something is told everything again, one that has too much forgets it', () => {
    const mesh = new Mesh(1).startMany(2);
    publishMany(mesh, 'r0', 100);
    mesh.clock.advance(1_000);
    // As if r0 had said so: it drops some, and brings one that it doesn't speak of afterwards.
    mesh.act('r1', (relay) =>
      relay.handleMessage(
        'r0',
        {
          kind: 'place',
          epoch: 1,
          sequence: mesh.sentOf('place', 'r0').at(-1)!.message.sequence,
          held: undefined,
          records: [recordOf('r0', 'stray', { version: 1_000 })],
          dropped: [hashOf('r0/1'), hashOf('r0/2')],
        },
        mesh.clock.nowMs,
      ),
    );
    expect(mesh.relay('r1').kept).toBe(99);
    mesh.sent = [];
    mesh.publish('r0', nameOf('new'));
    mesh.clock.advance(1_000);
    expectKept(mesh, [...namesOf('r0', 100), ['r0', 'new']]);
    expect(mesh.sentOf('placed', 'r1').map(({ message }) => message.status)).toEqual(['differs', 'ok', 'ok']);
    expect(mesh.find('r1', hashOf('stray')).outcome).toBe('absent');
  });

  it('D6: an owner that says again and again that it holds something else is told later and later', () => {
    const mesh = new Mesh(1, { jitterMs: 0 });
    mesh.start('r0');
    mesh.epochs.set('liar', 1);
    mesh.learn('r0', 'liar');
    mesh.publish('r0', nameOf('a'));
    for (let second = 0; second < 300; second++) {
      mesh.clock.advance(1_000);
      const last = mesh.sentOf('place', 'r0').at(-1)!;
      const { epoch, sequence } = last.message;
      mesh.act('r0', (relay) =>
        relay.handleMessage('liar', { kind: 'placed', epoch, sequence, status: 'differs' }, mesh.clock.nowMs),
      );
    }
    expect(mesh.sentOf('place', 'r0').length).toBeLessThan(25);
  });

  it('D7: each owner is asked once in 15 min whether it still holds everything, evenly over the time', () => {
    const mesh = new Mesh(1).startMany(6);
    publishMany(mesh, 'r0', 50);
    mesh.clock.advance(refreshMs);
    mesh.sent = [];
    mesh.clock.advance(refreshMs);
    const times = mesh.sentOf('place', 'r0').map(({ to, atMs, message }) => ({ to, atMs, message }));
    expect(new Set(times.map(({ to }) => to)).size).toBe(5);
    expect(times.length).toBe(5);
    for (const { message } of times) expect(message.records).toEqual([]);
    for (let index = 1; index < 5; index++)
      expect(times[index]!.atMs - times[index - 1]!.atMs).toBeGreaterThanOrEqual(refreshMs / 6);
  });

  it('D7: what is not refreshed is forgotten, what is refreshed is kept', () => {
    const mesh = new Mesh(1).startMany(4);
    publishMany(mesh, 'r0', 20);
    publishMany(mesh, 'r1', 20);
    mesh.clock.advance(2_000);
    // r0 is cut off, and nobody's membership notices.
    mesh.network.partition(['r0'], ['r1', 'r2', 'r3']);
    mesh.clock.advance(lifetimeMs - 60_000);
    expect(mesh.relay('r2').keptOf('r0')).toBeGreaterThan(0);
    mesh.clock.advance(refreshMs);
    for (const id of ['r1', 'r2', 'r3']) expect(mesh.relay(id).keptOf('r0')).toBe(0);
    mesh.sent = [];
    mesh.clock.advance(3 * lifetimeMs);
    // Nothing was forgotten meanwhile and given again.
    expect(
      new Set(
        mesh
          .sentOf('placed')
          .filter(({ to }) => to === 'r1')
          .map(({ message }) => message.status),
      ),
    ).toEqual(new Set(['ok']));
    const ofR1 = namesOf('r1', 20).filter(([, name]) => mesh.ownersOf(hashOf(name)).includes('r2'));
    expect(mesh.relay('r2').keptOf('r1')).toBe(ofR1.length);
  });
});

describe('members', () => {
  it('D8: a relay that joins is given what it owns; former owners keep it until that is sure, and then forget it', () => {
    withSeeds(5, (seed) => {
      const mesh = new Mesh(seed, { loss: 0.05 }).startMany(6);
      publishMany(mesh, 'r0', 200);
      publishMany(mesh, 'r1', 200);
      mesh.clock.advance(5_000);
      mesh.start('new');
      // It can't be reached for a while.
      mesh.network.partition(['new']);
      mesh.introduce('new');
      mesh.clock.advance(3 * settleMs);
      expect(mesh.relay('new').kept).toBe(0);
      const before = new Map([...mesh.relays].map(([id, relay]) => [id, relay.kept]));
      expect([...before.values()].reduce((sum, kept) => sum + kept, 0)).toBe(3 * 400);
      mesh.network.heal();
      mesh.clock.advance(120_000);
      expectKept(mesh, [...namesOf('r0', 200), ...namesOf('r1', 200)]);
      expect(mesh.relay('new').kept).toBeGreaterThan(100);
    });
  });

  it('D8: a relay that joins costs each name that it does not own nothing', () => {
    const mesh = new Mesh(1).startMany(10);
    publishMany(mesh, 'r0', 300);
    mesh.clock.advance(2_000);
    mesh.sent = [];
    const keptByR0 = mesh.relay('r0').kept;
    mesh.start('new');
    mesh.introduce('new');
    mesh.clock.advance(60_000);
    const records = mesh.sentOf('place', 'r0').flatMap(({ to, message }) => message.records.map(() => to));
    expect(records.length).toBe(mesh.relay('new').kept);
    expect(new Set(records)).toEqual(new Set(['new']));
    const dropped = mesh.sentOf('place', 'r0').flatMap(({ message }) => message.dropped);
    // What r0 kept itself it drops without a message.
    expect(dropped.length).toBe(records.length - (keptByR0 - mesh.relay('r0').kept));
  });

  it('D9: the records of a relay that is gone do not count, and others keep what it kept', () => {
    const mesh = new Mesh(1).startMany(6);
    publishMany(mesh, 'r0', 100);
    publishMany(mesh, 'r1', 100);
    mesh.clock.advance(2_000);
    mesh.killAndTell('r0');
    mesh.clock.advance(2_000);
    expect(mesh.find('r2', hashOf('r0/5')).outcome).toBe('absent');
    const outcomes = namesOf('r1', 100).map(([, name]) => mesh.find('r3', hashOf(name)).outcome);
    expect(outcomes).toEqual(outcomes.map(() => 'found'));
    mesh.clock.advance(lifetimeMs + refreshMs);
    expectKept(mesh, namesOf('r1', 100));
  });

  it('D9: a relay that was taken for dead is there again with all its names at once', () => {
    const mesh = new Mesh(1).startMany(5);
    mesh.publish('r0', nameOf('a'));
    mesh.clock.advance(2_000);
    for (const id of ['r1', 'r2', 'r3', 'r4']) mesh.unlearn(id, 'r0');
    expect(mesh.find('r4', hashOf('a')).outcome).toBe('absent');
    mesh.clock.advance(60_000);
    for (const id of ['r1', 'r2', 'r3', 'r4']) mesh.learn(id, 'r0');
    expect(mesh.find('r4', hashOf('a')).outcome).toBe('found');
  });

  it('D9: what a relay withdraws while an owner is away the owner forgets when it is back, also when there is nothing else', () => {
    const mesh = new Mesh(1).startMany(2);
    mesh.publish('r0', nameOf('a'));
    mesh.clock.advance(2_000);
    mesh.unlearn('r0', 'r1');
    mesh.withdraw('r0', hashOf('a'));
    mesh.clock.advance(60_000);
    expect(mesh.relay('r1').kept).toBe(1);
    mesh.learn('r0', 'r1');
    mesh.clock.advance(1_000);
    expect(mesh.relay('r1').kept).toBe(0);
  });

  it('D10: an owner that begins a new life is given everything again, and what a relay said in an earlier one does not count', () => {
    const mesh = new Mesh(1).startMany(4);
    publishMany(mesh, 'r0', 100);
    publishMany(mesh, 'r1', 100);
    mesh.clock.advance(2_000);
    mesh.kill('r1');
    mesh.start('r1');
    mesh.introduce('r1');
    expect(mesh.find('r3', hashOf('r1/5')).outcome).toBe('absent');
    publishMany(mesh, 'r1', 10);
    mesh.clock.advance(3_000);
    expectKept(mesh, [...namesOf('r0', 100), ...namesOf('r1', 10)]);
  });

  for (const isNoticed of [true, false])
    it(`D10: a relay whose clock was set back between two lives is heard in the later one, ${isNoticed ? 'after' : 'before'} its death was noticed`, () => {
      const mesh = new Mesh(1);
      mesh.epochs.set('r1', 999);
      mesh.startMany(4);
      publishMany(mesh, 'r1', 100);
      mesh.clock.advance(2_000);
      mesh.kill('r1');
      if (isNoticed) {
        for (const id of ['r0', 'r2', 'r3'])
          mesh.act(id, (relay) => relay.removeMember('r1', mesh.clock.nowMs));
        mesh.clock.advance(2_000);
      }
      mesh.epochs.set('r1', 499);
      mesh.start('r1');
      mesh.introduce('r1');
      expect(mesh.find('r3', hashOf('r1/5')).outcome).toBe('absent');
      publishMany(mesh, 'r1', 10);
      mesh.clock.advance(3_000);
      expectKept(mesh, namesOf('r1', 10));
    });

  it('D10: a message of an earlier life that comes late changes nothing', () => {
    const mesh = new Mesh(1).startMany(3);
    publishMany(mesh, 'r0', 1);
    mesh.clock.advance(1_000);
    const [old] = mesh.sentOf('place', 'r0').filter(({ to }) => to === 'r1');
    mesh.kill('r0');
    mesh.start('r0');
    mesh.introduce('r0');
    const late = { ...old!.message, sequence: 1_000 };
    mesh.act('r1', (relay) => relay.handleMessage('r0', late, mesh.clock.nowMs));
    mesh.publish('r0', nameOf('b'));
    mesh.clock.advance(1_000);
    mesh.act('r1', (relay) => relay.handleMessage('r0', late, mesh.clock.nowMs));
    expectKept(mesh, [['r0', 'b']]);
  });
});
