import { sample } from './sample.js';

/**
 * Whom to probe next: round-robin over a shuffled list, shuffled again after each round, so that every member is probed
 * within 2n − 1 intervals. A new member enters at a random place of the round (SWIM paper, section 4.3). Who is to be probed before its turn
 * gets every second probe, so whoever doubts one member again and again delays the others' turn by a factor of two at most.
 */
export class ProbeList {
  readonly #random: () => number;
  #round: string[] = [];
  readonly #early = new Set<string>();
  #wasEarly = false;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Lets a member take part in this round; one that waits in it already stays where it is. */
  add(id: string): void {
    if (this.#round.includes(id)) return;
    this.#round.splice(Math.floor(this.#random() * (this.#round.length + 1)), 0, id);
  }

  /** Lets a member be probed before its turn. */
  addEarly(id: string): void {
    this.#early.add(id);
  }

  /** The next one for which `eligible` is true; `all` fills the next round. `undefined` when there is none. */
  next(eligible: (id: string) => boolean, all: () => readonly string[]): string | undefined {
    this.#wasEarly = !this.#wasEarly;
    const early = this.#wasEarly ? this.#takeEarly(eligible) : undefined;
    if (early !== undefined) return early;
    this.#wasEarly = false;
    for (;;) {
      const id = this.#round.pop();
      if (id === undefined) break;
      if (eligible(id)) return id;
    }
    const members = all();
    this.#round = sample(members, members.length, this.#random);
    return this.#round.pop();
  }

  #takeEarly(eligible: (id: string) => boolean): string | undefined {
    for (const id of this.#early) {
      this.#early.delete(id);
      if (eligible(id)) return id;
    }
    return undefined;
  }
}
