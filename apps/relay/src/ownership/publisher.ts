import { ownedClaimBurst, ownedClaimEveryMs, ownedPublishedEveryMs, ownedPublishedMax } from '../limits.js';
import type { Owner } from '../routing/names-table.js';
import type { LinkId } from '../routing/types.js';

/**
 * Sessions that others have to be told of, and when: of each one what it owns at that time, a few times at once and then every 200 ms, since an agent's
 * message of 600 bytes may be 32 KiB for each of 99 relays; and of all together so many at a time, since thousands may change at once.
 * What sessions own goes before what others don't own any more, so that a name that went from one to the other is never free.
 */
export class Publisher {
  readonly #owning = new Map<LinkId, Owner>();
  readonly #over = new Map<LinkId, Owner>();
  /** When a claim of that session would have been due if all had been 200 ms apart. */
  readonly #pacedMs = new Map<LinkId, number>();
  #windowMs: number = Number.NEGATIVE_INFINITY;
  #left = 0;

  /** Something has changed. */
  add(owner: Owner): void {
    const { link } = owner;
    this.#owning.delete(link);
    if (ownsNothing(owner)) this.#over.set(link, owner);
    else {
      this.#over.delete(link);
      this.#owning.set(link, owner);
    }
  }

  /** Those that others are told of now. */
  take(nowMs: number): Owner[] {
    if (nowMs >= this.#windowMs + ownedPublishedEveryMs) {
      this.#windowMs = nowMs;
      this.#left = ownedPublishedMax;
    }
    const taken: Owner[] = [];
    for (const [link, owner] of this.#owning) {
      if (taken.length >= this.#left) break;
      if (this.#dueMs(link) > nowMs) continue;
      this.#pacedMs.set(link, Math.max(nowMs, this.#pacedMs.get(link) ?? nowMs) + ownedClaimEveryMs);
      this.#owning.delete(link);
      taken.push(owner);
    }
    for (const [link, owner] of this.#over) {
      if (taken.length >= this.#left) break;
      this.#over.delete(link);
      if (owner.keptMs !== undefined) this.#pacedMs.delete(link);
      taken.push(owner);
    }
    this.#left -= taken.length;
    return taken;
  }

  /** When there is something to take, undefined when nothing waits. */
  pollTimeout(): number | undefined {
    if (this.#owning.size + this.#over.size === 0) return undefined;
    if (this.#left === 0) return this.#windowMs + ownedPublishedEveryMs;
    let atMs = Number.POSITIVE_INFINITY;
    for (const link of this.#owning.keys()) atMs = Math.min(atMs, this.#dueMs(link));
    return atMs;
  }

  #dueMs(link: LinkId): number {
    return (this.#pacedMs.get(link) ?? Number.NEGATIVE_INFINITY) - (ownedClaimBurst - 1) * ownedClaimEveryMs;
  }
}

/** Whether others need not know more of a session than that it has no names. */
export function ownsNothing({ keptMs, isLapsed, isStandby, names }: Owner): boolean {
  return keptMs !== undefined || isLapsed || isStandby || names.size === 0;
}
