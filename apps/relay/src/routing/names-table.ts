import { namesPerSessionMax } from '@macula/wire';
import { nameFreeAfterMs } from '../limits.js';
import { type AgentSession, bytesKey, type LinkId } from './types.js';

/** An admitted agent session and the names it owns. */
export interface Owner {
  readonly link: LinkId;
  readonly realm: string;
  readonly identityKey: string;
  readonly bootKey: string;
  readonly sessionSeq: number;
  readonly names: Set<string>;
  /** When it last gave a sign of life. */
  aliveMs: number;
}

/** Outcome of a claim: which names were not given, and which sessions lost everything. */
export interface ClaimOutcome {
  /** Owned by another identity. */
  readonly taken: readonly string[];
  /** Owned by a newer session of the same identity. */
  readonly stale: readonly string[];
  /** Sessions that lost a name and must go; already removed. */
  readonly evicted: readonly LinkId[];
}

/**
 * Who owns which name in which realm. A name belongs to one session; a newer session of the same identity takes it (and the
 * older session ends), another identity gets it only when the owner gave no sign of life for `nameFreeAfterMs`.
 */
export class NamesTable {
  readonly #owners = new Map<LinkId, Owner>();
  readonly #realms = new Map<string, Map<string, Owner>>();

  /** Admits a session with all its names, or with none when one of them isn't free. */
  admit(session: AgentSession, nowMs: number): ClaimOutcome {
    const owner: Owner = {
      link: session.link,
      realm: session.realm,
      identityKey: bytesKey(session.identity),
      bootKey: bytesKey(session.bootId),
      sessionSeq: session.sessionSeq,
      names: new Set(),
      aliveMs: nowMs,
    };
    const { free, taken, stale } = this.#sort(owner, session.names, nowMs);
    if (taken.length > 0 || stale.length > 0) return { taken, stale, evicted: [] };
    this.#owners.set(owner.link, owner);
    return { taken, stale, evicted: this.#give(owner, free) };
  }

  /** Gives a session the names among these that are free for it; undefined when that would be too many. */
  claim(owner: Owner, names: readonly string[], nowMs: number): ClaimOutcome | undefined {
    const { free, taken, stale } = this.#sort(owner, names, nowMs);
    if (owner.names.size + free.length > namesPerSessionMax) return undefined;
    return { taken, stale, evicted: this.#give(owner, free) };
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
    return owner;
  }

  /** The session of a link. */
  session(link: LinkId): Owner | undefined {
    return this.#owners.get(link);
  }

  /** Who owns a name. */
  find(realm: string, name: string): Owner | undefined {
    return this.#realms.get(realm)?.get(name);
  }

  /** Number of sessions. */
  get size(): number {
    return this.#owners.size;
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

  #give(owner: Owner, names: readonly string[]): LinkId[] {
    const evicted: LinkId[] = [];
    for (const name of names) {
      const other = this.find(owner.realm, name);
      if (other !== undefined) {
        this.remove(other.link);
        evicted.push(other.link);
      }
      owner.names.add(name);
      this.#list(owner, name);
    }
    return evicted;
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

/** A restarted agent that could not keep its counter begins again with the same number and another boot id: it is newer. */
function isNewer(session: Owner, other: Owner): boolean {
  if (session.sessionSeq !== other.sessionSeq) return session.sessionSeq > other.sessionSeq;
  return session.bootKey !== other.bootKey;
}
