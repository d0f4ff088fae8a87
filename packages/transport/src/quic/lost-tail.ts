/** Shortest silence after which a tail counts as lost, milliseconds. */
const silenceMsMin = 200;
/** The same where nothing is under way, but bytes wait for room at the peer. */
const heldUpMsMin = 1000;
/** Longest wait between two pings, milliseconds. */
const waitMsMax = 2000;
/** Pings, all answered, after which a tail would have been noticed: as many packets as quiche lets overtake one, and some. */
const pingsMax = 24;
/** So much earlier than the idle timeout a timer must be to be one for packets that are under way, milliseconds. */
const slackMs = 500;

/** What a {@link LostTail} needs of its pump. */
export interface LostTailHost {
  rttMs(): number;
  ping(): void;
}

/** A turn as {@link LostTail} sees it. */
export interface TailTurn {
  readonly nowMs: number;
  /** When quiche wants to be called. */
  readonly deadlineMs: number;
  /** When a packet came last. */
  readonly heardAtMs: number;
  /** Bytes wait for room at the peer. */
  readonly isHeldUp: boolean;
}

/**
 * Pings when packets are under way, nothing has happened for two round trips, and quiche still means to wait. quiche 0.18 takes the
 * clock of its pacer for the time a packet was sent; after losses at short round trips that clock is seconds ahead, and so is the
 * timer for a lost packet with fewer than three acknowledged ones behind it. The answers to pings are what it lacks.
 *
 * Pings also a dialer that waits for room: what grants it may have gone to an address that a NAT has taken away, and the listener
 * learns the new one from a packet only.
 */
export class LostTail {
  readonly #host: LostTailHost;
  /** The idle timeout as far as it has shown itself. */
  #idleMs = 0;
  #turnAtMs = 0;
  #pings = 0;
  #pingedAtMs = 0;
  /** The shortest silence that matters; undefined while none does. */
  #silenceMs: number | undefined;
  #waitMs = silenceMsMin;
  #timer: NodeJS.Timeout | undefined;

  constructor(host: LostTailHost) {
    this.#host = host;
  }

  /** At the end of each turn. */
  handleTurn({ nowMs, deadlineMs, heardAtMs, isHeldUp }: TailTurn): void {
    this.#idleMs = Math.max(this.#idleMs, deadlineMs - nowMs);
    this.#turnAtMs = nowMs;
    if (heardAtMs > this.#pingedAtMs) this.#waitMs = silenceMsMin;
    // The idle timeout counts from what was heard last, or from later: what comes earlier waits for an acknowledgement.
    const isUnderWay = deadlineMs < heardAtMs + this.#idleMs - slackMs;
    if (isUnderWay) this.#silenceMs = deadlineMs > nowMs + silenceMsMin ? silenceMsMin : undefined;
    else this.#silenceMs = isHeldUp ? heldUpMsMin : undefined;
    if (this.#silenceMs === undefined) this.#pings = 0;
    else if (!this.#timer) this.#arm(this.#silenceMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(waitMs: number): void {
    this.#timer = setTimeout(this.#look, waitMs);
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    if (this.#silenceMs === undefined) return;
    const waitMs = Math.min(waitMsMax, Math.max(this.#waitMs, this.#silenceMs, 2 * this.#host.rttMs()));
    const leftMs = this.#turnAtMs + waitMs - performance.now();
    if (leftMs > 1) {
      this.#arm(leftMs);
      return;
    }
    this.#waitMs = Math.min(waitMsMax, 2 * this.#waitMs);
    this.#pingedAtMs = performance.now();
    if (++this.#pings > pingsMax) {
      // Then what was taken for the idle timeout wasn't: quiche extends it to three probe timeouts while round trips are long.
      this.#pings = 0;
      this.#idleMs = 0;
      return;
    }
    this.#host.ping();
  };
}
