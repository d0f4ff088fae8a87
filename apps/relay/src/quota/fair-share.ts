import { OutputQueue } from '../core/output-queue.js';
import { shareBurstMs, shareOfTime, shareTurnMsMax, shareWaitingMax } from '../limits.js';

/** What a {@link FairShare} lives in. */
export interface FairShareParts {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Calls back after so many milliseconds; 0: when everything that has arrived was served. */
  wakeAfter(ms: number, go: () => void): void;
}

/** Something to be done for a party. */
export interface SharedWork {
  /** Milliseconds that it takes, about; what it took in truth is charged if that is more. */
  readonly costMs: number;
  readonly work: () => void;
  /** Whether nobody waits for it any more: then it is left out, and costs nothing. Default: never. */
  readonly isOver?: () => boolean;
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

  /**
   * Does this now, or later when the party has made much work; work of one party is done in order. False: so much of it waits that this is not
   * taken.
   */
  run(name: string, work: SharedWork): boolean {
    const nowMs = this.#parts.nowMs();
    let party = this.#parties.get(name);
    if (party === undefined)
      this.#parties.set(name, (party = { freeAtMs: nowMs, waiting: undefined, waitingCount: 0 }));
    if (party.waiting === undefined && party.freeAtMs <= nowMs + shareBurstMs) this.#do(party, work, nowMs);
    else {
      if (party.waitingCount >= shareWaitingMax) return false;
      party.waiting ??= new OutputQueue();
      party.waiting.push(work);
      party.waitingCount++;
    }
    this.#wakeFor(party);
    return true;
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
    const untilMs = this.#parts.nowMs() + shareTurnMsMax;
    for (const [name, party] of [...this.#parties]) {
      this.#serve(party, untilMs);
      const nowMs = this.#parts.nowMs();
      if (party.waiting === undefined && party.freeAtMs <= nowMs) this.#parties.delete(name);
      else if (party.waiting !== undefined && party.freeAtMs > nowMs) {
        // Who was served is behind the others in the next turn.
        this.#parties.delete(name);
        this.#parties.set(name, party);
      }
    }
    for (const party of this.#parties.values()) this.#wakeFor(party);
  }

  #serve(party: Party, untilMs: number): void {
    const { waiting } = party;
    if (waiting === undefined) return;
    for (;;) {
      const nowMs = this.#parts.nowMs();
      if (party.freeAtMs > nowMs + shareBurstMs || nowMs >= untilMs) return;
      const next = waiting.shift();
      if (next === undefined) {
        party.waiting = undefined;
        return;
      }
      party.waitingCount--;
      if (next.isOver?.() !== true) this.#do(party, next, nowMs);
    }
  }

  #do(party: Party, { costMs, work }: SharedWork, nowMs: number): void {
    work();
    const tookMs = this.#parts.nowMs() - nowMs;
    party.freeAtMs = Math.max(party.freeAtMs, nowMs) + Math.max(costMs, tookMs) / shareOfTime;
  }
}

interface Party {
  /** When its share is whole again. */
  freeAtMs: number;
  waiting: OutputQueue<SharedWork> | undefined;
  waitingCount: number;
}
