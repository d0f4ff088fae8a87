/**
 * Ticks (kernel(6), `net_ticktime`): each quarter of the tick time in which nothing was sent ends with a tick, and four quarters in
 * a row in which nothing came mean that the peer is gone. So a dead peer is found after one to one and a quarter tick times.
 */
export class Ticker {
  readonly #quarterMs: number;
  #dueMs: number;
  #hasSent = false;
  #hasReceived = false;
  #silentQuarters = 0;

  constructor(tickTimeMs: number, nowMs: number) {
    this.#quarterMs = tickTimeMs / quarters;
    this.#dueMs = nowMs + this.#quarterMs;
  }

  /** When the quarter ends. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** Something was sent. */
  sent(): void {
    this.#hasSent = true;
  }

  /** Something came. */
  received(): void {
    this.#hasReceived = true;
  }

  /** Ends the quarter, if it is time: what to do. A clock that stood still counts as one quarter, not as many. */
  advance(nowMs: number): 'tick' | 'silent' | undefined {
    if (nowMs < this.#dueMs) return undefined;
    this.#dueMs = nowMs + this.#quarterMs;
    this.#silentQuarters = this.#hasReceived ? 0 : this.#silentQuarters + 1;
    const needsTick = !this.#hasSent;
    this.#hasReceived = false;
    this.#hasSent = false;
    if (this.#silentQuarters >= quarters) return 'silent';
    return needsTick ? 'tick' : undefined;
  }
}

const quarters = 4;
