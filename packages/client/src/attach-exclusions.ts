import type { WireCode } from '@macula/wire';
import { openRetriesMax } from './limits.js';

/**
 * Which sessions a tunnel's next attach, or hint, shall not reach: those that could not prove the key when it was made, and those that know
 * nothing of the tunnel. Anybody can hold its peer's name somewhere, so that "unknown" counts only when no other session answers to that name.
 */
export class AttachExclusions {
  readonly #passed: readonly Uint8Array[];
  #ignorant: Uint8Array[] = [];

  /** `passed`: those that could not prove the key. */
  constructor(passed: readonly Uint8Array[] = []) {
    this.#passed = passed;
  }

  /** Tags of sessions for OPEN. */
  get excluded(): readonly Uint8Array[] {
    return [...this.#passed, ...this.#ignorant];
  }

  /** Takes a refusal, of the session `via`; gives the code that the tunnel is told. */
  handleRefused(code: WireCode, via: Uint8Array | undefined): WireCode {
    if (code === 'unknown_tunnel' && via !== undefined && this.#ignorant.length < openRetriesMax) {
      this.#ignorant.push(via);
      return 'not_here';
    }
    const isNobodyElse = code === 'not_found' || code === 'not_here' || code === 'unknown_tunnel';
    if (!isNobodyElse || this.#ignorant.length === 0) return code;
    this.#ignorant = [];
    return 'unknown_tunnel';
  }

  /** The tunnel goes on. */
  handleResumed(): void {
    this.#ignorant = [];
  }
}
