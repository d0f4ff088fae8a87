import type { VirtualClock } from '@macula/testkit';

/** What a packet makes a process do: for how long, and then. */
export interface Work {
  readonly costMs: number;
  readonly done: () => void;
}

/** A process that does one thing after the other, with a socket that holds so many packets: what comes to a full one is lost. */
export class EventLoop {
  readonly #clock: VirtualClock;
  readonly #packetsMax: number;
  readonly #waiting: (() => Work)[] = [];
  #isBusy = false;
  #dueMs = 0;
  /** Packets that found the socket full. */
  lost = 0;

  constructor(clock: VirtualClock, packetsMax: number) {
    this.#clock = clock;
    this.#packetsMax = packetsMax;
  }

  /** A packet has come; `work` is asked when its turn is. False: it is lost. */
  receive(work: () => Work): boolean {
    if (this.#waiting.length >= this.#packetsMax) {
      this.lost += 1;
      return false;
    }
    this.#waiting.push(work);
    if (!this.#isBusy) this.#next();
    return true;
  }

  /** Calls back when all that has come by then is done, at the earliest after so many milliseconds: what a timer does. */
  after(delayMs: number, run: () => void): void {
    this.#clock.schedule(delayMs, () => {
      this.#waiting.push(() => ({ costMs: 0, done: run }));
      if (!this.#isBusy) this.#next();
    });
  }

  #next(): void {
    const work = this.#waiting.shift();
    this.#isBusy = work !== undefined;
    if (work === undefined) return;
    const { costMs, done } = work();
    this.#dueMs = this.#clock.nowMs + costMs;
    this.#clock.scheduleAt(this.#dueMs, () => {
      done();
      this.#next();
    });
  }
}
