import { namesPerSessionMax } from '@macula/wire';
import { nameFreeAfterMs, supersededPerProcessMax } from '../limits.js';
import type { SignedClaim } from '../session/claimed-names.js';
import { Reservations } from './reservations.js';
import { TouchedNames } from './touched-names.js';
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
  /** Rises when the session becomes the primary one of its process. */
  sessionSeq: number;
  /** It answers for the session with which its process owns the names elsewhere, and owns nothing in the mesh. */
  isStandby: boolean;
  /** As in {@link AgentSession}. */
  readonly entitled: ReadonlySet<string>;
  /** What the agent has signed; undefined where nobody else needs to see it. */
  readonly claims: { readonly present: SignedClaim } | undefined;
  /** Its names, and since when its identity owns each, in milliseconds since 1970. */
  readonly names: Map<string, number>;
  /** When it last gave a sign of life. */
  aliveMs: number;
  /** It was silent for so long that anybody may have its names. */
  isLapsed: boolean;
  /** The session is over: milliseconds that its names stay reserved. Undefined while it stands. */
  keptMs: number | undefined;
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
  /** The same, after a silence so long that another identity got the name. */
  readonly lapsed: readonly LinkId[];
  /** Sessions that lost their names to a newer one of the same process and stay. */
  readonly superseded: readonly LinkId[];
}

/** What sessions at other relays mean for a name that a session here wants. */
export type NameVerdict = 'free' | 'taken' | 'stale';

/** The names that sessions at other relays own. */
export interface ForeignNames {
  /** Whether the session may have the name: another identity's is `taken`, that of a newer session of its own `stale`. */
  verdict(owner: Owner, name: string, nowMs: number): NameVerdict;
  /** Since when the session's identity owns the name elsewhere, in milliseconds since 1970. */
  ownedSince(owner: Owner, name: string): number | undefined;
}

/** A name that a session here has from now on, or has no more. */
export interface ListedName {
  readonly realm: string;
  readonly name: string;
  readonly isListed: boolean;
}

/** How a {@link NamesTable} looks beyond this relay. */
export interface NamesTableOptions {
  /** Default: there are no others. */
  readonly foreign?: ForeignNames;
  /** What to add to `nowMs` for milliseconds since 1970. Default 0. */
  readonly wallOffsetMs?: number;
  /** Where names are noted that come or go. Default: nowhere. */
  readonly touched?: TouchedNames;
}

/**
 * Who owns which name in which realm. A name belongs to one session; a newer session of the same identity takes it, another identity
 * gets it only when the owner gave no sign of life for `nameFreeAfterMs`. The session that lost it ends, unless both are of
 * the same process (identity and boot id): then it is superseded, and stays without names. Names of a session that was lost without
 * GOODBYE stay reserved for its identity. A session that stands by has names here like any other, but takes none from a primary one.
 */
export class NamesTable {
  readonly #owners = new Map<LinkId, Owner>();
  readonly #realms = new Map<string, Map<string, Owner>>();
  /** By process, oldest first. */
  readonly #superseded = new Map<string, Owner[]>();
  readonly #reserved: Reservations;
  readonly #changed = new Set<Owner>();
  readonly #listed: ListedName[] = [];
  readonly #foreign: ForeignNames | undefined;
  readonly #wallOffsetMs: number;
  readonly #touched: TouchedNames;
  #supersededCount = 0;

  constructor({ foreign, wallOffsetMs = 0, touched = new TouchedNames() }: NamesTableOptions = {}) {
    this.#foreign = foreign;
    this.#wallOffsetMs = wallOffsetMs;
    this.#touched = touched;
    this.#reserved = new Reservations(touched);
  }

