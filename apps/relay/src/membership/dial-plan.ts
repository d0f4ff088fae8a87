import { createHash } from 'node:crypto';
import { memberDialJitterMs, memberDialPatienceMs, peeringsMax } from './limits.js';
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
}

/**
 * Which members are dialled for a full mesh of at most {@link peeringsMax} relays. Of two relays the one with the smaller id dials at once, the other one
 * when nothing came of that: the first may be behind NAT, or told the wrong address.
 */
export class DialPlan {
  readonly #ownId: string;
  readonly #random: () => number;
  readonly #wanted = new Map<string, Wanted>();

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
    for (const [id, wanted] of this.#wanted) {
      if (present.get(id) === wanted.url) continue;
      this.#wanted.delete(id);
      if (wanted.isDialled) steps.push({ kind: 'stop', id });
    }
    for (const [id, url] of present) {
      let wanted = this.#wanted.get(id);
      if (wanted === undefined)
        this.#wanted.set(id, (wanted = { url, dialAtMs: undefined, isDialled: false }));
      if (peers.has(id)) {
        wanted.dialAtMs = undefined;
        continue;
      }
      const patienceMs = this.#ownId < id ? 0 : memberDialPatienceMs;
      wanted.dialAtMs ??= nowMs + patienceMs + this.#random() * memberDialJitterMs;
      if (wanted.isDialled || wanted.dialAtMs > nowMs) continue;
      wanted.isDialled = true;
      steps.push({ kind: 'dial', id, url });
    }
    return steps;
  }

  /** Nobody dials the member any more. */
  handleEnded(id: string): void {
    const wanted = this.#wanted.get(id);
    if (wanted === undefined) return;
    wanted.isDialled = false;
    wanted.dialAtMs = undefined;
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
            // The dead last: many that never come back may be remembered for long.
            .map((member) => ({ member, weight: rankOf(member) + weightOf(this.#ownId, member.id) }))
            .sort((a, b) => (a.weight < b.weight ? -1 : 1))
            .slice(0, peeringsMax)
            .map(({ member }) => member);
    return new Map(chosen.map(({ id, url }) => [id, url!]));
  }
}

function isDialable({ state, url }: Member): boolean {
  return state !== 'left' && url !== undefined;
}

function rankOf({ state }: Member): string {
  return state === 'dead' ? '1' : '0';
}

/** The same from both ends, so that two relays choose each other. */
function weightOf(a: string, b: string): string {
  return createHash('sha256').update([a, b].sort().join(' ')).digest('hex');
}
