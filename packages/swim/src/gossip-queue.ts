import type { MemberUpdate } from './messages.js';

/** Updates that are still to be sent, at most one per member: the newest. */
export class GossipQueue {
  readonly #entries = new Map<string, { readonly update: MemberUpdate; sent: number }>();

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Queues an update anew; what waited about the same member is dropped. */
  push(update: MemberUpdate): void {
    this.#entries.delete(update.id);
    this.#entries.set(update.id, { update, sent: 0 });
  }

  /** Forgets what waits about a member. */
  drop(id: string): void {
    this.#entries.delete(id);
  }

  /** The least-sent updates, counted as sent; one that was sent `sentMax` times leaves the queue. */
  take(count: number, sentMax: number): MemberUpdate[] {
    const chosen = [...this.#entries.values()].sort((left, right) => left.sent - right.sent).slice(0, count);
    for (const entry of chosen) {
      entry.sent += 1;
      if (entry.sent >= sentMax) this.#entries.delete(entry.update.id);
    }
    return chosen.map(({ update }) => update);
  }
}
