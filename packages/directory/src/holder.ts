import type { HeldSummary } from './messages.js';

/** What is under way to a holder. */
export interface InFlight {
  readonly sequence: number;
  readonly sentAtMs: number;
  /** Elements that the message is about. */
  readonly keys: readonly string[];
}

/**
 * One relay that keeps own records, as their relay sees it. One message at a time is under way to it, so what it holds is what was sent last, or is not known.
 */
export class Holder {
  /** Elements of which it may hold something else than it should, and no message under way says so. */
  pending: Set<string> | undefined;
  inFlight: InFlight | undefined;
  /** Sequence of the first message of the last full list; undefined: the next one is it. */
  listFrom: number | undefined;
  /** Messages in a row that were not answered. */
  unanswered = 0;
  /** Full lists in a row after which it said that it holds something else. */
  differed = 0;
  /** What it should hold. */
  count = 0;
  digest = 0;

  /** Whether it holds what it should of an element, as far as it has said. */
  isConfirmed(key: string): boolean {
    if (this.pending?.has(key) === true) return false;
    return this.inFlight?.keys.includes(key) !== true;
  }

  /** Notes that it should hold something else of an element. */
  mark(key: string): void {
    this.pending ??= new Set();
    this.pending.add(key);
  }

  /** Up to `count` elements that wait, which don't any more. */
  takePending(count: number): string[] {
    const keys: string[] = [];
    for (const key of this.pending ?? []) {
      if (keys.length === count) return keys;
      keys.push(key);
      this.pending?.delete(key);
    }
    this.pending = undefined;
    return keys;
  }

  /** What was under way may not have arrived. */
  takeBack(): void {
    for (const key of this.inFlight?.keys ?? []) this.mark(key);
    this.inFlight = undefined;
  }

  /** It is about to hold a record more, or one less. */
  tally(digest: number, sign: 1 | -1): void {
    this.count += sign;
    this.digest = (this.digest + sign * digest) >>> 0;
  }

  /** What it holds after a message; undefined while more is to come. */
  summary(): HeldSummary | undefined {
    if (this.pending !== undefined) return undefined;
    return { from: this.listFrom ?? 0, count: this.count, digest: this.digest };
  }
}
