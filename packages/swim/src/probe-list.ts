import { sample } from './sample.js';

/**
 * Whom to probe next: round-robin over a shuffled list, shuffled again after each round, so that every member is probed
 * within 2n − 1 intervals. A new member enters at a random place of the round (SWIM paper, section 4.3).
 */
export class ProbeList {
  readonly #random: () => number;
  #round: string[] = [];

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Lets a new member take part in this round. */
  add(id: string): void {
    this.#round.splice(Math.floor(this.#random() * (this.#round.length + 1)), 0, id);
  }

  /** Makes a member the next one. */
  addFirst(id: string): void {
    const index = this.#round.indexOf(id);
    if (index >= 0) this.#round.splice(index, 1);
    this.#round.push(id);
  }

  /** The next one for which `eligible` is true; `all` fills the next round. `undefined` when there is none. */
  next(eligible: (id: string) => boolean, all: () => readonly string[]): string | undefined {
    for (;;) {
      const id = this.#round.pop();
      if (id === undefined) break;
      if (eligible(id)) return id;
    }
    const members = all();
    this.#round = sample(members, members.length, this.#random);
    return this.#round.pop();
  }
}
