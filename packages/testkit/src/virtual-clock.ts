/** Undoes a {@link VirtualClock.schedule}; without effect when the action has run. */
export type Cancel = () => void;

/**
 * Time that passes only when the test says so. Actions run in the order of their time, and of their scheduling where the
 * time is equal; an action may schedule others.
 */
export class VirtualClock {
  #nowMs: number;
  readonly #queue: Scheduled[] = [];

  /** @param startMs the first time, in milliseconds; default 0 */
  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  /** The present, in milliseconds. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Number of actions that wait. */
  get pending(): number {
    return this.#queue.length;
  }

  /** Runs `action` after `delayMs` (negative counts as 0). */
  schedule(delayMs: number, action: () => void): Cancel {
    return this.scheduleAt(this.#nowMs + delayMs, action);
  }

  /** Runs `action` at `atMs`, or next where that is past. */
  scheduleAt(atMs: number, action: () => void): Cancel {
    const entry = { atMs: Math.max(atMs, this.#nowMs), action };
    this.#queue.splice(this.#positionOf(entry), 0, entry);
    return () => {
      const index = this.#queue.indexOf(entry);
      if (index >= 0) this.#queue.splice(index, 1);
    };
  }

  /**
   * Lets time pass and runs what becomes due on the way.
   *
   * @param stepsMax actions after which the test is taken to run in circles; default 1,000,000
   * @throws {Error} when there were more
   */
  advance(byMs: number, stepsMax = 1_000_000): void {
    const untilMs = this.#nowMs + byMs;
    let steps = 0;
    while (this.#queue[0] !== undefined && this.#queue[0].atMs <= untilMs) this.#step(++steps, stepsMax);
    this.#nowMs = untilMs;
  }

  /**
   * Runs everything that is scheduled, and what that schedules, however late it is due.
   *
   * @param stepsMax actions after which the test is taken to run in circles; default 1,000,000
   * @throws {Error} when there were more
   */
  runUntilIdle(stepsMax = 1_000_000): void {
    let steps = 0;
    while (this.#queue.length > 0) this.#step(++steps, stepsMax);
  }

  #step(steps: number, stepsMax: number): void {
    if (steps > stepsMax)
      throw new Error(
        `no end after ${stepsMax} steps at ${this.#nowMs} ms, ${this.#queue.length} actions wait`,
      );
    const entry = this.#queue.shift();
    if (entry === undefined) return;
    this.#nowMs = entry.atMs;
    entry.action();
  }

  /** Binary search for the first entry that is due later. */
  #positionOf({ atMs }: Scheduled): number {
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#queue[middle]?.atMs ?? 0) <= atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface Scheduled {
  readonly atMs: number;
  readonly action: () => void;
}
