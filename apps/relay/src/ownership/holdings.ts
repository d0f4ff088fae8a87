import { compareSessions } from '@macula/directory';
import { claimOfOwned, type OwnedClaim, verifyNameClaim } from '@macula/wire';
import { distrustMs, uncheckedPerNameMax } from '../limits.js';
import { type ForeignNames, isEntitled, type NameVerdict, type Owner } from '../routing/names-table.js';
import { TouchedNames } from '../routing/touched-names.js';
import { bytesKey } from '../routing/types.js';
import type { OriginLog } from './origin-log.js';
import type { Holding } from './types.js';

/**
 * The names that sessions at other relays own, by realm and name. What a relay says counts while the relay lives, and only if the
 * agent has signed it; that is checked when it would have an effect, since most never has one and a check costs 0.3 ms. A relay that
 * said one forged thing is not believed for a while, so that a thousand of them are not checked one after the other.
 */
export class Holdings implements ForeignNames {
  readonly #realms = new Map<string, Map<string, Set<Holding>>>();
  readonly #held = new Set<Holding>();
  readonly #forged: OriginLog[] = [];
  /** Relays that aren't believed, and until when; undefined: since a moment ago. */
  readonly #distrusted = new Map<OriginLog, number | undefined>();
  /** Names that come or go, here and elsewhere. */
  readonly touched: TouchedNames = new TouchedNames();
  #count = 0;

