import { growthSampleMs, ringBytesLeast, ringBytesStart } from '../limits.js';
import type { RingBudget } from './ring-budget.js';

/**
 * The bound of a ring or a window: begins small, and doubles while two bandwidth-delay products of what really flows
 * don't fit into it. Bandwidth is how fast offsets advance, delay the smallest round trip of the path, so that a queue
 * on a slow line doesn't ask for a longer queue.
 */
export class GrowingBound {
  readonly #bytesMax: number;
  readonly #budget: RingBudget | undefined;
  #bytes: number;
  #isReleased = false;
  #sampleAtMs: number | undefined;
  #sampleOffset = 0;

  /**
   * @param bytesMax - never more than this.
   * @param budget - what is shared with other tunnels, if anything.
   */
  constructor(bytesMax: number, budget: RingBudget | undefined) {
    this.#bytesMax = bytesMax;
    this.#budget = budget;
    const bytes = Math.min(bytesMax, ringBytesStart);
    this.#bytes = budget?.takeStart({ bytes, least: ringBytesLeast }) ?? bytes;
  }

  /** The bound now, bytes. It never shrinks. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * An offset advanced.
   *
   * @param offset - where it is now.
   * @param rttMs - smallest round trip of the path, once measured.
   * @param nowMs - monotonic time.
   */
  observe(offset: number, rttMs: number | undefined, nowMs: number): void {
    const delayMs = Math.max(rttMs ?? 0, growthSampleMs);
    if (this.#sampleAtMs !== undefined) {
      const elapsedMs = nowMs - this.#sampleAtMs;
      if (elapsedMs < delayMs) return;
      const flowingBytes = ((offset - this.#sampleOffset) / elapsedMs) * delayMs;
      if (2 * flowingBytes > this.#bytes) this.#grow();
    }
    this.#sampleAtMs = nowMs;
    this.#sampleOffset = offset;
  }

  /** Gives everything back; the bound stays as it is and doesn't grow any more. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#budget?.give(this.#bytes);
  }

  #grow(): void {
    const more = Math.min(this.#bytes, this.#bytesMax - this.#bytes);
    if (more === 0 || this.#isReleased || this.#budget?.take(more) === false) return;
    this.#bytes += more;
  }
}
