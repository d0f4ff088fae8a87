import type { Router } from '../routing/router.js';
import type { RouterOutput } from '../routing/types.js';

/** What a {@link RouterLoop} works with. */
export interface RouterLoopParts {
  readonly router: Router;
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Carries out what the router says; may give it further inputs. */
  perform(output: RouterOutput): void;
}

/** The shell of the pure router: gives it inputs and the time, and carries out everything it says. */
export class RouterLoop {
  readonly #parts: RouterLoopParts;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isRunning = false;

  constructor(parts: RouterLoopParts) {
    this.#parts = parts;
  }

  /** Gives the router an input, then carries out everything it says. */
  handle(input: (nowMs: number) => void): void {
    const { router, nowMs, perform } = this.#parts;
    input(nowMs());
    if (this.#isRunning) return; // the outermost call carries it out
    this.#isRunning = true;
    try {
      for (let output = router.pollOutput(); output !== undefined; output = router.pollOutput()) {
        perform(output);
      }
    } finally {
      this.#isRunning = false;
    }
    this.#arm();
  }

  /** The router is given no more time. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const { router, nowMs } = this.#parts;
    const next = router.pollTimeout();
    if (next === undefined) return;
    const waitMs = Math.max(1, Math.ceil(next.atMs - nowMs()));
    this.#timer = setTimeout(() => this.handle((now) => router.handleTimeout(now)), waitMs);
    this.#timer.unref();
  }
}
