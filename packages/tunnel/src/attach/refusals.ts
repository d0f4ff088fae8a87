import { equalBytes } from '../bytes.js';
import { refusalsBelieved, refusalsSpanMs } from '../limits.js';

/** One refusal of an attach, as it came: unsealed, so any relay can have made it up. */
export interface Refusal {
  /** The code it came with. */
  readonly code: string;
  /** Which relay was asked. */
  readonly via?: string;
  /** Boot id of the agent that refuses, as it says. */
  readonly bootId?: Uint8Array;
}

/**
 * Whether unsealed refusals may be believed. Only `unknown_tunnel` counts: the agent is there and has forgotten the
 * tunnel. That it isn't found is no sign of it: while its network is cut it has no session anywhere.
 */
export class Refusals {
  readonly #peerBootId: Uint8Array | undefined;
  readonly #relays = new Set<string>();
  #count = 0;
  #firstMs = 0;

  /**
   * @param peerBootId - the responder's, from the first answer.
   */
  constructor(peerBootId: Uint8Array | undefined) {
    this.#peerBootId = peerBootId;
  }

  /**
   * Takes a refusal.
   *
   * @param refusal - as it came.
   * @param nowMs - monotonic time.
   * @returns whether the tunnel is gone at the peer: its agent has another boot id, or several refusals agree.
   */
  handle({ code, via, bootId }: Refusal, nowMs: number): boolean {
    if (code !== 'unknown_tunnel') return false;
    if (bootId !== undefined && this.#peerBootId !== undefined && !equalBytes(bootId, this.#peerBootId)) {
      return true;
    }
    if (this.#count === 0) this.#firstMs = nowMs;
    this.#count++;
    if (via !== undefined && this.#relays.size < 2) this.#relays.add(via);
    return (
      this.#relays.size > 1 || (this.#count >= refusalsBelieved && nowMs - this.#firstMs >= refusalsSpanMs)
    );
  }

  /** An attach has committed: what was said before is refuted. */
  clear(): void {
    this.#relays.clear();
    this.#count = 0;
  }
}
