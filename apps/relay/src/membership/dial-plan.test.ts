import { SeededRandom } from '@macula/testkit';
import { describe, expect, it } from 'vitest';
import { DialPlan } from './dial-plan.js';
import { peeringsMax } from './limits.js';
import type { Member } from './members.js';

const member = (id: string, more: Partial<Member> = {}): Member => ({
  ...{ id, state: 'alive', isDraining: false, url: `https://${id}:4433`, label: id },
  ...more,
});
const none: ReadonlySet<string> = new Set();
const atOnce = () => 0;

describe('of two relays', () => {
  it('the one with the smaller id dials at once, the other one 3 s later if there is still no peering', () => {
    const small = new DialPlan('a', atOnce);
    expect(small.update([member('b')], none, 0)).toEqual([{ kind: 'dial', id: 'b', url: 'https://b:4433' }]);
    expect(small.update([member('b')], none, 1)).toEqual([]);
    const large = new DialPlan('c', atOnce);
    expect(large.update([member('b')], none, 0)).toEqual([]);
    expect(large.update([member('b')], none, 2999)).toEqual([]);
    expect(large.update([member('b')], none, 3000)).toEqual([
      { kind: 'dial', id: 'b', url: 'https://b:4433' },
    ]);
  });

  it('none dials while there is a peering, and the patience begins again when it is lost', () => {
    const plan = new DialPlan('c', atOnce);
    const peers = new Set(['b']);
    expect(plan.update([member('b')], peers, 0)).toEqual([]);
    expect(plan.update([member('b')], peers, 10_000)).toEqual([]);
    expect(plan.update([member('b')], none, 10_001)).toEqual([]);
    expect(plan.update([member('b')], none, 13_001)).toMatchObject([{ kind: 'dial' }]);
  });

  it('the first dials are spread', () => {
    const random = new SeededRandom(1);
    const plan = new DialPlan('a', () => random.next());
    const members = Array.from({ length: 40 }, (_, index) => member(`b${index}`));
    const early = plan.update(members, none, 0).length + plan.update(members, none, 100).length;
    expect(early).toBeGreaterThan(5);
    expect(early).toBeLessThan(25);
    expect(plan.update(members, none, 300)).toHaveLength(40 - early);
  });
});

it('a dead member is dialled on, one that has left or is forgotten or has no URL is not', () => {
  const plan = new DialPlan('a', atOnce);
  const members = [member('b'), member('c'), member('d'), member('e', { url: undefined })];
  expect(plan.update(members, none, 0)).toHaveLength(3);
  const later = [member('b', { state: 'dead' }), member('c', { state: 'left' })];
  expect(plan.update(later, none, 1)).toEqual([
    { kind: 'stop', id: 'c' },
    { kind: 'stop', id: 'd' },
  ]);
});

it('a member that tells another address is dialled there', () => {
  const plan = new DialPlan('a', atOnce);
  plan.update([member('b')], none, 0);
  expect(plan.update([member('b', { url: 'https://new:1' })], none, 1)).toEqual([
    { kind: 'stop', id: 'b' },
    { kind: 'dial', id: 'b', url: 'https://new:1' },
  ]);
});

it('when nobody dials any more it can begin again', () => {
  const plan = new DialPlan('a', atOnce);
  plan.update([member('b')], none, 0);
  plan.handleEnded('b');
  expect(plan.update([member('b')], new Set(['b']), 1)).toEqual([]);
  expect(plan.update([member('b')], none, 2)).toMatchObject([{ kind: 'dial', id: 'b' }]);
});

it('of a larger mesh each relay dials so many, and two choose each other', () => {
  const ids = Array.from({ length: peeringsMax + 40 }, (_, index) => `relay ${index}`);
  const chosen = new Map<string, Set<string>>();
  for (const own of ids.slice(0, 30)) {
    const members = ids.filter((id) => id !== own).map((id) => member(id));
    expect(DialPlan.isTooLarge(members)).toBe(true);
    const plan = new DialPlan(own, atOnce);
    const steps = [...plan.update(members, none, 0), ...plan.update(members, none, 3000)];
    expect(steps).toHaveLength(peeringsMax);
    chosen.set(own, new Set(steps.map(({ id }) => id)));
  }
  // One chooses another with 256 of 295, and for most of them that one does, too: by chance 87 of 100 would.
  let both = 0;
  let pairs = 0;
  for (const [own, dialled] of chosen)
    for (const [other, back] of chosen) {
      if (own === other || !dialled.has(other)) continue;
      pairs++;
      if (back.has(own)) both++;
    }
  expect(both / pairs).toBeGreaterThan(0.9);
});

it('of more members than it may dial leaves out dead ones first', () => {
  const living = Array.from({ length: peeringsMax - 10 }, (_, index) => member(`living ${index}`));
  const dead = Array.from({ length: 100 }, (_, index) => member(`dead ${index}`, { state: 'dead' }));
  const plan = new DialPlan('own', atOnce);
  const members = [...dead, ...living];
  const steps = [...plan.update(members, none, 0), ...plan.update(members, none, 3000)];
  const dialled = new Set(steps.map(({ id }) => id));
  expect(living.filter(({ id }) => !dialled.has(id))).toEqual([]);
  expect(dialled.size).toBe(peeringsMax);
});

describe('a member where nobody was ever reached', () => {
  it('is left alone after a minute, for longer each time, and one that was reached is not', () => {
    const plan = new DialPlan('a', atOnce);
    plan.update([member('b'), member('c')], new Set(['b']), 0);
    const stops: number[] = [];
    const dials: number[] = [];
    for (let nowMs = 1; nowMs < 4 * 3_600_000; nowMs += 500)
      for (const step of plan.update([member('b'), member('c')], none, nowMs)) {
        if (step.id === 'b') expect(step).toMatchObject({ kind: 'dial' });
        else (step.kind === 'stop' ? stops : dials).push(Math.round(nowMs / 60_000));
      }
    expect(stops.slice(0, 5)).toEqual([1, 7, 18, 39, 80]);
    expect(dials.slice(0, 5)).toEqual([6, 17, 38, 79, 140]);
  });

  it('does not keep those that were from being dialled, however many there are', () => {
    const plan = new DialPlan('own', atOnce);
    const met = Array.from({ length: 100 }, (_, index) => member(`met ${index}`));
    plan.update(met, new Set(met.map(({ id }) => id)), 0);
    const invented = Array.from({ length: 1_000 }, (_, index) => member(`invented ${index}`));
    const steps = [
      ...plan.update([...invented, ...met], none, 1),
      ...plan.update([...invented, ...met], none, 4_000),
    ];
    const dialled = new Set(steps.map(({ id }) => id));
    expect(met.filter(({ id }) => !dialled.has(id))).toEqual([]);
  });
});
