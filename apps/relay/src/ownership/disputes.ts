import { contestProtestMs, ghostProbeMs } from '../limits.js';
import type { AgentSession, LinkId } from '../routing/types.js';

/** A session here, and one elsewhere that would replace it. */
export interface ForeignDispute {
  readonly owner: LinkId;
  readonly origin: string;
  readonly session: number;
  readonly sinceMs: number;
  /** `asked`: whether the owner answers PING. `protested`: it did, and the newcomer's relay shall end the newcomer. */
  stage: 'asked' | 'protested';
  atMs: number;
}

/** A newcomer here, and the session here that it would replace. */
export interface LocalDispute {
  readonly newcomer: AgentSession;
  readonly owner: LinkId;
  /** The newcomer's number is the lower one: it has the names only if the owner is dead. */
  readonly isOlder: boolean;
  readonly sinceMs: number;
}

/** Newcomers that wait until it is known whether the present owner lives: of contested identities, and with a lower number. */
export class Disputes {
  readonly #local = new Map<LinkId, LocalDispute>();
  readonly #foreign = new Map<LinkId, ForeignDispute>();

  /** A newcomer here waits. */
  addLocal(dispute: Omit<LocalDispute, 'sinceMs'>, nowMs: number): void {
    this.#local.set(dispute.newcomer.link, { ...dispute, sinceMs: nowMs });
  }

  /** A newcomer elsewhere waits; false when one does already for that owner. */
  addForeign(newcomer: { owner: LinkId; origin: string; session: number }, nowMs: number): boolean {
    if (this.#foreign.has(newcomer.owner)) return false;
    const dispute = { ...newcomer, sinceMs: nowMs, stage: 'asked', atMs: nowMs + ghostProbeMs } as const;
    this.#foreign.set(newcomer.owner, dispute);
    return true;
  }

  /** The newcomer's relay has been told; it has so long to end the newcomer. */
  protest(dispute: ForeignDispute, nowMs: number): void {
    const atMs = nowMs + contestProtestMs;
    this.#foreign.set(dispute.owner, { ...dispute, stage: 'protested', atMs });
  }

  /** A session has ended. */
  handleLinkDown(link: LinkId): void {
    this.#local.delete(link);
    this.#foreign.delete(link);
  }

  /** Those that are to be decided now; they are forgotten. */
  takeDue(nowMs: number): { readonly local: LocalDispute[]; readonly foreign: ForeignDispute[] } {
    const local = [...this.#local.values()].filter(({ sinceMs }) => sinceMs + ghostProbeMs <= nowMs);
    const foreign = [...this.#foreign.values()].filter(({ atMs }) => atMs <= nowMs);
    for (const { newcomer } of local) this.#local.delete(newcomer.link);
    for (const { owner } of foreign) this.#foreign.delete(owner);
    return { local, foreign };
  }

  /** When the next one is to be decided. */
  pollTimeout(): number | undefined {
    const times = [
      ...[...this.#local.values()].map(({ sinceMs }) => sinceMs + ghostProbeMs),
      ...[...this.#foreign.values()].map(({ atMs }) => atMs),
    ];
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
