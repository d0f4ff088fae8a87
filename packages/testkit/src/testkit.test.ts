import { describe, expect, it } from 'vitest';
import {
  heldBytes,
  mutate,
  replayHint,
  runsOf,
  SeededRandom,
  SimulatedNetwork,
  seedsOf,
  VirtualClock,
  withReplayHint,
} from './index.js';

describe('SeededRandom', () => {
  it('repeats itself for a seed, on every machine', () => {
    const random = new SeededRandom(1);
    const first = Array.from({ length: 4 }, () => random.uint32());
    const again = new SeededRandom(1);
    expect(Array.from({ length: 4 }, () => again.uint32())).toEqual(first);
    expect(first).toEqual([393288148, 2174103013, 3814759091, 2092745082]);
    expect(new SeededRandom(2).uint32()).not.toBe(first[0]);
  });

  it('is even enough', () => {
    const random = new SeededRandom(7);
    const counts = Array<number>(10).fill(0);
    for (let draw = 0; draw < 100_000; draw++) counts[random.integer(10)]! += 1;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
    const hits = Array.from({ length: 10_000 }, () => random.chance(0.25)).filter(Boolean).length;
    expect(Math.abs(hits - 2_500)).toBeLessThan(200);
  });

  it('shuffles, picks and fills', () => {
    const random = new SeededRandom(3);
    expect(random.shuffle([1, 2, 3, 4, 5]).toSorted()).toEqual([1, 2, 3, 4, 5]);
    expect(['a', 'b']).toContain(random.pick(['a', 'b']));
    expect(random.bytes(33)).toHaveLength(33);
    expect(() => random.pick([])).toThrow(RangeError);
    expect(() => random.integer(1.5)).toThrow(RangeError);
  });
});

describe('VirtualClock', () => {
  it('runs actions in the order of their time, then of their scheduling', () => {
    const clock = new VirtualClock(100);
    const seen: string[] = [];
    const note = (name: string) => () => seen.push(`${name}@${clock.nowMs}`);
    clock.schedule(20, note('late'));
    clock.schedule(10, note('first'));
    clock.schedule(10, note('second'));
    const cancel = clock.schedule(15, note('never'));
    clock.schedule(10, () => clock.schedule(-5, note('nested')));
    cancel();
    clock.advance(12);
    expect([seen, clock.nowMs, clock.pending]).toEqual([['first@110', 'second@110', 'nested@110'], 112, 1]);
    clock.runUntilIdle();
    expect(seen.at(-1)).toBe('late@120');
  });

  it('stops a circle', () => {
    const clock = new VirtualClock();
    const again = () => clock.schedule(1, again);
    again();
    expect(() => clock.runUntilIdle(50)).toThrow('no end after 50 steps');
    expect(() => clock.advance(1_000, 50)).toThrow('no end after 50 steps');
  });
});

describe('SimulatedNetwork', () => {
  function between(options: ConstructorParameters<typeof SimulatedNetwork>[2], seed = 1) {
    const clock = new VirtualClock();
    const network = new SimulatedNetwork<number>(clock, new SeededRandom(seed), options);
    const arrived: string[] = [];
    for (const name of ['a', 'b', 'c'])
      network.attach(name, (from, message) => arrived.push(`${from}${name}${message}@${clock.nowMs}`));
    return { clock, network, arrived };
  }

  it('delivers after the delay', () => {
    const { clock, network, arrived } = between({ delayMs: 5 });
    network.send('a', 'b', 1);
    clock.advance(4);
    expect(arrived).toEqual([]);
    clock.advance(1);
    expect(arrived).toEqual(['ab1@5']);
  });

  it('loses and doubles the share it is told, the same for the same seed', () => {
    const run = () => {
      const { clock, network, arrived } = between({ loss: 0.1, duplication: 0.2, jitterMs: 50 });
      for (let message = 0; message < 10_000; message++) network.send('a', 'b', message);
      clock.runUntilIdle();
      return { arrived, counters: network.counters };
    };
    const { arrived, counters } = run();
    expect(Math.abs(counters.lost - 1_000)).toBeLessThan(120);
    expect(Math.abs(counters.delivered - 10_800)).toBeLessThan(240);
    expect(arrived).not.toEqual(arrived.toSorted((left, right) => messageOf(left) - messageOf(right)));
    expect(run().arrived).toEqual(arrived);
  });

  it('keeps partitions apart until they heal', () => {
    const { clock, network, arrived } = between({});
    network.send('a', 'b', 0);
    network.partition(['a']);
    network.send('a', 'b', 1);
    network.send('b', 'c', 2);
    clock.runUntilIdle();
    network.heal();
    network.send('a', 'b', 3);
    network.detach('c');
    network.send('a', 'c', 4);
    clock.runUntilIdle();
    expect(arrived).toEqual(['bc2@1', 'ab3@2']);
    expect(network.counters).toEqual({ sent: 5, delivered: 2, lost: 0, unreachable: 3 });
  });

  it('has one-way links', () => {
    const { clock, network, arrived } = between({});
    network.configureLink({ from: 'a', to: 'b' }, { loss: 1 });
    network.send('a', 'b', 1);
    network.send('b', 'a', 2);
    clock.runUntilIdle();
    expect(arrived).toEqual(['ba2@1']);
  });
});

