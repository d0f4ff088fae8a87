import { OutputQueue } from '../core/output-queue.js';
import { shareBurstMs, shareOfTime } from '../limits.js';

/** What a {@link FairShare} lives in. */
export interface FairShareParts {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Calls back after so many milliseconds. */
  wakeAfter(ms: number, go: () => void): void;
}

/**
 * Gives each party a share of the relay's time: work is done at once until the party has used its share, the rest waits in its order, and
 * whatever others need is done between.
 */
export class FairShare {
  readonly #parts: FairShareParts;
  /** Only of those that wait or have used some of their share. */
  readonly #parties = new Map<string, Party>();
  /** When the next wake is due that counts; earlier and later ones may come beside it. */
  #wakeAtMs = Number.POSITIVE_INFINITY;

  constructor(parts: FairShareParts) {
    this.#parts = parts;
  }

  /** Does this now, or later when the party has made much work. Work of one party is done in order. `costMs`: what it takes, about. */
  run(name: string, costMs: number, work: () => void): void {
    const nowMs = this.#parts.nowMs();
    let party = this.#parties.get(name);
    if (party === undefined) this.#parties.set(name, (party = { freeAtMs: nowMs, waiting: undefined }));
    if (party.waiting === undefined && party.freeAtMs <= nowMs + shareBurstMs)
      doWork(party, { costMs, work }, nowMs);
    else {
      party.waiting ??= new OutputQueue();
      party.waiting.push({ costMs, work });
    }
    this.#wakeFor(party);
  }

  #wakeFor({ freeAtMs, waiting }: Party): void {
    const atMs = waiting === undefined ? freeAtMs : freeAtMs - shareBurstMs;
    if (atMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = atMs;
    this.#parts.wakeAfter(Math.max(0, atMs - this.#parts.nowMs()), () => {
      if (atMs === this.#wakeAtMs) this.#wake();
    });
  }

  #wake(): void {
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    for (const [name, party] of [...this.#parties]) {
      this.#serve(party);
      if (party.waiting === undefined && party.freeAtMs <= this.#parts.nowMs()) this.#parties.delete(name);
    }
    for (const party of this.#parties.values()) this.#wakeFor(party);
  }

  #serve(party: Party): void {
    const { waiting } = party;
    if (waiting === undefined) return;
    for (;;) {
      const nowMs = this.#parts.nowMs();
      if (party.freeAtMs > nowMs + shareBurstMs) return;
      const next = waiting.shift();
      if (next === undefined) {
        party.waiting = undefined;
        return;
      }
      doWork(party, next, nowMs);
    }
  }
}

interface Work {
  readonly costMs: number;
  readonly work: () => void;
}

interface Party {
  /** When its share is whole again. */
  freeAtMs: number;
  waiting: OutputQueue<Work> | undefined;
}

function doWork(party: Party, { costMs, work }: Work, nowMs: number): void {
  party.freeAtMs = Math.max(party.freeAtMs, nowMs) + costMs / shareOfTime;
  work();
}
