import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SeededRandom } from '@macula/testkit';
import { describe, expect, it } from 'vitest';
import { hashOf } from '../test/mesh.js';
import { Rendezvous, rendezvousWeight } from './index.js';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

function rendezvousOf(ids: readonly string[], seed = 1): Rendezvous {
  const rendezvous = new Rendezvous(seed);
  for (const id of ids) rendezvous.add(id);
  return rendezvous;
}

const idsOf = (count: number) => Array.from({ length: count }, (_, index) => `relay-${index}`);

describe('vectors, computed by another implementation', () => {
  const vectors: {
    weights: { relay: string; element: string; seed: number; weight: string }[];
    owners: { relays: number; element: string; seed: number; owners: string[] }[];
  } = JSON.parse(readFileSync(new URL('../vectors/rendezvous.json', import.meta.url), 'utf8'));

  it('D1: weights', () => {
    for (const { relay, element, seed, weight } of vectors.weights)
      expect(rendezvousWeight(relay, bytes(element), seed).toString(16).padStart(16, '0')).toBe(weight);
  });

  it('D1: owners', () => {
    for (const { relays, element, seed, owners } of vectors.owners)
      expect(rendezvousOf(idsOf(relays), seed).top(bytes(element), 3)).toEqual(owners);
  });

  it.skipIf(spawnSync('python3', ['--version']).status !== 0)('are what rendezvous.py computes', () => {
    const script = fileURLToPath(new URL('../vectors/rendezvous.py', import.meta.url));
    const { status, stderr } = spawnSync('python3', [script, '--check'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('owners', () => {
  it('D1: are the relays with the highest weights, also where the first 32 bits are equal', () => {
    const element = hashOf('a');
    const weights = new Map<number, [string, bigint]>();
    let ties = 0;
    // Of 200,000 numbers of 32 bits some 5 pairs are equal.
    for (const id of idsOf(200_000)) {
      const weight = rendezvousWeight(id, element, 1);
      const known = weights.get(Number(weight >> 32n));
      weights.set(Number(weight >> 32n), [id, weight]);
      if (known === undefined) continue;
      ties++;
      const order = known[1] > weight ? [known[0], id] : [id, known[0]];
      expect(rendezvousOf([known[0], id]).top(element, 3)).toEqual(order);
      expect(rendezvousOf([id, known[0]]).top(element, 3)).toEqual(order);
      expect(rendezvousOf([id]).isHigher(order[0]!, order[1]!, element)).toBe(true);
      expect(rendezvousOf([id]).isHigher(order[1]!, order[0]!, element)).toBe(false);
    }
    expect(ties).toBeGreaterThan(0);
  });

  it('D1: do not depend on the order in which relays come and go', () => {
    const random = new SeededRandom(1);
    const ids = idsOf(30);
    const other = rendezvousOf(random.shuffle([...idsOf(40)]));
    for (const id of random.shuffle(idsOf(40).slice(30))) other.delete(id);
    for (let name = 0; name < 200; name++) {
      const element = hashOf(`${name}`);
      expect(other.top(element, 3)).toEqual(rendezvousOf(ids).top(element, 3));
    }
  });

  it('D2: 100,000 names on 1,000 relays are as even as chance: 6 % of deviation, and each place for itself', () => {
    const rendezvous = rendezvousOf(idsOf(1_000));
    const random = new SeededRandom(1);
    const places = [0, 1, 2].map(() => new Map<string, number>());
    for (let name = 0; name < 100_000; name++)
      for (const [place, id] of rendezvous.top(random.bytes(16), 3).entries())
        places[place]!.set(id, (places[place]!.get(id) ?? 0) + 1);
    for (const kept of places) {
      expect(kept.size).toBe(1_000);
      expect(chiSquare([...kept.values()])).toBeLessThan(999 + 4 * Math.sqrt(2 * 999));
      expect(chiSquare([...kept.values()])).toBeGreaterThan(999 - 4 * Math.sqrt(2 * 999));
    }
    const all = idsOf(1_000).map((id) => places.reduce((sum, kept) => sum + (kept.get(id) ?? 0), 0));
    expect(deviation(all)).toBeLessThan(0.1);
    expect(Math.max(...all) / 300).toBeLessThan(1.3);
  });

  it('D3: a relay that goes moves only the names that it owned, one that comes only those that it owns', () => {
    const with20 = rendezvousOf(idsOf(20));
    const with19 = rendezvousOf(idsOf(19));
    let moved = 0;
    for (let name = 0; name < 2_000; name++) {
      const element = hashOf(`${name}`);
      const [before, after] = [with20.top(element, 3), with19.top(element, 3)];
      expect(new Set(before).size).toBe(3);
      if (before.includes('relay-19')) moved++;
      // The others stay, in their order.
      expect(after.slice(0, before.includes('relay-19') ? 2 : 3)).toEqual(
        before.filter((id) => id !== 'relay-19'),
      );
    }
    expect(moved).toBeGreaterThan(200);
    expect(moved).toBeLessThan(400);
  });

  it('D1: with fewer than three relays are all of them', () => {
    expect(rendezvousOf([]).top(hashOf('a'), 3)).toEqual([]);
    expect(rendezvousOf(['x', 'y']).top(hashOf('a'), 3).toSorted()).toEqual(['x', 'y']);
  });
});

function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function deviation(counts: readonly number[]): number {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return Math.sqrt(counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length) / mean;
}