  /** What a claim says, unless nothing that its relay says is believed. */
  add(log: OriginLog, entry: OwnedClaim): Holding | undefined {
    if (this.#distrusted.has(log)) return undefined;
    const since = new Map<string, number>();
    entry.names.forEach((name, index) => {
      if (entry.since[index]! > 0) since.set(name, entry.since[index]!);
    });
    const holding: Holding = {
      log,
      session: entry.session,
      claim: claimOfOwned(entry, log.identity),
      signature: entry.claim,
      identityKey: bytesKey(entry.identity),
      bootKey: bytesKey(entry.bootId),
      since,
      isSigned: undefined,
      heldUntilMs: undefined,
    };
    for (const name of since.keys()) this.#list(entry.realm, name, holding);
    const isCrowded = [...since.keys()].some(
      (name) => this.#unchecked(entry.realm, name) > uncheckedPerNameMax,
    );
    return !isCrowded || this.isSigned(holding) ? holding : undefined;
  }

  /** Forgets a holding. */
  remove(holding: Holding): void {
    this.#held.delete(holding);
    for (const name of holding.since.keys()) this.#unlist(holding, name);
  }

  /** The session is lost: its names stay reserved until then. */
  hold(holding: Holding, untilMs: number): void {
    holding.heldUntilMs = untilMs;
    this.#held.add(holding);
    for (const name of holding.since.keys()) this.touched.note(holding.claim.realm, name);
  }

  /** The identity has the name elsewhere: what is reserved of a session that it lost is over. */
  endReservations(realm: string, name: string, identityKey: string): void {
    for (const holding of this.at(realm, name))
      if (holding.heldUntilMs !== undefined && holding.identityKey === identityKey)
        this.#unlist(holding, name);
  }

  /** Forgets what a relay said, reservations included. */
  removeOrigin(log: OriginLog): void {
    this.#distrusted.delete(log);
    for (const names of [...this.#realms.values()])
      for (const there of [...names.values()])
        for (const holding of [...there]) if (holding.log === log) this.remove(holding);
  }

  /** Ends reservations. Gives the relays that are believed again: what they say must be added again. */
  handleTimeout(nowMs: number): OriginLog[] {
    for (const holding of [...this.#held]) if (holding.heldUntilMs! <= nowMs) this.remove(holding);
    const believed: OriginLog[] = [];
    for (const [log, untilMs] of this.#distrusted) {
      if (untilMs === undefined) this.#distrusted.set(log, nowMs + distrustMs);
      else if (untilMs <= nowMs) believed.push(log);
    }
    for (const log of believed) this.#distrusted.delete(log);
    return believed;
  }

  /** Who holds a name elsewhere, whether or not it counts. */
  at(realm: string, name: string): readonly Holding[] {
    return [...(this.#realms.get(realm)?.get(name) ?? [])];
  }

  /** Whether the agent signed it; what it did not sign is forgotten, with all that its relay says and nobody has checked. */
  isSigned(holding: Holding): boolean {
    if (holding.isSigned !== undefined) return holding.isSigned;
    try {
      holding.isSigned = verifyNameClaim(holding.claim, holding.signature);
    } catch {
      holding.isSigned = false; // the key is unusable: nobody signed with it
    }
    if (!holding.isSigned) this.#distrust(holding);
    return holding.isSigned;
  }

  /** The relays that said something forged, since the last call. */
  takeForged(): OriginLog[] {
    return this.#forged.splice(0);
  }

  verdict(owner: Owner, name: string, nowMs: number): NameVerdict {
    let verdict: NameVerdict = 'free';
    for (const holding of this.at(owner.realm, name)) {
      const isOther = holding.identityKey !== owner.identityKey;
      if (isOther ? !isReserved(holding, nowMs) : !isStanding(holding, nowMs) || !isBefore(holding, owner))
        continue;
      if (isOther && isEntitled(owner, name, holding.since.get(name)!)) continue;
      if (!this.isSigned(holding)) continue;
      if (isOther) return 'taken';
      verdict = 'stale';
    }
    return verdict;
  }

  /** Whether a session of its process owns the name elsewhere: that is what a standby stands by for. */
  isBacked(owner: Owner, name: string, nowMs: number): boolean {
    return this.at(owner.realm, name).some(
      (holding) =>
        holding.identityKey === owner.identityKey &&
        holding.bootKey === owner.bootKey &&
        isStanding(holding, nowMs) &&
        this.isSigned(holding),
    );
  }

  ownedSince(owner: Owner, name: string): number | undefined {
    let sinceMs: number | undefined;
    for (const holding of this.at(owner.realm, name)) {
      if (holding.identityKey !== owner.identityKey || !this.isSigned(holding)) continue;
      sinceMs = Math.min(sinceMs ?? Number.POSITIVE_INFINITY, holding.since.get(name)!);
    }
    return sinceMs;
  }

  /** Whether a session elsewhere has the name, or it is kept for its identity; the signature isn't looked at. */
  isKept(realm: string, name: string, nowMs: number): boolean {
    for (const holding of this.#realms.get(realm)?.get(name) ?? [])
      if (isReserved(holding, nowMs)) return true;
    return false;
  }

  /** Names of a realm that are held elsewhere, whether or not that counts. */
  namesIn(realm: string): Iterable<string> {
    return this.#realms.get(realm)?.keys() ?? [];
  }

  /** Realms of which a name is held elsewhere. */
  realms(): Iterable<string> {
    return this.#realms.keys();
  }

  /** Names held elsewhere. */
  get size(): number {
    return this.#count;
  }

  #distrust(forged: Holding): void {
    const { log } = forged;
    this.remove(forged);
    if (this.#distrusted.has(log)) return;
    this.#distrusted.set(log, undefined);
    this.#forged.push(log);
    for (const record of log.records()) {
      const { holding } = record;
      if (holding === undefined || holding.isSigned === true) continue;
      this.remove(holding);
      record.holding = undefined;
    }
  }

  #unchecked(realm: string, name: string): number {
    let unchecked = 0;
    for (const { isSigned } of this.#realms.get(realm)?.get(name) ?? [])
      if (isSigned === undefined) unchecked++;
    return unchecked;
  }

  #unlist(holding: Holding, name: string): void {
    const names = this.#realms.get(holding.claim.realm);
    const there = names?.get(name);
    if (there?.delete(holding) !== true) return;
    this.touched.note(holding.claim.realm, name);
    this.#count--;
    if (there.size === 0) names!.delete(name);
    if (names!.size === 0) this.#realms.delete(holding.claim.realm);
  }

  #list(realm: string, name: string, holding: Holding): void {
    let names = this.#realms.get(realm);
    if (names === undefined) this.#realms.set(realm, (names = new Map()));
    const there = names.get(name);
    if (there === undefined) names.set(name, new Set([holding]));
    else there.add(holding);
    this.touched.note(realm, name);
    this.#count++;
  }
}

/** Whether the session stands, as far as is known. */
export function isStanding(holding: Holding, nowMs: number): boolean {
  return holding.heldUntilMs === undefined && holding.log.isLive(nowMs);
}

/** Whether the names are kept from other identities: the session stands, or was lost a moment ago. */
function isReserved(holding: Holding, nowMs: number): boolean {
  return holding.heldUntilMs === undefined ? holding.log.isLive(nowMs) : nowMs < holding.heldUntilMs;
}

/** Whether the session elsewhere keeps one of its identity from a name: the newer does, and each one of another process keeps a standby from it. */
function isBefore(holding: Holding, owner: Owner): boolean {
  return isNewer(holding, owner) || (owner.isStandby && holding.bootKey !== owner.bootKey);
}

/**
 * Whether the session elsewhere is the newer of two of one identity. A standby and the primary of its process stand side by side. Of two sessions of one process with the same number, which an
 * agent has while it tries several relays at once, that is the one whose names it changed later; else both stand.
 */
export function isNewer(holding: Holding, owner: Owner): boolean {
  if (owner.isStandby && holding.bootKey === owner.bootKey) return false;
  const { sessionSeq, claimSeq } = holding.claim;
  const order = compareSessions({ sessionSeq, bootKey: holding.bootKey }, owner);
  return order !== 0 ? order > 0 : claimSeq > (owner.claims?.present.claim.claimSeq ?? 0);
}