function messageOf(text: string): number {
  return Number(text.slice(2, text.indexOf('@')));
}

describe('replay', () => {
  it('says how', () => {
    expect(replayHint(7, 'npm test')).toBe('seed 7; to run this again: SEED=7 npm test');
    expect(seedsOf({}, 3)).toEqual([1, 2, 3]);
    expect(seedsOf({ SEED: '9' }, 3)).toEqual([9]);
    expect(() => seedsOf({ SEED: 'x' }, 3)).toThrow(RangeError);
    expect(seedsOf({ SEED_FIRST: '70', RUN_FACTOR: '2' }, 2)).toEqual([70, 71, 72, 73]);
    expect(seedsOf({ SEED: '9', RUN_FACTOR: '2' }, 2)).toEqual([9]);
    expect(runsOf({}, 60)).toBe(60);
    expect(runsOf({ RUN_FACTOR: '50' }, 60)).toBe(3000);
    expect(() => runsOf({ RUN_FACTOR: '0' }, 60)).toThrow(RangeError);
    const fail = () => {
      throw new Error('broken');
    };
    expect(() => withReplayHint(7, 'npm test', fail)).toThrow(/broken\nseed 7; .*SEED=7 npm test/);
  });
});

describe('mutate', () => {
  const valid = Uint8Array.of(0, 0, 0, 5, 1, 2, 3, 4, 5);
  const other = Uint8Array.of(9, 8, 7, 6);
  /** Change number `what` at position 4 with a value. */
  const changed = (what: number, value: number) => [
    ...mutate(valid, other, Uint8Array.of(what, 0, 4, value)),
  ];

  it('makes each of its changes, and leaves its arguments alone', () => {
    const before = [...valid];
    expect(changed(0, 0xf0)).toEqual([0, 0, 0, 5, 0xf1, 2, 3, 4, 5]);
    expect(changed(1, 99)).toEqual([0, 0, 0, 5, 99, 2, 3, 4, 5]);
    expect(changed(2, 9)).toEqual([0, 0, 0, 5, 255, 255, 255, 255, 5]);
    expect(changed(3, 1)).toEqual([0, 0, 0, 5, 0, 2, 3, 4, 5]);
    expect(changed(4, 0)).toEqual([0, 0, 0, 5]);
    expect(changed(5, 2)).toEqual([0, 0, 0, 5, 3, 4, 5]);
    expect(changed(6, 2)).toEqual([0, 0, 0, 5, 1, 2, 1, 2, 3, 4, 5]);
    expect(changed(7, 99)).toEqual([0, 0, 0, 5, 99, 1, 2, 3, 4, 5]);
    expect(changed(8, 128)).toEqual([0, 0, 0, 5, 7, 6]);
    expect([...valid]).toEqual(before);
  });

  it('takes any recipe, also on nothing', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new SeededRandom(seed);
      const recipe = random.bytes(random.integer(40));
      expect(mutate(new Uint8Array(0), other, recipe).length).toBeLessThanOrEqual(other.length + 256 * 10);
      expect(mutate(valid, other, recipe)).toEqual(mutate(valid, other, recipe));
    }
  });

  it('heldBytes counts what is in a value', () => {
    expect(heldBytes({ a: 'abc', b: [Uint8Array.of(1, 2), 5], c: new Map([['k', true]]) })).toBe(
      1 + 3 + (1 + 2 + 1) + (1 + 1 + 1),
    );
  });
});
