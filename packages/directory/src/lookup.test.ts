import { describe, expect, it } from 'vitest';
import { hashOf, Mesh, nameOf, recordOf, sentBy } from '../test/mesh.js';
import type { DirectoryMessage, DirectoryRecord } from './index.js';
import { absentMs, cacheMax, foundMs, lookupMs, lookupsMax } from './limits.js';

/** A relay that asks, and owners that say only what the test has them say. */
class Puppets {
  readonly mesh = new Mesh(1, { jitterMs: 0 });
  readonly element = hashOf('a');
  readonly owners: readonly string[];

  constructor(others = 8, isSettled = true) {
    this.mesh.start('asker');
    for (let index = 0; index < others; index++) this.join(`o${index}`);
    if (isSettled) this.mesh.clock.advance(15_000);
    this.owners = this.mesh.ownersOf(this.element, this.mesh.epochs.keys());
    if (this.owners.includes('asker')) throw new Error('choose another name');
  }

  join(id: string): void {
    this.mesh.epochs.set(id, 1);
    this.mesh.learn('asker', id);
  }

  ask(except: readonly DirectoryRecord[] = []): void {
    this.mesh.act('asker', (relay) => relay.lookup(this.element, this.mesh.clock.nowMs, except));
  }

  /** Whom it has asked so far, in order. */
  get asked(): string[] {
    return this.mesh.sentOf('ask').map(({ to }) => to);
  }

  answer(from: string, isSettled: boolean, record?: DirectoryRecord): void {
    const query = this.mesh.sentOf('ask').findLast(({ to }) => to === from)!.message.query;
    const message: DirectoryMessage = { kind: 'answer', query, isSettled, record };
    this.mesh.act('asker', (relay) => relay.handleMessage(from, message, this.mesh.clock.nowMs));
  }

  get outcomes(): string[] {
    return this.mesh.answers('asker', this.element).map(({ outcome }) => outcome);
  }
}

