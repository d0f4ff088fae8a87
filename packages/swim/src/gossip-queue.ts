import { type MemberUpdate, updateBytes } from './messages.js';

interface Entry {
  readonly update: MemberUpdate;
  readonly bytes: number;
  sent: number;
  isGone: boolean;
}

/**
 * Updates that are still to be sent, at most one per member: the newest. What was sent less often goes first, and the newer first
 * among equals: where there is more news than room, old news may wait, a refutation may not.
 */
export class GossipQueue {
  readonly #entries = new Map<string, Entry>();
  /** By times sent. Those that are gone stay in their bucket until it is their turn. */
  readonly #buckets: Entry[][] = [];

  /** Number of updates that wait. */
  get size(): number {
    return this.#entries.size;
  }

  /** Whether something about the member waits. */
  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /** Queues an update anew; what waited about the same member is dropped. */
  push(update: MemberUpdate): void {
    this.drop(update.claim.id);
    const entry = { update, bytes: updateBytes(update), sent: 0, isGone: false };
    this.#entries.set(update.claim.id, entry);
    this.#put(entry);
  }

  /** Forgets what waits about a member. */
  drop(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.isGone = true;
    this.#entries.delete(id);
  }

  /** Forgets all. */
  clear(): void {
    this.#entries.clear();
    this.#buckets.length = 0;
  }

  /** Updates of `bytesMax` together, counted as sent; one that was sent `sentMax` times leaves the queue. */
  take(bytesMax: number, sentMax: number): MemberUpdate[] {
    if (this.#entries.size === 0) return [];
    const chosen: Entry[] = [];
    let room = bytesMax;
    for (let sent = 0; sent < this.#buckets.length; sent++) {
      const bucket = this.#buckets[sent] as Entry[];
      while (bucket.length > 0) {
        const entry = bucket.at(-1) as Entry;
        if (!entry.isGone && entry.bytes > room) break;
        bucket.pop();
        if (entry.isGone) continue;
        room -= entry.bytes;
        chosen.push(entry);
      }
      if (bucket.length > 0) break;
    }
    for (const entry of chosen) {
      entry.sent += 1;
      if (entry.sent >= sentMax) this.drop(entry.update.claim.id);
      else this.#put(entry);
    }
    return chosen.map(({ update }) => update);
  }

  #put(entry: Entry): void {
    while (this.#buckets.length <= entry.sent) this.#buckets.push([]);
    this.#buckets[entry.sent]?.push(entry);
  }
}
