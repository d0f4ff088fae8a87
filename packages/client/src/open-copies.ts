import { openCopiesMax, openTimeoutMs } from './limits.js';

/**
 * Notices that one OPEN has come twice: over the relay of the primary session, and over one where a session stands by. One whose stream is over,
 * since its relay has died perhaps, leaves the answer to the next.
 */
export class OpenCopies {
  /** When each path was first asked for, in that order. */
  readonly #paths = new Map<string, number>();

  /** Whether an OPEN with this path id has come before. */
  isCopy(pathId: Uint8Array, nowMs: number): boolean {
    for (const [path, atMs] of this.#paths) {
      if (nowMs - atMs < openTimeoutMs && this.#paths.size < openCopiesMax) break;
      this.#paths.delete(path);
    }
    const path = Buffer.from(pathId).toString('hex');
    if (this.#paths.has(path)) return true;
    this.#paths.set(path, nowMs);
    return false;
  }

  /** The stream of the first one is over. */
  forget(pathId: Uint8Array): void {
    this.#paths.delete(Buffer.from(pathId).toString('hex'));
  }
}