describe('asking', () => {
  it('D12: the first owner is asked, and the second beside it after 100 ms, then the third', () => {
    const puppets = new Puppets();
    const { mesh, owners } = puppets;
    puppets.ask();
    expect(puppets.asked).toEqual([owners[0]]);
    mesh.clock.advance(99);
    expect(puppets.asked).toEqual([owners[0]]);
    mesh.clock.advance(1);
    expect(puppets.asked).toEqual([owners[0], owners[1]]);
    mesh.clock.advance(100);
    expect(puppets.asked).toEqual([owners[0], owners[1], owners[2]]);
    // Then round again, half as fast each time.
    mesh.clock.advance(100 + 200 + 200);
    expect(puppets.asked).toEqual([...owners, ...owners]);
  });

  it('D12: … after two round trips where they are longer', () => {
    const puppets = new Puppets();
    const [first, second] = puppets.owners as [string, string];
    puppets.ask();
    puppets.mesh.clock.advance(90);
    puppets.answer(first, true, recordOf('o1', 'a'));
    expect(puppets.outcomes).toEqual(['found']);
    puppets.mesh.clock.advance(foundMs);
    puppets.ask();
    puppets.mesh.clock.advance(179);
    expect(puppets.asked).toEqual([first, first]);
    puppets.mesh.clock.advance(1);
    expect(puppets.asked).toEqual([first, first, second]);
  });

  it('D12: who says no makes the next one be asked at once', () => {
    const puppets = new Puppets();
    puppets.ask();
    puppets.answer(puppets.owners[0]!, true);
    expect(puppets.asked).toEqual(puppets.owners.slice(0, 2));
    puppets.answer(puppets.owners[1]!, true, recordOf('o1', 'a'));
    expect(puppets.outcomes).toEqual(['found']);
  });

  it('D12: what a relay keeps itself it finds without a message', () => {
    const mesh = new Mesh(1).startMany(3);
    mesh.publish('r0', nameOf('a'));
    mesh.clock.advance(200);
    mesh.sent = [];
    expect(mesh.find('r1', hashOf('a')).record?.relay).toBe('r0');
    expect(mesh.sent).toEqual([]);
  });

  it('D12: an owner that is gone is not waited for', () => {
    const puppets = new Puppets();
    puppets.ask();
    puppets.mesh.unlearn('asker', puppets.owners[0]!);
    expect(puppets.asked).toEqual(puppets.owners.slice(0, 2));
  });

  it('D13: nobody has it when two owners agree', () => {
    const puppets = new Puppets();
    puppets.ask();
    puppets.answer(puppets.owners[0]!, true);
    expect(puppets.outcomes).toEqual([]);
    puppets.answer(puppets.owners[1]!, true);
    expect(puppets.outcomes).toEqual(['absent']);
    expect(puppets.asked.length).toBe(2);
  });

  it('D13: … or when all who could be reached say no within 3 s, but not when nobody could', () => {
    const puppets = new Puppets();
    puppets.ask();
    puppets.mesh.clock.advance(1_000);
    puppets.answer(puppets.owners[2]!, true);
    expect(puppets.outcomes).toEqual([]);
    puppets.mesh.clock.advance(2_000);
    expect(puppets.outcomes).toEqual(['absent']);
    const others = new Puppets();
    others.ask();
    others.mesh.clock.advance(lookupMs - 1);
    expect(others.outcomes).toEqual([]);
    others.mesh.clock.advance(1);
    expect(others.outcomes).toEqual(['unreachable']);
  });

  it('D13: owners that have not owned it for long are unsure: all are asked, and that nobody has it is not remembered', () => {
    const puppets = new Puppets();
    puppets.ask();
    for (const owner of puppets.owners) puppets.answer(owner, false);
    expect(puppets.outcomes).toEqual(['absent']);
    puppets.ask();
    expect(puppets.asked.length).toBe(4);
  });

  it('D13: the one who says no again and again is one', () => {
    const puppets = new Puppets();
    puppets.ask();
    for (let time = 0; time < 3; time++) puppets.answer(puppets.owners[0]!, true);
    expect(puppets.outcomes).toEqual([]);
  });

  it('D13: whoever was an owner a moment ago is asked, too', () => {
    // Three relays join that own the name from now on; nobody has given them anything yet.
    const puppets = new Puppets(4);
    const former = puppets.owners;
    const later = Array.from({ length: 200 }, (_, index) => `n${index}`);
    const chosen = later.filter((id) =>
      puppets.mesh
        .ownersOf(puppets.element, [...former, id])
        .slice(0, 1)
        .includes(id),
    );
    for (const id of chosen.slice(0, 3)) puppets.join(id);
    const owners = puppets.mesh.ownersOf(puppets.element, puppets.mesh.epochs.keys());
    expect(owners.toSorted()).toEqual(chosen.slice(0, 3).toSorted());
    puppets.ask();
    for (const owner of owners) puppets.answer(owner, false);
    expect(puppets.asked).toEqual([...owners, former[0]]);
    puppets.answer(former[0]!, false, recordOf('o1', 'a'));
    expect(puppets.outcomes).toEqual(['found']);
    // Later they should have it themselves.
    puppets.mesh.clock.advance(60_000);
    puppets.ask();
    for (const owner of owners) puppets.answer(owner, false);
    expect(puppets.outcomes).toEqual(['found', 'absent']);
  });

  it('D13: a relay says that it is settled only when it has been an owner for 10 s', () => {
    const mesh = new Mesh(1, { jitterMs: 0 });
    mesh.start('r0');
    for (const id of ['r1', 'r2', 'r3', 'r4', 'r5']) {
      mesh.epochs.set(id, 1);
      mesh.learn('r0', id);
    }
    const ids = [...mesh.epochs.keys()];
    const names = Array.from({ length: 60 }, (_, index) => hashOf(`${index}`));
    const own = names.find((element) => mesh.ownersOf(element, ids).includes('r0'))!;
    const others = names.find((element) => !mesh.ownersOf(element, ids).includes('r0'))!;
    const isSettled = (element: Uint8Array) => {
      const relay = mesh.relay('r0');
      relay.handleMessage('r1', { kind: 'ask', query: 1, element }, mesh.clock.nowMs);
      return sentBy(relay).some(({ message }) => message.kind === 'answer' && message.isSettled);
    };
    mesh.clock.advance(9_999);
    expect(isSettled(own)).toBe(false);
    mesh.clock.advance(1);
    expect(isSettled(own)).toBe(true);
    expect(isSettled(others)).toBe(false);
    // An owner goes: r0 gets a name that it didn't own.
    const owners = mesh.ownersOf(others, ids);
    for (const id of owners.slice(0, 3)) mesh.unlearn('r0', id);
    expect(isSettled(others)).toBe(false);
    mesh.clock.advance(10_000);
    expect(isSettled(others)).toBe(true);
  });
});

