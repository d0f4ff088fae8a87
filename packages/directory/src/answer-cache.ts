import { absentMs, cacheMax, foundMs } from './limits.js';
import type { DirectoryRecord } from './record.js';

interface Remembered {
  /** Undefined: nobody has the name. */
  readonly record: DirectoryRecord | undefined;
  readonly untilMs: number;
}

/** Answers of the last moments, the oldest forgotten first. */
export class AnswerCache {
  readonly #answers = new Map<string, Remembered>();

  /** Answers remembered. */
  get size(): number {
    return this.#answers.size;
  }

  /** Remembers an answer for 30 s, or 2 s that there is none. */
  set(key: string, record: DirectoryRecord | undefined, nowMs: number): void {
    this.#answers.delete(key);
    this.#answers.set(key, { record, untilMs: nowMs + (record === undefined ? absentMs : foundMs) });
    if (this.#answers.size <= cacheMax) return;
    for (const oldest of this.#answers.keys()) {
      this.#answers.delete(oldest);
      return;
    }
  }

  /** An answer that is still believed. */
  get(key: string, nowMs: number): { readonly record: DirectoryRecord | undefined } | undefined {
    const known = this.#answers.get(key);
    if (known === undefined || known.untilMs > nowMs) return known;
    this.#answers.delete(key);
    return undefined;
  }

  /** Forgets an answer. */
  delete(key: string): void {
    this.#answers.delete(key);
  }
}
