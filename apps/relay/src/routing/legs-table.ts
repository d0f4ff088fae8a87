import { ghostProbeMs } from '../limits.js';
import type { PendingOpen } from './pending-open.js';
import { addTo, removeFrom } from './sets.js';
import type { LegId, LinkId } from './types.js';

/** The ways on which OPENs are being asked, and those of them whose session must prove that it lives. */
export class LegsTable {
  readonly #legs = new Map<LegId, PendingOpen>();
  readonly #byLink = new Map<LinkId, Set<LegId>>();
  /** Legs to silent sessions and when these were pinged; insertion order is order of time. */
  readonly #probes = new Map<LegId, { readonly link: LinkId; readonly sentMs: number }>();
  #next: LegId = 1;

  add(pending: PendingOpen, link: LinkId): LegId {
    const leg = this.#next++;
    pending.legs.set(leg, link);
    this.#legs.set(leg, pending);
    addTo(this.#byLink, link, leg);
    return leg;
  }

  delete(leg: LegId): void {
    const pending = this.#legs.get(leg);
    if (pending === undefined) return;
    removeFrom(this.#byLink, pending.legs.get(leg)!, leg);
    pending.legs.delete(leg);
    this.#legs.delete(leg);
    this.#probes.delete(leg);
  }

  at(leg: LegId): PendingOpen | undefined {
    return this.#legs.get(leg);
  }

  ofLink(link: LinkId): LegId[] {
    return [...(this.#byLink.get(link) ?? [])];
  }

  /** Its session was pinged. */
  probe(leg: LegId, link: LinkId, nowMs: number): void {
    if (!this.#probes.has(leg)) this.#probes.set(leg, { link, sentMs: nowMs });
  }

  /** Legs whose session had its time to answer, and since when. */
  takeProbed(nowMs: number): { readonly leg: LegId; readonly link: LinkId; readonly sentMs: number }[] {
    const due: { leg: LegId; link: LinkId; sentMs: number }[] = [];
    for (const [leg, { link, sentMs }] of this.#probes) {
      if (sentMs + ghostProbeMs > nowMs) break;
      due.push({ leg, link, sentMs });
    }
    for (const { leg } of due) this.#probes.delete(leg);
    return due;
  }

  pollTimeout(): number | undefined {
    const [probe] = this.#probes.values();
    return probe === undefined ? undefined : probe.sentMs + ghostProbeMs;
  }

  get size(): number {
    return this.#legs.size;
  }
}
