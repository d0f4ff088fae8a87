import { OutputQueue } from '../core/output-queue.js';
import { turnCostMax, turnCostPerPartyMax } from '../limits.js';

/**
 * Spreads work that one party makes over turns of the event loop: so much of each party and of all is done in one turn, the rest waits in
 * its order, and what else has arrived is served between.
 */
export class FairTurns {
  readonly #nextTurn: (go: () => void) => void;
  readonly #spent = new Map<string, number>();
  /** Of parties that wait, in the order in which they have their turn. */
  readonly #waiting = new Map<string, OutputQueue<Work>>();
  #spentByAll = 0;
  #isArmed = false;

  /** `nextTurn` calls back after everything that has arrived was served. */
  constructor(nextTurn: (go: () => void) => void = setImmediate) {
    this.#nextTurn = nextTurn;
  }

  /** Does this now if the party has room in this turn, else later. Work of one party is done in order. */
  run(party: string, cost: number, work: () => void): void {
    const waiting = this.#waiting.get(party);
    if (waiting === undefined && this.#hasRoom(party)) this.#do(party, { cost, work });
    else if (waiting !== undefined) waiting.push({ cost, work });
    else {
      const queue = new OutputQueue<Work>();
      queue.push({ cost, work });
      this.#waiting.set(party, queue);
    }
    this.#arm();
  }

  #hasRoom(party: string): boolean {
    return this.#spentByAll < turnCostMax && (this.#spent.get(party) ?? 0) < turnCostPerPartyMax;
  }

  #do(party: string, { cost, work }: Work): void {
    this.#spentByAll += cost;
    this.#spent.set(party, (this.#spent.get(party) ?? 0) + cost);
    work();
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#nextTurn(() => {
      this.#isArmed = false;
      this.#spent.clear();
      this.#spentByAll = 0;
      for (const party of [...this.#waiting.keys()]) this.#serve(party);
      if (this.#spentByAll > 0) this.#arm();
    });
  }

  #serve(party: string): void {
    const queue = this.#waiting.get(party)!;
    while (this.#hasRoom(party)) {
      const next = queue.shift();
      if (next === undefined) {
        this.#waiting.delete(party);
        return;
      }
      this.#do(party, next);
    }
    // Whoever had its turn is behind the others in the next one.
    if (this.#spent.has(party)) {
      this.#waiting.delete(party);
      this.#waiting.set(party, queue);
    }
  }
}

interface Work {
  readonly cost: number;
  readonly work: () => void;
}
