import { openRetriesMax } from './limits.js';

/** How one attempt at a tunnel ended. */
export interface FailedAttempt {
  readonly reason: string;
  readonly text: string;
  /** Whether the other agent said so, sealed. */
  readonly byPeer: boolean;
}

/**
 * Decides which attempts at a tunnel are worth another one. Anybody may hold a name in a realm that isn't his; without the cookie he can only
 * fail, so a session that failed before it had proven the cookie is excluded and the mesh asked for another one of that name. What is
 * told in the end is the first failure: a node that is there alone is asked once, and its answer stands.
 */
export class OpenRetries {
  readonly #excluded: Uint8Array[] = [];
  #first: FailedAttempt | undefined;

  /** Sessions that shall not answer any more. */
  get excluded(): readonly Uint8Array[] {
    return this.#excluded;
  }

  /** An attempt failed at a session that had not proven the cookie; true: try again. `via` undefined: no session is at fault. */
  handleFailed(attempt: FailedAttempt, via: Uint8Array | undefined): boolean {
    this.#first ??= attempt;
    if (via === undefined || attempt.byPeer || this.#excluded.length >= openRetriesMax) return false;
    // A session that answers although it is excluded has a relay that doesn't know how.
    if (this.#excluded.some((tag) => isSame(tag, via))) return false;
    this.#excluded.push(via);
    return true;
  }

  /** What to tell of a tunnel that ended so: what the peer has sealed, else the first failure. */
  outcome(last: FailedAttempt): FailedAttempt {
    return last.byPeer ? last : (this.#first ?? last);
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
