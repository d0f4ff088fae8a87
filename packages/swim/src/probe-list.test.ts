import { SeededRandom } from '@macula/testkit';
import { describe, expect, it } from 'vitest';
import { ProbeList } from './probe-list.js';

const members = ['a', 'b', 'c', 'd', 'e', 'f'];

function filled(): ProbeList {
  const list = new ProbeList(new SeededRandom(1).next);
  for (const id of members) list.add(id);
  return list;
}

function take(list: ProbeList, count: number): (string | undefined)[] {
  return Array.from({ length: count }, () =>
    list.next(
      () => true,
      () => members,
    ),
  );
}

describe('the order of probes', () => {
  it('S22: has everybody once in each round, and who comes and goes again and again too', () => {
    const list = filled();
    for (let time = 0; time < 10_000; time++) list.add('c');
    expect(take(list, 6).toSorted()).toEqual(members);
    expect(take(list, 6).toSorted()).toEqual(members);
  });

  it('S22: lets who is doubted be early, and still everybody be probed within two rounds', () => {
    const list = filled();
    const probed: (string | undefined)[] = [];
    for (let time = 0; time < 12; time++) {
      list.addEarly('a');
      probed.push(...take(list, 1));
    }
    expect(probed[0]).toBe('a');
    expect(probed.filter((id) => id === 'a').length).toBeLessThanOrEqual(7);
    expect([...new Set(probed)].toSorted()).toEqual(members);
  });

  it('leaves out who is gone', () => {
    const list = filled();
    list.addEarly('b');
    const some = Array.from({ length: 12 }, () =>
      list.next(
        (id) => id !== 'b',
        () => members.filter((id) => id !== 'b'),
      ),
    );
    expect(some).not.toContain('b');
    expect(
      list.next(
        () => false,
        () => [],
      ),
    ).toBeUndefined();
  });
});
