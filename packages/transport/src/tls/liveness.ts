/** When a connection is asked for a sign of life, and when it is given up. */
export interface LivenessTimes {
  /** Milliseconds of silence after which the connection is lost. */
  readonly idleTimeoutMs: number;
  /** Milliseconds between pings; undefined: the other end pings. */
  readonly keepAliveMs: number | undefined;
}

/** What is done about it. */
export interface LivenessActions {
  ping(token: number): void;
  /** Nothing was heard for the idle timeout. */
  silent(): void;
}

/** Pings, the round-trip time they show, and the idle timeout of one connection, with one timer. */
export class Liveness {
  /** Smoothed round-trip time in milliseconds, as in TCP: an eighth of each new sample. */
  rttMs: number | undefined;
  readonly #times: LivenessTimes;
  readonly #actions: LivenessActions;
  #heardAtMs: number = performance.now();
  #pingedAtMs: number = performance.now();
  /** When the last ping was due, which was not sent when the one before was still under way. */
  #pingDueAtMs: number = performance.now();
  #token = 0;
  #isPongDue = false;
  #timer: NodeJS.Timeout | undefined;
  #lastLook: NodeJS.Immediate | undefined;

  constructor(times: LivenessTimes, actions: LivenessActions) {
    this.#times = times;
    this.#actions = actions;
    this.#arm();
  }

  /** Something came from the peer. */
  heard(): void {
    this.#heardAtMs = performance.now();
  }

  /** Sends a ping now, unless one is under way. */
  ping(): void {
    this.#pingDueAtMs = performance.now();
    if (this.#isPongDue) return;
    this.#isPongDue = true;
    this.#pingedAtMs = performance.now();
    this.#token = (this.#token + 1) % 2 ** 32;
    this.#actions.ping(this.#token);
  }

  /** The peer has answered. */
  handlePong(token: number): void {
    if (!this.#isPongDue || token !== this.#token) return;
    this.#isPongDue = false;
    const sampleMs = performance.now() - this.#pingedAtMs;
    this.rttMs = this.rttMs === undefined ? sampleMs : this.rttMs + (sampleMs - this.rttMs) / 8;
  }

  /** The connection is over. */
  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#lastLook);
  }

  #arm(): void {
    const dueMs = Math.min(this.#silentAtMs(), this.#pingAtMs()) - performance.now();
    this.#timer = setTimeout(() => this.#handleTimeout(), Math.max(1, Math.ceil(dueMs)));
  }

  #handleTimeout(): void {
    if (performance.now() >= this.#pingAtMs()) this.ping();
    if (performance.now() < this.#silentAtMs()) {
      this.#arm();
      return;
    }
    // A process that was stopped for a while has not read what came meanwhile: that happens before the immediates.
    this.#lastLook = setImmediate(() => {
      if (performance.now() < this.#silentAtMs()) this.#arm();
      else this.#actions.silent();
    });
  }

  #silentAtMs(): number {
    return this.#heardAtMs + this.#times.idleTimeoutMs;
  }

  #pingAtMs(): number {
    const { keepAliveMs } = this.#times;
    return keepAliveMs === undefined ? Number.POSITIVE_INFINITY : this.#pingDueAtMs + keepAliveMs;
  }
}
