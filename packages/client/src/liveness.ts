import {
  doubtAfterRtts,
  doubtMsMax,
  lateTimerGraceMs,
  lateTimerMs,
  pingAnswerMs,
  pingIntervalMs,
  pingTimeoutMs,
  pingUsedIntervalMs,
} from './limits.js';

/** What {@link Liveness} says. */
export interface LivenessHandlers {
  /** Send PING. */
  onPing(number: number): void;
  /** A PING has waited too long for its answer: the path may be dead. Then `onTrust` or `onLost`. */
  onDoubt(): void;
  /** An answer came after all. */
  onTrust(): void;
  /** An answer came, doubted or not; before `onTrust`. Default: nobody cares. */
  onAnswer?(): void;
  /** Nothing came for {@link pingTimeoutMs}; nothing is told after this. */
  onLost(): void;
}

/**
 * Whether the other end of a session still answers. Rarely asked while the session is idle, once a second while it is used,
 * so that who uses a dead path learns of it soon and idle sessions cost next to nothing.
 *
 * States: trusted ⇄ doubted (a PING is overdue) → lost; `stop` ends it in any of them.
 */
export class Liveness {
  readonly #handlers: LivenessHandlers;
  /** Unanswered PINGs and when they were sent, oldest first. */
  readonly #pings = new Map<number, number>();
  #number = 0;
  #sentAtMs = 0;
  #isUsed = false;
  #isDoubted = false;
  #isStopped = false;
  #rttMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerDueMs = 0;

  constructor(handlers: LivenessHandlers) {
    this.#handlers = handlers;
  }

  /** Last measured round trip in milliseconds. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  get isDoubted(): boolean {
    return this.#isDoubted;
  }

  /** Begins, with a PING. */
  start(): void {
    this.#ping(performance.now());
    this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#pings.clear();
  }

  /** Asks now whether the other end answers: `onAnswer`, or `onDoubt`. */
  ask(): void {
    if (this.#timer === undefined || this.#isStopped) return;
    this.#ping(performance.now());
    this.#arm();
  }

  /** Something was sent that should get through. */
  noteUse(): void {
    if (this.#isUsed) return;
    this.#isUsed = true;
    if (this.#timer !== undefined && this.#pings.size === 0) this.#arm();
  }

  handlePong(number: number): void {
    const sentAtMs = this.#pings.get(number);
    if (sentAtMs === undefined) return;
    this.#rttMs = performance.now() - sentAtMs;
    for (const earlier of this.#pings.keys()) if (earlier <= number) this.#pings.delete(earlier);
    this.#arm();
    const wasDoubted = this.#isDoubted;
    this.#isDoubted = false;
    this.#handlers.onAnswer?.();
    if (wasDoubted) this.#handlers.onTrust();
  }

  #handleTimer(): void {
    const nowMs = performance.now();
    const [oldestMs] = this.#pings.values();
    if (oldestMs !== undefined && nowMs - this.#timerDueMs > lateTimerMs) {
      // This process stood still: the answers may have come, and are read next.
      this.#setTimer(nowMs + lateTimerGraceMs);
      return;
    }
    if (oldestMs !== undefined && nowMs - oldestMs >= pingTimeoutMs) {
      this.stop();
      this.#handlers.onLost();
      return;
    }
    const isOverdue = oldestMs !== undefined && nowMs >= this.#doubtDueMs(oldestMs);
    if (oldestMs === undefined || nowMs - this.#sentAtMs >= pingAnswerMs) this.#ping(nowMs);
    this.#arm();
    if (!isOverdue || this.#isDoubted) return;
    this.#isDoubted = true;
    this.#handlers.onDoubt();
  }

  #ping(nowMs: number): void {
    this.#number += 1;
    this.#pings.set(this.#number, nowMs);
    this.#sentAtMs = nowMs;
    this.#isUsed = false;
    this.#handlers.onPing(this.#number);
  }

  #arm(): void {
    const [oldestMs] = this.#pings.values();
    if (oldestMs === undefined) {
      this.#setTimer(this.#sentAtMs + (this.#isUsed ? pingUsedIntervalMs : pingIntervalMs));
      return;
    }
    const againMs = this.#sentAtMs + pingAnswerMs;
    this.#setTimer(this.#isDoubted ? againMs : Math.min(againMs, this.#doubtDueMs(oldestMs)));
  }

  #setTimer(dueMs: number): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return; // by what a PING led to
    const nowMs = performance.now();
    this.#timerDueMs = Math.max(dueMs, nowMs);
    this.#timer = setTimeout(() => this.#handleTimer(), Math.ceil(this.#timerDueMs - nowMs));
  }

  #doubtDueMs(oldestMs: number): number {
    return oldestMs + Math.min(doubtMsMax, Math.max(pingAnswerMs, doubtAfterRtts * (this.#rttMs ?? 0)));
  }
}