  /** Admits a session with all its names, or with none when one of them isn't free. */
  admit(session: AgentSession, nowMs: number): ClaimOutcome {
    const owner = ownerOf(session, nowMs);
    const { free, taken, stale } = this.#sort(owner, session.names, nowMs);
    if (taken.length > 0 || stale.length > 0)
      return { taken, stale, evicted: [], lapsed: [], superseded: [] };
    this.#owners.set(owner.link, owner);
    return { taken, stale, ...this.#give(owner, free, nowMs) };
  }

  /** Gives a session the names among these that are free for it; undefined when that would be too many. */
  claim(owner: Owner, names: readonly string[], nowMs: number): ClaimOutcome | undefined {
    this.#changed.add(owner); // what the agent has signed is another claim, even if its names are the same
    const { free, taken, stale } = this.#sort(owner, names, nowMs);
    if (owner.names.size + free.length > namesPerSessionMax) return undefined;
    return { taken, stale, ...this.#give(owner, free, nowMs) };
  }

  /** A session that stood by is the primary one of its process from now on: what it has here it owns in the mesh. */
  promote(owner: Owner, sessionSeq: number): void {
    owner.sessionSeq = sessionSeq;
    owner.isStandby = false;
    this.#changed.add(owner);
    this.#touchAll(owner);
  }

  /** Takes names from a session; names that aren't its own are left alone. */
  release(owner: Owner, names: readonly string[]): void {
    for (const name of names) {
      if (!owner.names.delete(name)) continue;
      this.#unlist(owner.realm, name);
      this.#changed.add(owner);
    }
  }

  /** Forgets a session and frees its names. */
  remove(link: LinkId): Owner | undefined {
    const owner = this.#owners.get(link);
    if (owner === undefined) return undefined;
    this.#owners.delete(link);
    owner.keptMs ??= 0;
    if (owner.names.size > 0) this.#changed.add(owner);
    for (const name of owner.names.keys()) this.#unlist(owner.realm, name);
    if (owner.isSuperseded) this.#forgetSuperseded(owner);
    return owner;
  }

  /** Forgets a session that ended without GOODBYE: what it owned stays reserved for the rest of the time since its last sign of life. */
  removeLost(link: LinkId, nowMs: number): void {
    const owner = this.#owners.get(link);
    if (owner === undefined) return;
    const untilMs = owner.aliveMs + nameFreeAfterMs;
    owner.keptMs = Math.max(0, untilMs - nowMs);
    this.remove(link);
    if (owner.keptMs === 0 || owner.isStandby) return;
    const { identityKey, realm } = owner;
    for (const [name, sinceMs] of owner.names)
      this.#reserved.add(realm, name, { identityKey, untilMs, sinceMs });
  }

  /** The name's reservation is over if it is that identity's. */
  endReservation(realm: string, name: string, identityKey: string): void {
    if (this.#reserved.at(realm, name)?.identityKey === identityKey) this.#reserved.delete(realm, name);
  }

  /** For which identity a name is kept. */
  reservedFor(realm: string, name: string): string | undefined {
    return this.#reserved.at(realm, name)?.identityKey;
  }

  /** A session elsewhere has an owner's names: of the same process, it is superseded, else it is gone. */
  yieldTo(
    newcomer: Pick<Owner, 'identityKey' | 'bootKey'>,
    owner: Owner,
  ): Pick<ClaimOutcome, 'evicted' | 'superseded'> {
    const isSameProcess = newcomer.identityKey === owner.identityKey && newcomer.bootKey === owner.bootKey;
    if (!isSameProcess) return { evicted: this.#evict(owner), superseded: [] };
    this.#supersede(owner);
    return {
      evicted: this.#endExcess(owner),
      superseded: [owner.link].filter((link) => this.#owners.has(link)),
    };
  }

  /** A sign of life. */
  noteAlive(owner: Owner, nowMs: number): void {
    owner.aliveMs = nowMs;
    if (!owner.isLapsed) return;
    owner.isLapsed = false;
    this.#changed.add(owner);
    this.#touchAll(owner);
  }

  /** Ends reservations, and lets those lapse who were silent for too long. */
  handleTimeout(nowMs: number): void {
    this.#reserved.handleTimeout(nowMs);
    for (const owner of this.#owners.values()) {
      if (owner.isLapsed || nowMs - owner.aliveMs < nameFreeAfterMs) continue;
      owner.isLapsed = true;
      if (owner.names.size > 0) this.#changed.add(owner);
      this.#touchAll(owner);
    }
  }

  /** This process stood still for so long: nobody else's silence is that long. */
  handleStandstill(ms: number, nowMs: number): void {
    for (const owner of this.#owners.values()) owner.aliveMs = Math.min(nowMs, owner.aliveMs + ms);
  }

  /** Names that sessions here have got or lost since the last call, in that order. */
  takeListed(): ListedName[] {
    return this.#listed.splice(0);
  }

  /** The sessions whose names have changed since the last call, some of them gone. */
  takeChanged(): Owner[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  /** Forgets the superseded sessions of a session's process. */
  removeSuperseded(owner: Owner): LinkId[] {
    const links = (this.#superseded.get(processKey(owner)) ?? []).map(({ link }) => link);
    for (const link of links) this.remove(link);
    return links;
  }

  /** All sessions. */
  sessions(): IterableIterator<Owner> {
    return this.#owners.values();
  }

  /** The session of a link. */
  session(link: LinkId): Owner | undefined {
    return this.#owners.get(link);
  }

  /** Who owns a name. */
  find(realm: string, name: string): Owner | undefined {
    return this.#realms.get(realm)?.get(name);
  }

  /** Whether a session has the name that doesn't only stand by and was not silent for too long, or it is kept for its identity. */
  isThere(realm: string, name: string): boolean {
    const owner = this.find(realm, name);
    if (owner !== undefined && !owner.isStandby && !owner.isLapsed) return true;
    return this.#reserved.at(realm, name) !== undefined;
  }

  /** Names of a realm that sessions have or that are kept; a name may come twice. */
  *namesIn(realm: string): Iterable<string> {
    yield* this.#realms.get(realm)?.keys() ?? [];
    yield* this.#reserved.namesIn(realm);
  }

  /** Realms of which there is a name; one may come twice. */
  *realms(): Iterable<string> {
    yield* this.#realms.keys();
    yield* this.#reserved.realms();
  }

  /** Number of sessions, without the superseded ones. */
  get size(): number {
    return this.#owners.size - this.#supersededCount;
  }

  /** Number of superseded sessions. */
  get supersededCount(): number {
    return this.#supersededCount;
  }

  /** Number of sessions that stand by. */
  get standbyCount(): number {
    let count = 0;
    for (const { isStandby, isSuperseded } of this.#owners.values()) if (isStandby && !isSuperseded) count++;
    return count;
  }

  #sort(owner: Owner, names: readonly string[], nowMs: number): SortedNames {
    const sorted: SortedNames = { free: [], taken: [], stale: [] };
    for (const name of new Set(names)) {
      if (this.find(owner.realm, name) === owner) continue;
      const verdict = this.#verdict(owner, name, nowMs);
      sorted[verdict === 'free' ? (this.#foreign?.verdict(owner, name, nowMs) ?? 'free') : verdict].push(
        name,
      );
    }
    return sorted;
  }

  #verdict(owner: Owner, name: string, nowMs: number): NameVerdict {
    const reserved = this.#reserved.find(owner.realm, name, nowMs);
    const isKept = reserved !== undefined && reserved.identityKey !== owner.identityKey;
    if (isKept && !isEntitled(owner, name, reserved.sinceMs)) return 'taken';
    const other = this.find(owner.realm, name);
    if (other === undefined || nowMs - other.aliveMs >= nameFreeAfterMs) return 'free';
    if (other.identityKey !== owner.identityKey)
      return isEntitled(owner, name, other.names.get(name)!) ? 'free' : 'taken';
    const isInTheWay = owner.isStandby && !other.isStandby;
    return isNewer(owner, other) && !isInTheWay ? 'free' : 'stale';
  }

  #give(owner: Owner, names: readonly string[], nowMs: number): Omit<ClaimOutcome, 'taken' | 'stale'> {
    const evicted: LinkId[] = [];
    const lapsed: LinkId[] = [];
    const superseded: LinkId[] = [];
    for (const name of names) {
      const sinceMs = this.#ownedSince(owner, name, nowMs);
      const other = this.find(owner.realm, name);
      if (other !== undefined && processKey(other) === processKey(owner)) {
        this.#supersede(other);
        superseded.push(other.link);
      } else if (other !== undefined)
        (other.identityKey === owner.identityKey ? evicted : lapsed).push(...this.#evict(other));
      owner.names.set(name, sinceMs);
      this.#reserved.delete(owner.realm, name);
      this.#list(owner, name);
      this.#changed.add(owner);
    }
    evicted.push(...this.#endExcess(owner));
    return { evicted, lapsed, superseded: superseded.filter((link) => this.#owners.has(link)) };
  }

  /** The identity keeps the time at which it got the name, whatever session and relay it had it at; what it is entitled to it has had since ever. */
  #ownedSince(owner: Owner, name: string, nowMs: number): number {
    const { realm, identityKey } = owner;
    if (owner.entitled.has(name)) return sinceEverMs;
    const other = this.find(realm, name);
    const reserved = this.#reserved.find(realm, name, nowMs);
    const known = [
      other?.identityKey === identityKey ? other.names.get(name) : undefined,
      reserved?.identityKey === identityKey ? reserved.sinceMs : undefined,
      this.#foreign?.ownedSince(owner, name),
    ].filter((sinceMs) => sinceMs !== undefined);
    return Math.min(Math.max(sinceEverMs + 1, Math.round(nowMs + this.#wallOffsetMs)), ...known);
  }

  #evict(owner: Owner): LinkId[] {
    this.remove(owner.link);
    return [owner.link, ...this.removeSuperseded(owner)];
  }

  /** Ends the oldest superseded sessions of a process when it has too many. */
  #endExcess(owner: Owner): LinkId[] {
    const all = this.#superseded.get(processKey(owner)) ?? [];
    const excess = all.slice(0, Math.max(0, all.length - supersededPerProcessMax)).map(({ link }) => link);
    for (const link of excess) this.remove(link);
    return excess;
  }

  #supersede(owner: Owner): void {
    for (const name of owner.names.keys()) this.#unlist(owner.realm, name);
    owner.names.clear();
    this.#changed.add(owner);
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

  #touchAll({ realm, names }: Owner): void {
    for (const name of names.keys()) this.#touched.note(realm, name);
  }

  #list(owner: Owner, name: string): void {
    this.#touched.note(owner.realm, name);
    let names = this.#realms.get(owner.realm);
    if (names === undefined) this.#realms.set(owner.realm, (names = new Map()));
    if (!names.has(name)) this.#listed.push({ realm: owner.realm, name, isListed: true });
    names.set(name, owner);
  }

  #unlist(realm: string, name: string): void {
    this.#touched.note(realm, name);
    const names = this.#realms.get(realm);
    if (names?.delete(name) !== true) return;
    this.#listed.push({ realm, name, isListed: false });
    if (names.size === 0) this.#realms.delete(realm);
  }
}

interface SortedNames {
  readonly free: string[];
  readonly taken: string[];
  readonly stale: string[];
}

function ownerOf(session: AgentSession, nowMs: number): Owner {
  return {
    link: session.link,
    realm: session.realm,
    identity: session.identity,
    tag: session.tag,
    identityKey: bytesKey(session.identity),
    bootKey: bytesKey(session.bootId),
    sessionSeq: session.sessionSeq,
    isStandby: session.isStandby === true,
    entitled: session.entitled ?? noNames,
    claims: session.claims,
    names: new Map(),
    aliveMs: nowMs,
    isLapsed: false,
    keptMs: undefined,
    isSuperseded: false,
  };
}

/** When an identity has got a name that a token says is its own: before everybody else. */
const sinceEverMs = 1;
const noNames: ReadonlySet<string> = new Set();

/** Whether the name is the owner's although another identity has had it since then. */
export function isEntitled(owner: Pick<Owner, 'entitled'>, name: string, otherSinceMs: number): boolean {
  return owner.entitled.has(name) && otherSinceMs > sinceEverMs;
}

/** Keys of identity and boot id have a fixed length, so the realm can't be taken for a part of them. */
function processKey({ identityKey, bootKey, realm }: Owner): string {
  return identityKey + bootKey + realm;
}

/** A restarted agent that could not keep its counter begins again with the same number and another boot id: it is newer. */
export function isNewer(
  session: Pick<Owner, 'sessionSeq' | 'bootKey'>,
  other: Pick<Owner, 'sessionSeq' | 'bootKey'>,
): boolean {
  if (session.sessionSeq !== other.sessionSeq) return session.sessionSeq > other.sessionSeq;
  return session.bootKey !== other.bootKey;
}