describe('what is remembered', () => {
  it('D14: a found record for 30 s, unless its relay is gone or begins a new life', () => {
    const puppets = new Puppets();
    puppets.ask();
    puppets.answer(puppets.owners[0]!, true, recordOf('o1', 'a'));
    puppets.mesh.clock.advance(foundMs - 1);
    puppets.ask();
    expect(puppets.outcomes).toEqual(['found', 'found']);
    expect(puppets.asked.length).toBe(1);
    puppets.mesh.epochs.set('o1', 2);
    puppets.mesh.learn('asker', 'o1');
    puppets.ask();
    expect(puppets.asked.length).toBe(2);
    puppets.answer(puppets.owners[0]!, true, recordOf('o1', 'a', { epoch: 2 }));
    puppets.mesh.clock.advance(foundMs);
    puppets.ask();
    expect(puppets.asked.length).toBe(3);
  });

  it('D14: that nobody has it for 2 s', () => {
    const puppets = new Puppets();
    puppets.ask();
    for (const owner of puppets.owners.slice(0, 2)) puppets.answer(owner, true);
    puppets.mesh.clock.advance(absentMs - 1);
    puppets.ask();
    expect(puppets.outcomes).toEqual(['absent', 'absent']);
    puppets.mesh.clock.advance(1);
    puppets.ask();
    expect(puppets.outcomes.length).toBe(2);
    expect(puppets.asked.length).toBe(3);
  });

  it('D14: a record that the caller found to be wrong is no answer, from whomever', () => {
    const puppets = new Puppets();
    const wrong = recordOf('o1', 'a');
    puppets.ask();
    puppets.answer(puppets.owners[0]!, true, wrong);
    puppets.ask([wrong]);
    puppets.answer(puppets.owners[0]!, true, wrong);
    expect(puppets.outcomes).toEqual(['found']);
    puppets.answer(puppets.owners[1]!, true, recordOf('o2', 'a', { version: 2 }));
    expect(puppets.mesh.answers('asker', puppets.element).at(-1)!.record?.relay).toBe('o2');
    puppets.ask();
    expect(puppets.mesh.answers('asker', puppets.element).at(-1)!.record?.relay).toBe('o2');
    puppets.ask([wrong]);
    for (const owner of puppets.owners) puppets.answer(owner, true, wrong);
    expect(puppets.outcomes.at(-1)).toBe('absent');
  });

  it('D14: the last 16,384 answers', () => {
    const mesh = new Mesh(1);
    mesh.start('r0');
    mesh.clock.advance(15_000);
    const element = (index: number) => new Uint8Array(16).map((_, at) => (at < 3 ? index >> (8 * at) : 0));
    mesh.act('r0', (relay) => {
      for (let index = 0; index <= cacheMax; index++) relay.lookup(element(index), 15_000);
    });
    expect(mesh.relay('r0').remembered).toBe(cacheMax);
  });
});

