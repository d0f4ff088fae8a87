import type { RandomSource } from '@macula/crypto';
import {
  commitsWithoutProgressMax,
  hintIntervalMs,
  pendingRoundTrips,
  stableMs,
  tryDelaysMs,
  tryJitter,
} from '../limits.js';

/** How far both directions have come. */
export interface Offsets {
  /** What the peer has acknowledged. */
  readonly acked: number;
  /** What was delivered. */
  readonly delivered: number;
}

/**
 * When to look for another path, and for how long: the schedule of tries, the window, and what ends both.
 *
 *     settled ──begin──▶ looking ──resume──▶ unsettled ──progress──▶ settled
 *                           ▲                   │ begin: the window and the schedule go on
 *                           └───────────────────┘
 *
 * Progress is an offset that advanced, or a PING answered {@link stableMs} after the resumption.
 */
export class Recovery {
  readonly #windowMs: number;
  readonly #random: RandomSource;
  #windowSinceMs: number | undefined;
  #lookingSinceMs: number | undefined;
  #from: Offsets = { acked: 0, delivered: 0 };
  #resumedAtMs = 0;
  #probed = false;
  #commits = 0;
  #tries = 0;
  #lastTryMs = 0;
  #delayMs = 0;
  #hurryAtMs = never;
  #hintedAtMs = -never;

  /**
   * @param windowMs - from the loss of the path to the end of the tunnel.
   * @param random - source of jitter.
   */
  constructor(windowMs: number, random: RandomSource) {
    this.#windowMs = windowMs;
    this.#random = random;
  }

  /** Since when a path is looked for; `undefined` when none is. */
  get lookingSinceMs(): number | undefined {
    return this.#lookingSinceMs;
  }

  /** Whether the tunnel was resumed and has not yet shown progress. */
  get isUnsettled(): boolean {
    return this.#windowSinceMs !== undefined && this.#lookingSinceMs === undefined;
  }

  /** When the window is over; never while nothing is recovered from. */
  get windowEndMs(): number {
    return this.#windowSinceMs === undefined ? never : this.#windowSinceMs + this.#windowMs;
  }

  /** When an unsettled tunnel has to send PING, to see whether its path is stable. */
  get probeAtMs(): number {
    return this.isUnsettled && !this.#probed ? this.#resumedAtMs + stableMs : never;
  }

  /**
   * The path is lost or doubted; again while looking: nothing.
   *
   * @param offsets - how far the tunnel has come.
   * @param nowMs - monotonic time.
   * @returns false when it was resumed too often without progress.
   */
  begin(offsets: Offsets, nowMs: number): boolean {
    if (this.#lookingSinceMs !== undefined) return true;
    if (this.#windowSinceMs === undefined) {
      this.#windowSinceMs = nowMs;
      this.#from = offsets;
    }
    this.#lookingSinceMs = nowMs;
    this.#hurryAtMs = never;
    return this.#commits < commitsWithoutProgressMax;
  }

  /**
   * This process slept: the window and the schedule begin now.
   *
   * @param nowMs - monotonic time.
   */
  handleSleep(nowMs: number): void {
    if (this.#windowSinceMs !== undefined) this.#windowSinceMs = nowMs;
    this.#tries = 0;
  }

  /**
   * When the next try is due.
   *
   * @param pending - `count`: tries under way; `srttMs`: round trip of the path before, where known.
   */
  nextTryMs({ count, srttMs }: { readonly count: number; readonly srttMs: number | undefined }): number {
    if (this.#lookingSinceMs === undefined) return never;
    if (this.#tries === 0) return this.#lookingSinceMs;
    const leastMs = count === 0 ? 0 : pendingRoundTrips * (srttMs ?? 0);
    return Math.min(this.#lastTryMs + Math.max(this.#delayMs, leastMs), this.#hurryAtMs);
  }

  /**
   * A try is made.
   *
   * @param nowMs - monotonic time.
   */
  handleTry(nowMs: number): void {
    const delayMs = tryDelaysMs[Math.min(this.#tries, tryDelaysMs.length - 1)]!;
    const spread = (2 * this.#random(1)[0]!) / 255 - 1;
    this.#delayMs = delayMs * (1 + tryJitter * spread);
    this.#tries++;
    this.#lastTryMs = nowMs;
    this.#hurryAtMs = never;
  }

  /**
   * A hint came: the next try is made now, or as soon as hints may be heeded again.
   *
   * @param nowMs - monotonic time.
   * @returns whether it is heeded now.
   */
  handleHint(nowMs: number): boolean {
    const heedAtMs = this.#hintedAtMs + hintIntervalMs;
    if (nowMs < heedAtMs) {
      if (this.#lookingSinceMs !== undefined) this.#hurryAtMs = heedAtMs;
      return false;
    }
    this.#hintedAtMs = nowMs;
    if (this.#lookingSinceMs !== undefined) this.#hurryAtMs = nowMs;
    return true;
  }

  /**
   * The tunnel has a path that works.
   *
   * @param how - whether an attach committed, or the old path came back to life.
   * @param nowMs - monotonic time.
   */
  resume(how: 'commit' | 'old_path', nowMs: number): void {
    this.#lookingSinceMs = undefined;
    this.#resumedAtMs = nowMs;
    this.#probed = false;
    if (how === 'commit') this.#commits++;
  }

  /** The PING of {@link probeAtMs} was asked for. */
  handleProbed(): void {
    this.#probed = true;
  }

  /**
   * Looks for progress in what has come.
   *
   * @param offsets - how far the tunnel has come.
   */
  observe({ acked, delivered }: Offsets): void {
    if (!this.isUnsettled) return;
    if (acked > this.#from.acked || delivered > this.#from.delivered) this.#settle();
  }

  /**
   * The last PING was answered.
   *
   * @param nowMs - monotonic time.
   */
  handlePong(nowMs: number): void {
    if (this.isUnsettled && nowMs >= this.#resumedAtMs + stableMs) this.#settle();
  }

  #settle(): void {
    this.#windowSinceMs = undefined;
    this.#commits = 0;
    this.#tries = 0;
  }
}

const never: number = Number.POSITIVE_INFINITY;
