import type { OpenId } from './types.js';

/** OPENs that wait for their turn, each as long as the others. */
export class Turns {
  readonly #delayMs: number;
  /** When each one's turn is, in that order. */
  readonly #turns = new Map<OpenId, number>();

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  add(open: OpenId, nowMs: number): void {
    this.#turns.delete(open);
    this.#turns.set(open, nowMs + this.#delayMs);
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
