import {
  busyRetryMsMax,
  handshakeBurstMs,
  handshakeCostMs,
  handshakeShareOfTime,
  helloBurstMs,
  helloCostMs,
  helloShareOfTime,
  lagFreeMs,
  retryMsMin,
} from '../limits.js';
import { TokenBucket } from './token-bucket.js';

/**
 * How many HELLOs a relay takes on, so that those who move to it from a relay that died leave time for the sessions that stand. HELLOs have a
 * share of the relay's time, and what they are refused for beyond costs next to nothing; handshakes have a share of their own, beyond which
 * the transport leaves them for the dialer to repeat. Time by which the event loop is late counts as used: so a slow machine takes fewer.
 *
 * The half of what is left is for those who are known in the mesh. Each that is refused is told a turn of its own, one behind the
 * other, so that they come back as fast as they can be taken and not together. A turn is no reservation.
 */
export class HelloPace {
  readonly #random: () => number;
  readonly #hellos: TokenBucket;
  readonly #handshakes: TokenBucket;
  /** Until when turns are given away. */
  #turnsUntilMs = 0;

  /** `random`: from 0 to 1, for the times in refusals. */
  constructor(random: () => number, nowMs: number) {
    this.#random = random;
    this.#hellos = new TokenBucket({ perSecond: 1000 * helloShareOfTime, burst: helloBurstMs }, nowMs);
    this.#handshakes = new TokenBucket(
      { perSecond: 1000 * handshakeShareOfTime, burst: handshakeBurstMs },
      nowMs,
    );
  }

  /** Whether a dialer that has sent its first packet may go on; it counts if it may. */
  handleDialer(nowMs: number): boolean {
    return this.#handshakes.take(handshakeCostMs, nowMs) === 0;
  }

  /** A HELLO has come, of somebody known or of a stranger: 0, or milliseconds until it may come again. */
  handleHello(isKnown: boolean, nowMs: number): number {
    const left = isKnown ? 0 : helloBurstMs / 2;
    if (this.#hellos.has(left + helloCostMs, nowMs)) return this.#hellos.take(helloCostMs, nowMs);
    return this.#turnMs(nowMs);
  }

  /** The event loop came so much later than it wanted, milliseconds. */
  handleLag(lagMs: number, nowMs: number): void {
    if (lagMs <= lagFreeMs) return;
    // No debt: what is over is over, and the next turns are as late as the loop is.
    for (const bucket of [this.#hellos, this.#handshakes]) bucket.drain(lagMs, nowMs);
  }

  /** Whether nothing was asked of it for so long that the lag doesn't matter. */
  isRested(nowMs: number): boolean {
    return Math.max(this.#hellos.fullAtMs, this.#handshakes.fullAtMs) <= nowMs;
  }

  #turnMs(nowMs: number): number {
    this.#turnsUntilMs = Math.max(this.#turnsUntilMs, nowMs) + helloCostMs / helloShareOfTime;
    const waitMs = Math.min(this.#turnsUntilMs - nowMs, busyRetryMsMax);
    // Of so many that the last turn is too far away each comes some time in the second half.
    const spreadMs = waitMs === busyRetryMsMax ? -busyRetryMsMax / 2 : retryMsMin;
    if (waitMs === busyRetryMsMax) this.#turnsUntilMs = nowMs + busyRetryMsMax;
    return Math.round(Math.max(waitMs, retryMsMin) + spreadMs * this.#random());
  }
}
