import type { MemberUpdate } from './messages.js';
import { sample } from './sample.js';

interface Entry {
  update: MemberUpdate;
  /** Index among the reachable, or −1. */
  place: number;
  /** What it adds to the digest. */
  digest: number;
}

/** What is known of the others, with the reachable ones (alive or suspect) at hand. */
export class MemberTable {
  readonly #entries = new Map<string, Entry>();
  readonly #reachable: string[] = [];
  #digest = 0;

  /** Members known, the dead and departed included. */
  get size(): number {
    return this.#entries.size;
  }

  /** Members alive or suspect. */
  get reachableCount(): number {
    return this.#reachable.length;
  }

  /** Sum of {@link claimDigest} of the reachable, modulo 2^32: the same wherever the same is known, in whatever order it came. */
  get digest(): number {
    return this.#digest;
  }

  /** What is known of a member. */
  get(id: string): MemberUpdate | undefined {
    return this.#entries.get(id)?.update;
  }

  /** Whether the member is known and alive or suspect. */
  isReachable(id: string): boolean {
    return (this.#entries.get(id)?.place ?? -1) >= 0;
  }

  /** All that is known. */
  updates(): MemberUpdate[] {
    return Array.from(this.#entries.values(), ({ update }) => update);
  }

  /** Puts in what is known now. */
  set(update: MemberUpdate): void {
    const { id } = update.claim;
    const entry = this.#entries.get(id);
    if (entry !== undefined) this.#remove(entry);
    const next = this.#add(update);
    if (entry === undefined) this.#entries.set(id, next);
    else Object.assign(entry, next);
  }

  /** Forgets a member. */
  delete(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#remove(entry);
    this.#entries.delete(id);
  }

  /** All ids of reachable members, in no order. */
  reachable(): readonly string[] {
    return this.#reachable;
  }

  /** Up to `count` different reachable members by chance, without `except`. */
  sample(count: number, random: () => number, except?: string): string[] {
    const all = this.#reachable;
    if (all.length < 4 * count) {
      const others = except === undefined ? all : all.filter((id) => id !== except);
      return sample(others, count, random);
    }
    const chosen = new Set<string>();
    while (chosen.size < count) {
      const id = all[Math.floor(random() * all.length)] as string;
      if (id !== except) chosen.add(id);
    }
    return [...chosen];
  }

  #add(update: MemberUpdate): Entry {
    if (update.state !== 'alive' && update.state !== 'suspect') return { update, place: -1, digest: 0 };
    const digest = claimDigest(update);
    this.#digest = (this.#digest + digest) >>> 0;
    return { update, place: this.#reachable.push(update.claim.id) - 1, digest };
  }

  #remove({ update, place, digest }: Entry): void {
    if (place < 0) return;
    this.#digest = (this.#digest - digest) >>> 0;
    const last = this.#reachable.pop() as string;
    if (last === update.claim.id) return;
    this.#reachable[place] = last;
    (this.#entries.get(last) as Entry).place = place;
  }
}

/**
 * 32 bits of a member's claim, its signature included: two lives may say different things at one incarnation. FNV-1a with a final mix. Finds
 * differences that happen, not ones that are made.
 */
export function claimDigest({ claim }: MemberUpdate): number {
  const { id, incarnation, metadata, signature } = claim;
  let hash = 0x811c_9dc5;
  const add = (value: number) => {
    hash = Math.imul(hash ^ value, 0x0100_0193);
  };
  for (let index = 0; index < id.length; index++) add(id.charCodeAt(index));
  for (const byte of metadata) add(byte);
  for (const byte of signature) add(byte);
  hash = Math.imul(hash ^ (incarnation >>> 0), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 15) ^ Math.floor(incarnation / 2 ** 32), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
