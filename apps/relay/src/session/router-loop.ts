import type { Presence, PresenceOutput } from '../routing/presence.js';
import type { Router } from '../routing/router.js';
import type { RouterOutput } from '../routing/types.js';

/** What a {@link RouterLoop} works with. */
export interface RouterLoopParts {
  readonly router: Router;
  /** Gets its time after the router. */
  readonly presence: Presence;
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Carries out what they say; may give them further inputs. */
  perform(output: RouterOutput | PresenceOutput): void;
}

/** The shell of the pure router, and of presence beside it: gives them inputs and the time, and carries out everything they say. */
export class RouterLoop {
  readonly #parts: RouterLoopParts;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isRunning = false;

  constructor(parts: RouterLoopParts) {
    this.#parts = parts;
  }

  /** Gives one of them an input, then carries out everything they say. */
  handle(input: (nowMs: number) => void): void {
    const { router, presence, nowMs, perform } = this.#parts;
    input(nowMs());
    if (this.#isRunning) return; // the outermost call carries it out
    this.#isRunning = true;
    try {
      const next = (): RouterOutput | PresenceOutput | undefined =>
        router.pollOutput() ?? presence.pollOutput();
      for (let output = next(); output !== undefined; output = next()) perform(output);
    } finally {
      this.#isRunning = false;
    }
    this.#arm();
  }

  /** They are given no more time. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const { router, presence, nowMs } = this.#parts;
    const never = Number.POSITIVE_INFINITY;
    const atMs = Math.min(router.pollTimeout()?.atMs ?? never, presence.pollTimeout() ?? never);
    if (atMs === never) return;
    const waitMs = Math.max(1, Math.ceil(atMs - nowMs()));
    this.#timer = setTimeout(() => this.handle((now) => this.#handleTimeout(now)), waitMs);
    this.#timer.unref();
  }

  #handleTimeout(nowMs: number): void {
    this.#parts.router.handleTimeout(nowMs);
    this.#parts.presence.handleTimeout(nowMs);
  }
}
