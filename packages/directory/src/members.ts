import { DirectoryError } from './errors.js';
import { membersMax, ownersPerName, settleMs } from './limits.js';
import { Rendezvous } from './rendezvous.js';

/** What a change of the members was. */
export type MemberChange = 'none' | 'joined' | 'reborn' | 'left';

interface Move {
  readonly atMs: number;
  readonly id: string;
  readonly isIn: boolean;
}

/**
 * The relays that take part, this one included, as they are now and as they were {@link settleMs} ago: who owned an element then has its record if there is one, who owns it since may
 * still be waiting for it.
 */
export class Members {
  readonly #live: Rendezvous;
  readonly #settled: Rendezvous;
  readonly #epochs = new Map<string, number>();
  /** What the settled view has not seen yet, in order of time. */
  readonly #moves: Move[] = [];

  constructor(seed: number) {
    this.#live = new Rendezvous(seed);
    this.#settled = new Rendezvous(seed);
  }

  /** Relays that take part. */
  get size(): number {
    return this.#live.size;
  }

  /** Whether a relay takes part. */
  has(id: string): boolean {
    return this.#live.has(id);
  }

  /** The epoch of a relay's life; undefined when it takes no part. */
  epochOf(id: string): number | undefined {
    return this.#epochs.get(id);
  }

  /** A relay takes part. @throws {DirectoryError} `too_many_members` */
  set(id: string, epoch: number, nowMs: number): MemberChange {
    const known = this.#epochs.get(id);
    if (known === undefined && this.#live.size >= membersMax)
      throw new DirectoryError('too_many_members', `more than ${membersMax} relays`);
    this.#catchUp(nowMs);
    this.#epochs.set(id, epoch);
    if (known !== undefined) return known === epoch ? 'none' : 'reborn';
    this.#live.add(id);
    this.#moves.push({ atMs: nowMs + settleMs, id, isIn: true });
    return 'joined';
  }

  /** A relay takes no part any more. */
  remove(id: string, nowMs: number): MemberChange {
    if (!this.#epochs.delete(id)) return 'none';
    this.#catchUp(nowMs);
    this.#live.delete(id);
    this.#moves.push({ atMs: nowMs + settleMs, id, isIn: false });
    return 'left';
  }

  /** The owners of an element, the first one first. */
  ownersOf(element: Uint8Array): string[] {
    return this.#live.top(element, ownersPerName);
  }

  /** The owners of an element as they were {@link settleMs} ago; some may be gone since. */
  formerOwnersOf(element: Uint8Array, nowMs: number): string[] {
    this.#catchUp(nowMs);
    return this.#settled.top(element, ownersPerName);
  }

  /** Whether a relay comes before another one for an element. */
  isHigher(id: string, other: string, element: Uint8Array): boolean {
    return this.#live.isHigher(id, other, element);
  }

  #catchUp(nowMs: number): void {
    let seen = 0;
    for (const { atMs, id, isIn } of this.#moves) {
      if (atMs > nowMs) break;
      seen++;
      if (isIn) this.#settled.add(id);
      else this.#settled.delete(id);
    }
    if (seen > 0) this.#moves.splice(0, seen);
  }
}
