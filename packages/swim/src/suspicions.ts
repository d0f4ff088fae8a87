import type { MemberClaim } from './claim.js';
import { type SwimProfile, suspicionMinMs } from './profile.js';

interface Suspicion {
  readonly claim: MemberClaim;
  startMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Accusers beside the first with which it is as short as it gets. */
  readonly confirmationsWanted: number;
  readonly accusers: Set<string>;
  untilMs: number;
  /** Times that we asked the suspect ourselves, and when the last one was. */
  asked: number;
  askedAtMs: number;
}

/** What is due about suspects. */
export interface SuspicionSteps {
  /** Suspects to be asked. */
  readonly ask: readonly string[];
  /** Claims of those that are dead now. */
  readonly over: readonly MemberClaim[];
}

/**
 * Suspicions that run. Each begins long and gets shorter with every further member that saw a probe fail, so that one ill
 * accuser is no danger (Lifeguard, section IV.B):
 * `max − (max − min) · ln(confirmations + 1) / ln(confirmations wanted + 1)`.
 * In the second half of the shortest time we ask the suspect ourselves, six times: gossip may be late, and a verdict is final.
 */
export class Suspicions {
  readonly #profile: SwimProfile;
  readonly #running = new Map<string, Suspicion>();
  #nextAtMs: number | undefined;
  #isNextKnown = true;

  constructor(profile: SwimProfile) {
    this.#profile = profile;
  }

  /** Begins one. @param members number of members, the own one included */
  start(claim: MemberClaim, by: string | undefined, members: number, nowMs: number): void {
    const minMs = suspicionMinMs(this.#profile, members);
    const suspicion = {
      claim,
      startMs: nowMs,
      minMs,
      maxMs: minMs * this.#profile.suspicionMaxMultiplier,
      confirmationsWanted: Math.max(0, Math.min(this.#profile.suspicionConfirmations, members - 2)),
      accusers: new Set(by === undefined ? [] : [by]),
      untilMs: Number.POSITIVE_INFINITY,
      asked: 0,
      askedAtMs: nowMs,
    };
    this.#running.set(claim.id, suspicion);
    this.#plan(suspicion);
  }

  /** Counts a further accuser. Whether it was news. */
  confirm(id: string, by: string): boolean {
    const suspicion = this.#running.get(id);
    if (suspicion === undefined || suspicion.accusers.has(by)) return false;
    if (suspicion.accusers.size > suspicion.confirmationsWanted) return false;
    suspicion.accusers.add(by);
    this.#plan(suspicion);
    return true;
  }

  /** Makes one as short as it gets. */
  shorten(id: string): void {
    const suspicion = this.#running.get(id);
    if (suspicion === undefined) return;
    suspicion.untilMs = suspicion.startMs + suspicion.minMs;
    this.#soonest(suspicion);
  }

  /** Ends one without a verdict. */
  drop(id: string): void {
    const suspicion = this.#running.get(id);
    if (suspicion === undefined) return;
    this.#running.delete(id);
    if (this.#atMs(suspicion) === this.#nextAtMs) this.#isNextKnown = false;
  }

  /** Ends all. */
  clear(): void {
    this.#running.clear();
    this.#isNextKnown = false;
  }

  /** What is due at `nowMs`, and counts as done then; who is over stays until it is dropped. */
  steps(nowMs: number): SuspicionSteps {
    const ask: string[] = [];
    const over: MemberClaim[] = [];
    const next = this.nextAtMs();
    if (next === undefined || next > nowMs) return { ask, over };
    this.#isNextKnown = false;
    for (const [id, suspicion] of this.#running) {
      if (this.#atMs(suspicion) > nowMs) continue;
      if (suspicion.asked === asksBeforeVerdict) over.push(suspicion.claim);
      else {
        suspicion.asked += 1;
        suspicion.askedAtMs = nowMs;
        ask.push(id);
      }
    }
    return { ask, over };
  }

  /** Moves all by a time in which we heard nothing. */
  postpone(byMs: number): void {
    for (const suspicion of this.#running.values()) {
      suspicion.startMs += byMs;
      suspicion.untilMs += byMs;
    }
    this.#isNextKnown = false;
  }

  /** When something is due. */
  nextAtMs(): number | undefined {
    if (!this.#isNextKnown) {
      this.#nextAtMs = undefined;
      for (const suspicion of this.#running.values()) {
        const atMs = this.#atMs(suspicion);
        if (this.#nextAtMs === undefined || atMs < this.#nextAtMs) this.#nextAtMs = atMs;
      }
      this.#isNextKnown = true;
    }
    return this.#nextAtMs;
  }

  /** One that is due earlier than before, or new. */
  #soonest(suspicion: Suspicion): void {
    if (this.#isNextKnown)
      this.#nextAtMs = Math.min(this.#nextAtMs ?? Number.POSITIVE_INFINITY, this.#atMs(suspicion));
  }

  /** When it is asked next, or is over: no earlier than an answer to the last question can have come. */
  #atMs({ startMs, untilMs, minMs, asked, askedAtMs }: Suspicion): number {
    if (asked === 0) return startMs + minMs / 2;
    const askAtMs = startMs + (minMs / 2) * (1 + asked / asksBeforeVerdict);
    return Math.max(asked < asksBeforeVerdict ? askAtMs : untilMs, askedAtMs + this.#profile.probeTimeoutMs);
  }

  #plan(suspicion: Suspicion): void {
    const { minMs, maxMs, confirmationsWanted, accusers } = suspicion;
    const confirmations = Math.min(confirmationsWanted, Math.max(0, accusers.size - 1));
    const share =
      confirmationsWanted === 0 ? 1 : Math.log(confirmations + 1) / Math.log(confirmationsWanted + 1);
    const planned = suspicion.startMs + maxMs - (maxMs - minMs) * share;
    suspicion.untilMs = Math.min(suspicion.untilMs, planned);
    this.#soonest(suspicion);
  }
}

/**
 * With 5 % loss all six round trips fail in one of a million cases. With three it was one of a thousand, and while 1,000 members find each other
 * again after a partition, when a refutation has to wait among a thousand others, one of them was declared dead by one other.
 */
const asksBeforeVerdict = 6;
