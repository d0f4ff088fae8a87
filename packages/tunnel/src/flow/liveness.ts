import { idlePingMs, pingTimeoutMs, silenceMinMs, silenceRoundTrips } from '../limits.js';

/** What has to be done because of silence. */
export type LivenessVerdict = 'alive' | 'lost';

/**
 * Whether the path still carries records: every valid record is a sign of life, silence is asked by PING, a silent
 * answer means that the path is lost.
 *
 *     idle:              15 s of silence                      ─▶ PING ─▶ 30 s of silence ─▶ lost
 *     data outstanding:  max(4 × smoothed round trip, 400 ms) ─▶ PING ─▶ 30 s of silence ─▶ lost
 *
 * The 30 s count from when the PING was wanted: a path that takes no bytes any more is lost too.
 */
export class Liveness {
  #lastValidMs: number;
  #outstandingSinceMs: number | undefined;
  /** When the PING that nothing valid has followed was wanted. */
  #askedAtMs: number | undefined;
  #pingDue = true;
  #pingNumber = 0;
  #pingSentMs: number | undefined;
  #srttMs: number | undefined;

  /**
   * Starts with a PING due at once, which measures the first round trip.
   *
   * @param nowMs - monotonic time.
   */
  constructor(nowMs: number) {
    this.#lastValidMs = nowMs;
  }

  /** Smoothed round trip of PING and PONG, milliseconds; `undefined` before the first. */
  get srttMs(): number | undefined {
    return this.#srttMs;
  }

  /** Whether a PING should go out with the next chance. */
  get pingDue(): boolean {
    return this.#pingDue;
  }

  /** When {@link handleTimeout} has something to do. */
  get deadlineMs(): number {
    return this.#askedAtMs === undefined ? this.#askAtMs : this.#askedAtMs + pingTimeoutMs;
  }

  /**
   * A valid record came.
   *
   * @param nowMs - monotonic time.
   */
  handleValid(nowMs: number): void {
    this.#lastValidMs = nowMs;
    this.#askedAtMs = undefined;
  }

  /**
   * A PONG came. One that answers no PING of ours, or an older one, says nothing about the round trip.
   *
   * @param number - as sent in PING.
   * @param nowMs - monotonic time.
   */
  handlePong(number: number, nowMs: number): void {
    if (this.#pingSentMs === undefined || number !== this.#pingNumber) return;
    const sample = Math.max(0, nowMs - this.#pingSentMs);
    this.#srttMs = this.#srttMs === undefined ? sample : this.#srttMs + (sample - this.#srttMs) / 8;
    this.#pingSentMs = undefined;
  }

  /**
   * Says whether data waits for an acknowledgement. Call it after every change.
   *
   * @param outstanding - whether it does.
   * @param nowMs - monotonic time.
   */
  setOutstanding(outstanding: boolean, nowMs: number): void {
    if (!outstanding) this.#outstandingSinceMs = undefined;
    else this.#outstandingSinceMs ??= nowMs;
  }

  /**
   * Acts on silence.
   *
   * @param nowMs - monotonic time.
   */
  handleTimeout(nowMs: number): LivenessVerdict {
    if (nowMs < this.deadlineMs) return 'alive';
    if (this.#askedAtMs !== undefined) return 'lost';
    this.#askedAtMs = nowMs;
    this.#pingDue = true;
    return 'alive';
  }

  /**
   * This process slept: its silence says nothing about the peer. Asks anew.
   *
   * @param nowMs - monotonic time.
   */
  handleClockJump(nowMs: number): void {
    this.#lastValidMs = nowMs;
    this.#askedAtMs = nowMs;
    this.#pingDue = true;
    this.#pingSentMs = undefined;
  }

  /**
   * The number of the PING that goes out now.
   *
   * @param nowMs - monotonic time.
   */
  ping(nowMs: number): number {
    this.#pingDue = false;
    this.#pingSentMs = nowMs;
    this.#pingNumber++;
    return this.#pingNumber;
  }

  get #askAtMs(): number {
    const idleAtMs = this.#lastValidMs + idlePingMs;
    if (this.#outstandingSinceMs === undefined) return idleAtMs;
    const silenceMs = Math.max(silenceRoundTrips * (this.#srttMs ?? 0), silenceMinMs);
    return Math.min(idleAtMs, Math.max(this.#lastValidMs, this.#outstandingSinceMs) + silenceMs);
  }
}
