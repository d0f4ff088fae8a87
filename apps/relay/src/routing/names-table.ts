import { namesPerSessionMax } from '@macula/wire';
import { nameFreeAfterMs, supersededPerProcessMax } from '../limits.js';
import { type AgentSession, bytesKey, type LinkId } from './types.js';

/** An admitted agent session and the names it owns. */
export interface Owner {
  readonly link: LinkId;
  readonly realm: string;
  readonly identity: Uint8Array;
  /** As in {@link AgentSession}. */
  readonly tag: Uint8Array;
  readonly identityKey: string;
  readonly bootKey: string;
  readonly sessionSeq: number;
  readonly names: Set<string>;
  /** When it last gave a sign of life. */
  aliveMs: number;
  /** A newer session of the same process has taken its names: it keeps its tunnels and gets nothing new. */
  isSuperseded: boolean;
}

/** Outcome of a claim: which names were not given, and which sessions lost everything. */
export interface ClaimOutcome {
  /** Owned by another identity. */
  readonly taken: readonly string[];
  /** Owned by a newer session of the same identity. */
  readonly stale: readonly string[];
  /** Sessions that lost a name and must go; already removed. */
  readonly evicted: readonly LinkId[];
  /** Sessions that lost their names to a newer one of the same process and stay. */
  readonly superseded: readonly LinkId[];
}

/**
 * Who owns which name in which realm. A name belongs to one session; a newer session of the same identity takes it, another identity
 * gets it only when the owner gave no sign of life for `nameFreeAfterMs`. The session that lost it ends, unless both are of
 * the same process (identity and boot id): then it is superseded, and stays without names.
 */
export class NamesTable {
  readonly #owners = new Map<LinkId, Owner>();
  readonly #realms = new Map<string, Map<string, Owner>>();
  /** By process, oldest first. */
  readonly #superseded = new Map<string, Owner[]>();
  #supersededCount = 0;

  /** Admits a session with all its names, or with none when one of them isn't free. */
  admit(session: AgentSession, nowMs: number): ClaimOutcome {
    const owner: Owner = {
      link: session.link,
      realm: session.realm,
      identity: session.identity,
      tag: session.tag,
      identityKey: bytesKey(session.identity),
      bootKey: bytesKey(session.bootId),
      sessionSeq: session.sessionSeq,
      names: new Set(),
      aliveMs: nowMs,
      isSuperseded: false,
    };
    const { free, taken, stale } = this.#sort(owner, session.names, nowMs);
    if (taken.length > 0 || stale.length > 0) return { taken, stale, evicted: [], superseded: [] };
    this.#owners.set(owner.link, owner);
    return { taken, stale, ...this.#give(owner, free) };
  }

  /** Gives a session the names among these that are free for it; undefined when that would be too many. */
  claim(owner: Owner, names: readonly string[], nowMs: number): ClaimOutcome | undefined {
    const { free, taken, stale } = this.#sort(owner, names, nowMs);
    if (owner.names.size + free.length > namesPerSessionMax) return undefined;
    return { taken, stale, ...this.#give(owner, free) };
  }

  /** Takes names from a session; names that aren't its own are left alone. */
  release(owner: Owner, names: readonly string[]): void {
    for (const name of names) {
      if (owner.names.delete(name)) this.#unlist(owner.realm, name);
    }
  }

  /** Forgets a session and frees its names. */
  remove(link: LinkId): Owner | undefined {
    const owner = this.#owners.get(link);
    if (owner === undefined) return undefined;
    this.#owners.delete(link);
    for (const name of owner.names) this.#unlist(owner.realm, name);
    if (owner.isSuperseded) this.#forgetSuperseded(owner);
    return owner;
  }

  /** Forgets the superseded sessions of a session's process. */
  removeSuperseded(owner: Owner): LinkId[] {
    const links = (this.#superseded.get(processKey(owner)) ?? []).map(({ link }) => link);
    for (const link of links) this.remove(link);
    return links;
  }

  /** The session of a link. */
  session(link: LinkId): Owner | undefined {
    return this.#owners.get(link);
  }

  /** Who owns a name. */
  find(realm: string, name: string): Owner | undefined {
    return this.#realms.get(realm)?.get(name);
  }

  /** Number of sessions, without the superseded ones. */
  get size(): number {
    return this.#owners.size - this.#supersededCount;
  }

  /** Number of superseded sessions. */
  get supersededCount(): number {
    return this.#supersededCount;
  }

  #sort(owner: Owner, names: readonly string[], nowMs: number): SortedNames {
    const sorted: SortedNames = { free: [], taken: [], stale: [] };
    for (const name of new Set(names)) {
      const other = this.find(owner.realm, name);
      if (other === owner) continue;
      if (other === undefined || nowMs - other.aliveMs >= nameFreeAfterMs) sorted.free.push(name);
      else if (other.identityKey !== owner.identityKey) sorted.taken.push(name);
      else if (isNewer(owner, other)) sorted.free.push(name);
      else sorted.stale.push(name);
    }
    return sorted;
  }

  #give(owner: Owner, names: readonly string[]): Pick<ClaimOutcome, 'evicted' | 'superseded'> {
    const evicted: LinkId[] = [];
    const superseded: LinkId[] = [];
    for (const name of names) {
      const other = this.find(owner.realm, name);
      if (other !== undefined && processKey(other) === processKey(owner)) {
        this.#supersede(other);
        superseded.push(other.link);
      } else if (other !== undefined) {
        this.remove(other.link);
        evicted.push(other.link, ...this.removeSuperseded(other));
      }
      owner.names.add(name);
      this.#list(owner, name);
    }
    const all = this.#superseded.get(processKey(owner)) ?? [];
    for (const { link } of all.slice(0, Math.max(0, all.length - supersededPerProcessMax))) {
      this.remove(link);
      evicted.push(link);
    }
    return { evicted, superseded: superseded.filter((link) => this.#owners.has(link)) };
  }

  #supersede(owner: Owner): void {
    for (const name of owner.names) this.#unlist(owner.realm, name);
    owner.names.clear();
    owner.isSuperseded = true;
    this.#supersededCount++;
    const key = processKey(owner);
    this.#superseded.set(key, [...(this.#superseded.get(key) ?? []), owner]);
  }

  #forgetSuperseded(owner: Owner): void {
    this.#supersededCount--;
    const key = processKey(owner);
    const others = (this.#superseded.get(key) ?? []).filter((other) => other !== owner);
    if (others.length === 0) this.#superseded.delete(key);
    else this.#superseded.set(key, others);
  }

  #list(owner: Owner, name: string): void {
    let names = this.#realms.get(owner.realm);
    if (names === undefined) this.#realms.set(owner.realm, (names = new Map()));
    names.set(name, owner);
  }

  #unlist(realm: string, name: string): void {
    const names = this.#realms.get(realm);
    if (names === undefined) return;
    names.delete(name);
    if (names.size === 0) this.#realms.delete(realm);
  }
}

interface SortedNames {
  readonly free: string[];
  readonly taken: string[];
  readonly stale: string[];
}

/** Keys of identity and boot id have a fixed length, so the realm can't be taken for a part of them. */
function processKey({ identityKey, bootKey, realm }: Owner): string {
  return identityKey + bootKey + realm;
}

/** A restarted agent that could not keep its counter begins again with the same number and another boot id: it is newer. */
function isNewer(session: Owner, other: Owner): boolean {
  if (session.sessionSeq !== other.sessionSeq) return session.sessionSeq > other.sessionSeq;
  return session.bootKey !== other.bootKey;
}
