import type { WireCode } from '@macula/wire';
import { openRetriesMax } from './limits.js';

/**
 * Which sessions a tunnel's next attach, or hint, shall not reach: those that could not prove the key when it was made, and those that know
 * nothing of the tunnel. Anybody can hold its peer's name somewhere, so that "unknown" counts only when no other session answers to that name.
 */
export class AttachExclusions {
  readonly #passed: readonly Uint8Array[];
  /** They know nothing of the tunnel, and are passed over until it turns out that there is nobody else. */
  #ignorant: Uint8Array[] = [];
  /** They know nothing of it, and there was nobody else. */
  #alone: readonly Uint8Array[] = [];

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
    if (code === 'unknown_tunnel' && via !== undefined && this.#isNews(via)) {
      this.#ignorant.push(via);
      return 'not_here';
    }
    const isNobodyElse = code === 'not_found' || code === 'not_here';
    if (!isNobodyElse || this.#ignorant.length === 0) return code;
    this.#alone = this.#ignorant;
    this.#ignorant = [];
    return 'unknown_tunnel';
  }

  #isNews(via: Uint8Array): boolean {
    if (this.#ignorant.length >= openRetriesMax) return false;
    return !this.#alone.some((tag) => Buffer.from(tag).equals(via));
  }

  /** The tunnel goes on. */
  handleResumed(): void {
    this.#ignorant = [];
    this.#alone = [];
  }
}
