import {
  idleAnswerMinMs,
  idlePingMs,
  pingTimeoutMs,
  roundTripMsMax,
  silenceMinMs,
  silenceRoundTrips,
} from '../limits.js';

/** What has to be done because of silence. */
export type LivenessVerdict = 'alive' | 'silent';

/**
 * Whether the path still carries records: every valid record is a sign of life, silence is asked by PING, and a PING without
 * an answer is told, once.
 *
 *     idle:              15 s of silence                      ─▶ PING ─▶ max(4 × smoothed round trip, 2 s)    ─▶ silent
 *     data outstanding:  max(4 × smoothed round trip, 400 ms) ─▶ PING ─▶ max(4 × smoothed round trip, 400 ms) ─▶ silent
 *
 * Where there is no other path to go to, it is silent 30 s after the PING. The time counts from when the PING was
 * wanted: a path that takes no bytes any more is silent too.
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
  #rttMinMs: number | undefined;
  #isSilent = false;
  readonly #resumes: boolean;

  /**
   * Starts with a PING due at once, which measures the first round trip.
   *
   * @param nowMs - monotonic time.
   * @param resumes - whether silence leads to another path, or to the tunnel's end.
   */
  constructor(nowMs: number, resumes: boolean) {
    this.#lastValidMs = nowMs;
    this.#resumes = resumes;
  }

  /** Smoothed round trip of PING and PONG, milliseconds; `undefined` before the first. */
  get srttMs(): number | undefined {
    return this.#srttMs;
  }

  /** Smallest round trip, milliseconds; `undefined` before the first. */
  get rttMinMs(): number | undefined {
    return this.#rttMinMs;
  }

  /** Whether a PING should go out with the next chance. */
  get pingDue(): boolean {
    return this.#pingDue;
  }

  /** When {@link handleTimeout} has something to do. */
  get deadlineMs(): number {
    if (this.#isSilent) return Number.POSITIVE_INFINITY;
    return this.#askedAtMs === undefined ? this.#askAtMs : this.#askedAtMs + this.#answerMs;
  }

  /**
   * A valid record came.
   *
   * @param nowMs - monotonic time.
   */
  handleValid(nowMs: number): void {
    this.#lastValidMs = nowMs;
    this.#askedAtMs = undefined;
    this.#isSilent = false;
  }

  /**
   * A PONG came. One that answers no PING of ours, or an older one, says nothing about the round trip, and a very late one little.
   *
   * @param number - as sent in PING.
   * @param nowMs - monotonic time.
   * @returns whether it answers the last PING.
   */
  handlePong(number: number, nowMs: number): boolean {
    if (this.#pingSentMs === undefined || number !== this.#pingNumber) return false;
    const sample = Math.min(Math.max(0, nowMs - this.#pingSentMs), roundTripMsMax);
    this.#rttMinMs = Math.min(sample, this.#rttMinMs ?? sample);
    this.#srttMs = this.#srttMs === undefined ? sample : this.#srttMs + (sample - this.#srttMs) / 8;
    this.#pingSentMs = undefined;
    return true;
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
    if (this.#askedAtMs !== undefined) {
      this.#isSilent = true;
      return 'silent';
    }
    this.ask(nowMs);
    return 'alive';
  }

  /**
   * Asks by PING now, and wants an answer in time, unless that is already so.
   *
   * @param nowMs - monotonic time.
   */
  ask(nowMs: number): void {
    this.#pingDue = true;
    this.#askedAtMs ??= nowMs;
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
    this.#isSilent = false;
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
    const silenceMs = this.#silenceMs(silenceMinMs);
    return Math.min(idleAtMs, Math.max(this.#lastValidMs, this.#outstandingSinceMs) + silenceMs);
  }

  get #answerMs(): number {
    if (!this.#resumes) return pingTimeoutMs;
    return this.#silenceMs(this.#outstandingSinceMs === undefined ? idleAnswerMinMs : silenceMinMs);
  }

  #silenceMs(leastMs: number): number {
    return Math.max(silenceRoundTrips * (this.#srttMs ?? 0), leastMs);
  }
}
