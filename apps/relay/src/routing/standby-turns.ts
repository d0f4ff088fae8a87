import { standbyTurnMs } from '../limits.js';
import type { OpenId } from './types.js';

/**
 * OPENs of other relays for a name whose session here only stands by: the session that owns the name is being asked at its own relay,
 * and the one here is asked when that has not answered for {@link standbyTurnMs}.
 */
export class StandbyTurns {
  /** When each one's turn is, in that order. */
  readonly #turns = new Map<OpenId, number>();

  add(open: OpenId, nowMs: number): void {
    this.#turns.set(open, nowMs + standbyTurnMs);
  }

  /** It was answered, or nobody waits for it any more. */
  delete(open: OpenId): void {
    this.#turns.delete(open);
  }

  /** Those whose turn it is; they are forgotten. */
  takeDue(nowMs: number): OpenId[] {
    const due: OpenId[] = [];
    for (const [open, atMs] of this.#turns) {
      if (atMs > nowMs) break;
      due.push(open);
    }
    for (const open of due) this.#turns.delete(open);
    return due;
  }

  /** When the next one's turn is. */
  pollTimeout(): number | undefined {
    const [atMs] = this.#turns.values();
    return atMs;
  }
}
