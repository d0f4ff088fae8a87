import { awaitedRedialDelayMs, redialDelayMsMin, refusedDelayMs } from './limits.js';

/** How long to wait between two rounds of dialling: a little at first, twice as long after each that fails. */
export class RedialPause {
  readonly #maxMs: number;
  #nextMs: number = redialDelayMsMin;

  /** @param maxMs the longest pause, milliseconds */
  constructor(maxMs: number) {
    this.#maxMs = maxMs;
  }

  /** A session stands, or there is news. */
  reset(): void {
    this.#nextMs = redialDelayMsMin;
  }

  /**
   * A round has failed; milliseconds until the next one. `isAwaited`: a tunnel waits for a session. `isForGood`: only people can end what the
   * relays refuse for.
   */
  handleFailed({
    isAwaited,
    isForGood,
  }: {
    readonly isAwaited: boolean;
    readonly isForGood: boolean;
  }): number {
    const pauseMs = isAwaited ? Math.min(this.#nextMs, awaitedRedialDelayMs) : this.#nextMs;
    this.#nextMs = Math.min(this.#nextMs * 2, this.#maxMs);
    return isForGood ? refusedDelayMs : pauseMs;
  }
}

/** A pause made longer or shorter by up to a fifth, so that many nodes don't dial together; `random` from 0 to 1. */
export function jittered(pauseMs: number, random: number): number {
  return pauseMs * (0.8 + random * 0.4);
}
