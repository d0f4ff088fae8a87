import { describe, expect, it } from 'vitest';
import { turnCostMax, turnCostPerPartyMax } from '../limits.js';
import { FairTurns } from './fair-turns.js';

/** Turns that begin when the test says so. */
class Turns {
  readonly done: string[] = [];
  #next: (() => void) | undefined;
  readonly #turns = new FairTurns((go) => {
    this.#next = go;
  });

  run(party: string, cost: number, what = party): void {
    this.#turns.run(party, cost, () => this.done.push(what));
  }

  /** What is done in the next turn, undefined when none is asked for. */
  next(): string[] | undefined {
    const go = this.#next;
    if (go === undefined) return undefined;
    this.#next = undefined;
    this.done.length = 0;
    go();
    return [...this.done];
  }
}

describe('work in turns', () => {
  it('is done at once while there is room, and costs one empty turn', () => {
    const turns = new Turns();
    turns.run('a', 1);
    expect(turns.done).toEqual(['a']);
    expect(turns.next()).toEqual([]);
    expect(turns.next()).toBeUndefined();
  });

  it('of one party is done in order, so much in each turn, and others go between', () => {
    const turns = new Turns();
    const cost = turnCostPerPartyMax / 2;
    for (const what of ['a1', 'a2', 'a3', 'a4', 'a5']) turns.run('a', cost, what);
    expect(turns.done).toEqual(['a1', 'a2']);
    turns.run('b', cost);
    expect(turns.done).toEqual(['a1', 'a2', 'b']);
    expect(turns.next()).toEqual(['a3', 'a4']);
    expect(turns.next()).toEqual(['a5']);
    expect(turns.next()).toEqual([]);
    expect(turns.next()).toBeUndefined();
  });

  it('that comes while some waits goes behind it', () => {
    const turns = new Turns();
    for (const what of ['a1', 'a2']) turns.run('a', turnCostPerPartyMax, what);
    expect(turns.next()).toEqual(['a2']);
    turns.run('a', 1, 'a3');
    expect(turns.done).toEqual(['a2']);
    expect(turns.next()).toEqual(['a3']);
  });

  it('of all together is bounded in each turn, and nobody waits for ever', () => {
    const turns = new Turns();
    const parties = Array.from(
      { length: (3 * turnCostMax) / turnCostPerPartyMax },
      (_, index) => `party ${index}`,
    );
    for (const party of parties)
      for (let count = 0; count < 3; count++) turns.run(party, turnCostPerPartyMax);
    const perTurn = turnCostMax / turnCostPerPartyMax;
    expect(turns.done).toHaveLength(perTurn);
    const served = new Map(turns.done.map((party) => [party, 1]));
    for (let done = turns.next(); done !== undefined && done.length > 0; done = turns.next()) {
      expect(done).toHaveLength(perTurn);
      for (const party of done) served.set(party, (served.get(party) ?? 0) + 1);
      const counts = parties.map((party) => served.get(party) ?? 0);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
    }
    expect([...served.values()]).toEqual(parties.map(() => 3));
  });
});