describe('many', () => {
  it('D15: lookups for one name at a time are one', () => {
    const puppets = new Puppets();
    for (let time = 0; time < 3; time++) puppets.ask();
    expect(puppets.asked.length).toBe(1);
    puppets.answer(puppets.owners[0]!, true, recordOf('o1', 'a'));
    expect(puppets.outcomes).toEqual(['found']);
  });

  it('D15: more than 4,096 are not begun, and all end within 3 s', () => {
    const puppets = new Puppets();
    puppets.mesh.act('asker', (relay) => {
      for (let index = 0; index <= lookupsMax; index++)
        relay.lookup(hashOf(`${index}`), puppets.mesh.clock.nowMs);
    });
    expect(puppets.mesh.eventsOf('answered').map(({ outcome }) => outcome)).toEqual(['busy']);
    expect(puppets.mesh.relay('asker').lookups).toBe(lookupsMax);
    puppets.mesh.clock.advance(lookupMs);
    expect(puppets.mesh.relay('asker').lookups).toBe(0);
  });
});

describe('owners that lie', () => {
  it('D4: a record that its relay has not signed, or of another name, is no answer', () => {
    const puppets = new Puppets();
    const forged = { ...recordOf('o1', 'a'), sessionSeq: 9 };
    puppets.ask();
    puppets.answer(puppets.owners[0]!, true, forged);
    puppets.answer(puppets.owners[1]!, true, recordOf('o1', 'b'));
    expect(puppets.outcomes).toEqual([]);
    expect(puppets.mesh.eventsOf('refused').map(({ from }) => from)).toEqual(puppets.owners.slice(0, 2));
    puppets.answer(puppets.owners[2]!, true, recordOf('o1', 'a'));
    expect(puppets.outcomes).toEqual(['found']);
  });

  it('D4: a record of a relay that is gone, or of its earlier life, is no answer', () => {
    const puppets = new Puppets();
    puppets.mesh.epochs.set('o2', 5);
    puppets.mesh.learn('asker', 'o2');
    puppets.ask();
    puppets.answer(puppets.owners[0]!, true, recordOf('gone', 'a'));
    puppets.answer(puppets.owners[1]!, true, recordOf('o2', 'a', { epoch: 4 }));
    expect(puppets.outcomes).toEqual([]);
  });

  it('D13: one owner that says no hides nothing', () => {
    const mesh = new Mesh(1).startMany(6);
    mesh.publish('r0', nameOf('a'));
    mesh.clock.advance(200);
    const asker = [...mesh.relays.keys()].find((id) => !mesh.ownersOf(hashOf('a')).includes(id))!;
    const [liar] = mesh.ownersOf(hashOf('a')) as [string];
    mesh.act(asker, (relay) => relay.lookup(hashOf('a'), mesh.clock.nowMs));
    const [ask] = mesh.sentOf('ask', asker);
    expect(ask!.to).toBe(liar);
    const { query } = ask!.message;
    mesh.act(asker, (relay) =>
      relay.handleMessage(
        liar,
        { kind: 'answer', query, isSettled: true, record: undefined },
        mesh.clock.nowMs,
      ),
    );
    mesh.clock.advance(100);
    expect(mesh.answers(asker, hashOf('a'))[0]!.outcome).toBe('found');
  });

  it('D12: an answer counts once, from who was asked, to the question that was asked', () => {
    const puppets = new Puppets();
    puppets.ask();
    const { query } = puppets.mesh.sentOf('ask')[0]!.message;
    const record = recordOf('o1', 'a');
    const hear = (from: string, number: number) =>
      puppets.mesh.act('asker', (relay) =>
        relay.handleMessage(from, { kind: 'answer', query: number, isSettled: true, record }, 20_000),
      );
    hear(puppets.owners[1]!, query);
    hear(puppets.owners[0]!, query + 1);
    expect(puppets.outcomes).toEqual([]);
    hear(puppets.owners[0]!, query);
    hear(puppets.owners[0]!, query);
    expect(puppets.outcomes).toEqual(['found']);
  });
});
