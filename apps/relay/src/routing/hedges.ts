import { hedgeMsMax, hedgeMsMin } from './limits.js';
import { Turns } from './turns.js';
import type { OpenId } from './types.js';

/** OPENs for which another relay is asked when the one that was asked does not answer in time. */
export class Hedges {
  /** By delay: {@link hedgeMsMin}, twice as long, and so on, so that each waits in order of time. */
  readonly #turns: readonly Turns[];

  constructor() {
    const turns: Turns[] = [];
    for (let delayMs: number = hedgeMsMin; delayMs <= hedgeMsMax; delayMs *= 2)
      turns.push(new Turns(delayMs));
    this.#turns = turns;
  }

  /** Another one is asked after at least so many milliseconds. */
  add(open: OpenId, waitMs: number, nowMs: number): void {
    this.delete(open);
    const wanted = Math.ceil(Math.log2(Math.max(hedgeMsMin, waitMs) / hedgeMsMin));
    this.#turns[Math.min(wanted, this.#turns.length - 1)]!.add(open, nowMs);
  }

  delete(open: OpenId): void {
    for (const turns of this.#turns) turns.delete(open);
  }

  takeDue(nowMs: number): OpenId[] {
    return this.#turns.flatMap((turns) => turns.takeDue(nowMs));
  }

  pollTimeout(): number | undefined {
    const times = this.#turns.map((turns) => turns.pollTimeout()).filter((atMs) => atMs !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
