import { ringBudgetBytesDefault } from '../limits.js';

/**
 * Memory that the rings and windows of all tunnels of one agent share: a counter. Each tunnel takes what it begins with
 * and what it grows by, and gives all back at its end.
 */
export class RingBudget {
  /** Bound, bytes. Exceeded only by the least that each tunnel gets. */
  readonly bytesMax: number;
  #usedBytes = 0;

  /**
   * @param bytesMax - 0 or more. Default: 256 MiB.
   */
  constructor(bytesMax: number = ringBudgetBytesDefault) {
    this.bytesMax = bytesMax;
  }

  /** What is taken now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /**
   * Takes bytes if they are there.
   *
   * @param bytes - how many.
   * @returns whether they were taken.
   */
  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.bytesMax) return false;
    this.#usedBytes += bytes;
    return true;
  }

  /**
   * Takes what a tunnel begins with.
   *
   * @param bytes - wanted; `least`: taken in any case, so that the tunnel moves.
   * @returns how many were taken.
   */
  takeStart({ bytes, least }: { readonly bytes: number; readonly least: number }): number {
    const taken = Math.max(Math.min(bytes, least), Math.min(bytes, this.bytesMax - this.#usedBytes));
    this.#usedBytes += taken;
    return taken;
  }

  /**
   * Gives bytes back.
   *
   * @param bytes - taken before.
   */
  give(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}
