import { createHash } from 'node:crypto';
import {
  memberDialJitterMs,
  memberDialPatienceMs,
  peeringsMax,
  strangerDialMs,
  strangerRestMs,
  strangerRestMsMax,
} from './limits.js';
import type { Member } from './members.js';

/** What {@link DialPlan} wants. */
export type DialStep =
  | { readonly kind: 'dial'; readonly id: string; readonly url: string }
  | { readonly kind: 'stop'; readonly id: string };

interface Wanted {
  readonly url: string;
  /** When it is dialled if there is still no peering; undefined while there is one. */
  dialAtMs: number | undefined;
  isDialled: boolean;
  /** Since when, while it is. */
  dialledMs: number;
  /** How long it was left alone the last time, since nobody has ever been reached there. */
  restMs: number;
}

/**
 * Which members are dialled for a full mesh of at most {@link peeringsMax} relays. Of two relays the one with the smaller id dials at once, the other one
 * when nothing came of that: the first may be behind NAT, or told the wrong address.
 */
export class DialPlan {
  readonly #ownId: string;
  readonly #random: () => number;
  readonly #wanted = new Map<string, Wanted>();
  /** Members with which a peering has stood: they are who they say, and where. */
  readonly #reached = new Set<string>();

  /** @param random between 0 and 1 */
  constructor(ownId: string, random: () => number) {
    this.#ownId = ownId;
    this.#random = random;
  }

  /**
   * What must change now. `peers` are the ids of relays with which a peering stands.
   *
   * A dead member is dialled on, slowly: that is how a partition ends. One that has left, or is known no more, is not.
   */
  update(members: readonly Member[], peers: ReadonlySet<string>, nowMs: number): DialStep[] {
    const steps: DialStep[] = [];
    const present = this.#chosen(members);
    if (this.#reached.size > members.length) this.#forget(members);
    for (const [id, wanted] of this.#wanted) {
      if (present.get(id) === wanted.url) continue;
      this.#wanted.delete(id);
      if (wanted.isDialled) steps.push({ kind: 'stop', id });
    }
    for (const [id, url] of present) {
      let wanted = this.#wanted.get(id);
      if (wanted === undefined) this.#wanted.set(id, (wanted = unknown(url)));
      if (peers.has(id)) {
        this.#reached.add(id);
        wanted.dialAtMs = undefined;
        wanted.restMs = 0;
        continue;
      }
      if (this.#isInVain(id, wanted, nowMs)) {
        this.#rest(wanted, nowMs);
        steps.push({ kind: 'stop', id });
        continue;
      }
      const patienceMs = this.#ownId < id ? 0 : memberDialPatienceMs;
      wanted.dialAtMs ??= nowMs + patienceMs + this.#random() * memberDialJitterMs;
      if (wanted.isDialled || wanted.dialAtMs > nowMs) continue;
      wanted.isDialled = true;
      wanted.dialledMs = nowMs;
      steps.push({ kind: 'dial', id, url });
    }
    return steps;
  }

  /** Nobody dials the member any more. */
  handleEnded(id: string): void {
    const wanted = this.#wanted.get(id);
    if (wanted?.isDialled !== true) return;
    wanted.isDialled = false;
    wanted.dialAtMs = undefined;
  }

  /** Whether a member was dialled for long, and neither now nor before was anybody there. */
  #isInVain(id: string, { isDialled, dialledMs }: Wanted, nowMs: number): boolean {
    return isDialled && !this.#reached.has(id) && nowMs - dialledMs >= strangerDialMs;
  }

  #rest(wanted: Wanted, nowMs: number): void {
    wanted.isDialled = false;
    wanted.restMs = Math.min(strangerRestMsMax, Math.max(strangerRestMs, 2 * wanted.restMs));
    wanted.dialAtMs = nowMs + wanted.restMs + this.#random() * wanted.restMs;
  }

  /** Members that could be dialled are left out, since there are too many. */
  static isTooLarge(members: readonly Member[]): boolean {
    return members.filter(isDialable).length > peeringsMax;
  }

  #chosen(members: readonly Member[]): Map<string, string> {
    const dialable = members.filter(isDialable);
    const chosen =
      dialable.length <= peeringsMax
        ? dialable
        : dialable
            .map((member) => ({ member, weight: this.#rankOf(member) + weightOf(this.#ownId, member.id) }))
            .sort((a, b) => (a.weight < b.weight ? -1 : 1))
            .slice(0, peeringsMax)
            .map(({ member }) => member);
    return new Map(chosen.map(({ id, url }) => [id, url!]));
  }

  /**
   * Who was met before who is only told of: nobody can crowd out a mesh by inventing members. The dead last: many that never come back may be remembered
   * for long.
   */
  #rankOf({ id, state }: Member): string {
    if (state === 'dead') return '2';
    return this.#reached.has(id) ? '0' : '1';
  }

  #forget(members: readonly Member[]): void {
    const known = new Set(members.map(({ id }) => id));
    for (const id of this.#reached) if (!known.has(id)) this.#reached.delete(id);
  }
}

function isDialable({ state, url }: Member): boolean {
  return state !== 'left' && url !== undefined;
}

function unknown(url: string): Wanted {
  return { url, dialAtMs: undefined, isDialled: false, dialledMs: 0, restMs: 0 };
}

/** The same from both ends, so that two relays choose each other. */
function weightOf(a: string, b: string): string {
  return createHash('sha256').update([a, b].sort().join(' ')).digest('hex');
}
