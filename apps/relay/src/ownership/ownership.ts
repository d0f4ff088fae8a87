import type { Identity } from '@macula/crypto';
import { isEarlierIdentity } from '@macula/directory';
import type { Owned, OwnedConflict, OwnedHave, WireCode } from '@macula/wire';
import { OutputQueue } from '../core/output-queue.js';
import { nameFreeAfterMs, ownershipTickMs } from '../limits.js';
import type { MeshView } from '../routing/mesh-view.js';
import { isNewer as isNewerHere, NamesTable, type Owner } from '../routing/names-table.js';
import { PeersTable } from '../routing/peers-table.js';
import { type AgentSession, bytesKey, type LinkId, type PeerLink } from '../routing/types.js';
import { Contests } from './contests.js';
import { Disputes, type ForeignDispute, type LocalDispute } from './disputes.js';
import { Holdings, isNewer, isStanding } from './holdings.js';
import { MeshNames } from './mesh-names.js';
import { type Newcomer, newcomerIn, newcomerOf } from './newcomer.js';
import type { LogRecord, OriginLog } from './origin-log.js';
import { OwnersView } from './owners-view.js';
import { ownsNothing, Publisher } from './publisher.js';
import { RegainedNames } from './regained-names.js';
import { type LogChange, Replication } from './replication.js';
import type { Holding, NameLoss, OwnershipOutput } from './types.js';

/** Settings of an {@link Ownership}. */
export interface OwnershipOptions {
  readonly identity: Identity;
  /** Higher than at the last start if the clock is right: milliseconds since 1970. */
  readonly epoch: number;
  /** What to add to `nowMs` for milliseconds since 1970. */
  readonly wallOffsetMs: number;
  /** Whether a relay belongs to the mesh. Default: every one does. */
  readonly admitsOrigin?: (identity: Uint8Array) => boolean;
  /** Whether a relay stands on a list, so that nobody can have made it up. Default: there is no list. */
  readonly isListedOrigin?: (identity: Uint8Array) => boolean;
}

/**
 * Who owns which name in the whole mesh: what the sessions here own, what other relays say of theirs, and what becomes of a session
 * here when both don't go together. See SPEC.md for the invariants. It works for the router, which owns its inputs.
 *
 * Call order: after every input call `publishChanges`, then drain `takeLosses` and `pollOutput`.
 */
export class Ownership {
  readonly names: NamesTable;
  readonly peers: PeersTable;
  /** Where names are and which relays there are. */
  readonly view: MeshView;
  /** Sessions here that lost a name to what was said elsewhere, by code, since the start. */
  readonly conflicts: Map<WireCode, number> = new Map();
  /** All names, here and elsewhere. */
  readonly everywhere: MeshNames;
  readonly #holdings = new Holdings();
  readonly #replication: Replication;
  readonly #contests = new Contests();
  readonly #disputes = new Disputes();
  readonly #publisher = new Publisher();
  readonly #regained: RegainedNames;
  readonly #outputs = new OutputQueue<OwnershipOutput>();
  readonly #losses: NameLoss[] = [];
  /** Sessions that others have been told of. */
  readonly #published = new Set<LinkId>();
  #tickMs: number | undefined;

  constructor(options: OwnershipOptions) {
    const { identity, epoch, wallOffsetMs } = options;
    const { admitsOrigin = () => true, isListedOrigin = () => false } = options;
    const holdings = this.#holdings;
    this.names = new NamesTable({ foreign: holdings, wallOffsetMs, touched: holdings.touched });
    this.peers = new PeersTable(identity.publicKey);
    this.#regained = new RegainedNames(this.names, this.#holdings);
    const { names, peers } = this;
    this.#replication = new Replication({ identity, epoch, peers, admitsOrigin, isListedOrigin });
    this.view = new OwnersView(holdings, this.#replication);
    this.everywhere = new MeshNames({ names, holdings, replication: this.#replication });
  }

  /**
   * A session wants in. Gives the session here that must be asked first whether it lives: the newcomer waits until
   * `takeDecided` says what becomes of it.
   */
  handleNewcomer(session: AgentSession, nowMs: number): LinkId | undefined {
    const newcomer = newcomerOf(session);
    if (session.isStandby === true) return undefined; // it takes nothing from anybody
    const rival = this.#otherHere(session, newcomer, false);
    const later = rival === undefined ? this.#otherHere(session, newcomer, true) : undefined;
    if (later !== undefined) {
      this.#disputes.addLocal({ newcomer: session, owner: later.link, isOlder: true }, nowMs);
      return later.link;
    }
    if (rival === undefined && !this.#hasRivalElsewhere(session, newcomer, nowMs)) return undefined;
    if (rival === undefined || !this.#contests.isContested(newcomer, nowMs)) {
      this.#contests.noteReplaced(newcomer, nowMs);
      return undefined;
    }
    this.#disputes.addLocal({ newcomer: session, owner: rival.link, isOlder: false }, nowMs);
    return rival.link;
  }

  /** Newcomers whose waiting is over, and whether they are turned away with `identity_conflict`. */
  takeDecided(nowMs: number): { readonly session: AgentSession; readonly isRefused: boolean }[] {
    const { local, foreign } = this.#disputes.takeDue(nowMs);
    for (const dispute of foreign) this.#decideForeign(dispute, nowMs);
    return local.map((dispute) => ({
      session: dispute.newcomer,
      isRefused: this.#isRefused(dispute, nowMs),
    }));
  }

  /** A peering stands, and is among `peers`. */
  handlePeerUp(peer: PeerLink, nowMs: number): void {
    this.#replication.handlePeerUp(peer, nowMs);
  }

  /** A link is gone. */
  handleLinkDown(link: LinkId): void {
    this.#disputes.handleLinkDown(link);
  }

  /** A relay passes on what some relay says of its sessions. */
  handleOwned(link: LinkId, message: Owned, nowMs: number): void {
    this.#replication.handleOwned(link, message, nowMs);
    this.#handleChanges(nowMs);
  }

  /** A relay asks for what it doesn't know. */
  handleHave(link: LinkId, message: OwnedHave, nowMs: number): void {
    this.#replication.handleHave(link, message, nowMs);
  }

  /** Looks at what time has changed. */
  handleTimeout(nowMs: number): void {
    if (this.#tickMs !== undefined && nowMs < this.#tickMs) return;
    const lateMs = nowMs - (this.#tickMs ?? nowMs);
    if (lateMs > standstillMs) {
      this.#replication.handleStandstill(lateMs, nowMs);
      this.names.handleStandstill(lateMs, nowMs);
    }
    this.#tickMs = nowMs + ownershipTickMs;
    this.names.handleTimeout(nowMs);
    for (const log of this.#holdings.handleTimeout(nowMs)) this.#believeAgain(log, nowMs);
    this.#contests.handleTimeout(nowMs);
    this.#replication.handleTimeout(nowMs);
    this.#handleChanges(nowMs);
  }

  /** When `handleTimeout`, `takeDecided` and `publishChanges` must be called next. */
  pollTimeout(): number {
    const times = [this.#tickMs ?? 0, this.#disputes.pollTimeout(), this.#publisher.pollTimeout()];
    return Math.min(...times.filter((atMs) => atMs !== undefined));
  }

  /** Sessions here that must go, or are superseded, since the last call. */
  takeLosses(): NameLoss[] {
    return this.#losses.splice(0);
  }

  /** Tells the mesh what has changed here, as far as that is due. */
  publishChanges(nowMs: number): void {
    for (const owner of this.names.takeChanged()) this.#publisher.add(owner);
    for (const owner of this.#publisher.take(nowMs)) this.#publish(owner, nowMs);
  }

  /** Some relays may not belong to the mesh any more: what they said is forgotten at once. */
  handleAdmissionChanged(): void {
    for (const log of this.#replication.purge()) this.#holdings.removeOrigin(log);
  }

  /** The next thing to do, or undefined. */
  pollOutput(): OwnershipOutput | undefined {
    return this.#outputs.shift() ?? this.#replication.pollOutput();
  }

  /** Whether another relay says that somebody has the name there. */
  knows(realm: string, name: string): boolean {
    return this.#holdings.at(realm, name).length > 0;
  }

  /** Whether the process of a session that stands by owns the name at another relay. */
  isBacked(owner: Owner, name: string, nowMs: number): boolean {
    return this.#holdings.isBacked(owner, name, nowMs);
  }

  /** Names held by sessions at other relays. */
  get remoteNames(): number {
    return this.#holdings.size;
  }

  #publish(owner: Owner, nowMs: number): void {
    const { link, claims, names, keptMs } = owner;
    if (claims === undefined) return;
    if (ownsNothing(owner)) {
      if (!this.#published.delete(link)) return;
      const keepMs = Math.min(nameFreeAfterMs, Math.round(keptMs ?? 0));
      this.#replication.publish({ kind: 'release', session: link, keepMs }, nowMs);
      return;
    }
    this.#published.add(link);
    for (const name of names.keys()) this.#holdings.endReservations(owner.realm, name, owner.identityKey);
    const { claim, signature } = claims.present;
    this.#replication.publish(
      {
        kind: 'claim',
        session: link,
        realm: claim.realm,
        identity: claim.identity,
        bootId: claim.bootId,
        sessionSeq: claim.sessionSeq,
        claimSeq: claim.claimSeq,
        names: claim.names,
        since: claim.names.map((name) => names.get(name) ?? 0),
        claim: signature,
      },
      nowMs,
    );
  }

  #handleChanges(nowMs: number): void {
    for (
      let change = this.#replication.pollChange();
      change !== undefined;
      change = this.#replication.pollChange()
    )
      this.#handleChange(change, nowMs);
    for (const { identity } of this.#holdings.takeForged())
      this.#outputs.push({ kind: 'noted', note: { what: 'forged_claim', origin: identity } });
  }

  #handleChange(change: LogChange, nowMs: number): void {
    switch (change.kind) {
      case 'said':
        this.#handleSaid(change.log, change.record, change.replaced, nowMs);
        return;
      case 'dropped':
        if (change.record.holding !== undefined) this.#holdings.remove(change.record.holding);
        return;
      case 'former':
        this.#hold(change.record.holding, change.heardMs + nameFreeAfterMs, nowMs);
        return;
      case 'conflict':
        this.#handleConflict(change.log, change.entry, nowMs);
        return;
      case 'revived':
        for (const { holding } of [...change.log.records()])
          if (holding !== undefined) this.#meetHolding(holding, nowMs);
        return;
      case 'own_epoch':
        this.#published.clear();
        for (const owner of this.names.sessions()) this.#publisher.add(owner);
    }
  }

  #handleSaid(log: OriginLog, record: LogRecord, replaced: LogRecord | undefined, nowMs: number): void {
    const { entry } = record;
    if (entry.kind === 'release') {
      record.holding = this.#hold(replaced?.holding, record.learnedMs + entry.keepMs, nowMs);
    } else if (entry.kind === 'claim') {
      if (replaced?.holding !== undefined) this.#holdings.remove(replaced.holding);
      this.#believe(log, record, nowMs);
    }
  }

  #believe(log: OriginLog, record: LogRecord, nowMs: number): void {
    if (record.entry.kind !== 'claim') return;
    const holding = this.#holdings.add(log, record.entry);
    record.holding = holding;
    if (holding === undefined) return;
    this.#noteReplacedElsewhere(holding, nowMs);
    this.#regained.handleClaim(holding);
    this.#meetHolding(holding, nowMs);
  }

  #believeAgain(log: OriginLog, nowMs: number): void {
    for (const record of [...log.records()])
      if (record.holding === undefined) this.#believe(log, record, nowMs);
  }

  /** A session elsewhere is over: its names stay reserved until then. Gives what is kept. */
  #hold(holding: Holding | undefined, untilMs: number, nowMs: number): Holding | undefined {
    if (holding === undefined || (holding.heldUntilMs ?? Number.POSITIVE_INFINITY) <= untilMs) return holding;
    if (untilMs > nowMs) {
      this.#holdings.hold(holding, untilMs);
      this.#regained.handleLost(holding, nowMs);
      return holding;
    }
    this.#holdings.remove(holding);
    return undefined;
  }

  /** Compares what a session elsewhere holds with who owns that here. */
  #meetHolding(holding: Holding, nowMs: number): void {
    for (const name of holding.since.keys()) {
      const owner = this.names.find(holding.claim.realm, name);
      if (owner !== undefined) this.#meet({ owner, name, holding }, nowMs);
    }
  }

  /** Of two owners of one name one gives way: the older session of one identity, or the identity that has had it for less time. */
  #meet({ owner, name, holding }: Meeting, nowMs: number): void {
    if (!isStanding(holding, nowMs)) return;
    if (holding.identityKey !== owner.identityKey) {
      const isWeak = owner.isLapsed || (owner.isStandby && !this.isBacked(owner, name, nowMs));
      const isEarlier = isWeak || isBefore(holding, owner, name);
      if (isEarlier && this.#holdings.isSigned(holding)) this.#lose(owner, holding, 'name_taken');
      return;
    }
    if (!isNewer(holding, owner) || !this.#holdings.isSigned(holding)) return;
    const newcomer = newcomerIn(holding);
    const isSameProcess = holding.bootKey === owner.bootKey;
    if (isSameProcess || !this.#contests.isContested(newcomer, nowMs)) {
      if (!isSameProcess) this.#contests.noteReplaced(newcomer, nowMs);
      this.#lose(owner, holding, 'replaced');
      return;
    }
    const { log, session } = holding;
    if (this.#disputes.addForeign({ owner: owner.link, origin: log.key, session }, nowMs))
      this.#outputs.push({ kind: 'probe', link: owner.link });
  }

  #lose(owner: Owner, newcomer: Pick<Holding, 'identityKey' | 'bootKey'>, code: WireCode): void {
    const lost = this.names.yieldTo(newcomer, owner);
    this.#losses.push({ ...lost, code });
    if (lost.evicted.length > 0) this.#count(code);
  }

  /** A session here of the same identity and another process, which gives way to the newcomer, or is later and may be one that was killed when the clock was ahead. */
  #otherHere({ names }: AgentSession, newcomer: Newcomer, isLater: boolean): Owner | undefined {
    for (const name of names) {
      const owner = this.names.find(newcomer.realm, name);
      if (owner?.identityKey !== newcomer.identityKey || owner.bootKey === newcomer.bootKey) continue;
      if (isNewerHere(newcomer, owner) !== isLater) return owner;
    }
    return undefined;
  }

  #hasRivalElsewhere({ names }: AgentSession, newcomer: Newcomer, nowMs: number): boolean {
    return names.some((name) =>
      this.#holdings.at(newcomer.realm, name).some((other) => this.#isReplacing(newcomer, other, nowMs)),
    );
  }

  #noteReplacedElsewhere(holding: Holding, nowMs: number): void {
    const newcomer = newcomerIn(holding);
    for (const name of holding.since.keys()) {
      for (const other of this.#holdings.at(newcomer.realm, name)) {
        if (!this.#isReplacing(newcomer, other, nowMs) || !this.#holdings.isSigned(holding)) continue;
        this.#contests.noteReplaced(newcomer, nowMs);
        return;
      }
    }
  }

  /** Whether a standing session elsewhere gives way to a newcomer of its identity from another process. */
  #isReplacing(newcomer: Newcomer, other: Holding, nowMs: number): boolean {
    if (other.identityKey !== newcomer.identityKey || other.bootKey === newcomer.bootKey) return false;
    if (!isStanding(other, nowMs) || other.claim.sessionSeq > newcomer.sessionSeq) return false;
    return this.#holdings.isSigned(other);
  }

  #isRefused({ newcomer, owner: link, sinceMs, isOlder }: LocalDispute, nowMs: number): boolean {
    const owner = this.names.session(link);
    const isAlive = owner !== undefined && owner.names.size > 0 && owner.aliveMs > sinceMs;
    if (isOlder) {
      if (owner !== undefined && !isAlive) this.#endSilent(owner, nowMs);
      return false; // where the owner lives the names table refuses the older session
    }
    if (isAlive) {
      this.#contests.noteRefused(newcomerOf(newcomer), nowMs);
      this.#noteConflict(link);
    } else this.#contests.noteReplaced(newcomerOf(newcomer), nowMs);
    return isAlive;
  }

  /** Its identity keeps the names, and the time at which it got them. */
  #endSilent({ link }: Owner, nowMs: number): void {
    this.names.removeLost(link, nowMs);
    this.#losses.push({ evicted: [link], superseded: [], code: 'replaced' });
    this.#count('replaced');
  }

  #decideForeign(dispute: ForeignDispute, nowMs: number): void {
    const owner = this.names.session(dispute.owner);
    const holding = this.#replication.log(dispute.origin)?.ofSession(dispute.session)?.holding;
    if (owner === undefined || holding === undefined || !isStanding(holding, nowMs)) return;
    const isAbout = [...holding.since.keys()].some((name) => owner.names.has(name));
    if (!isAbout || holding.identityKey !== owner.identityKey || !isNewer(holding, owner)) return;
    const newcomer = newcomerIn(holding);
    if (dispute.stage === 'asked' && owner.aliveMs > dispute.sinceMs) {
      const { realm, identity, bootId, sessionSeq } = holding.claim;
      this.#replication.publish({ kind: 'conflict', realm, identity, bootId, sessionSeq }, nowMs);
      this.#contests.noteRefused(newcomer, nowMs);
      this.#disputes.protest(dispute, nowMs);
      this.#noteConflict(owner.link);
      return;
    }
    this.#contests.noteReplaced(newcomer, nowMs);
    this.#lose(owner, holding, 'replaced');
  }

  /** Another relay's session answers, so a newcomer here is the second host with its key; only where this relay saw them replace each other. */
  #handleConflict(
    log: OriginLog,
    { realm, identity, bootId, sessionSeq }: OwnedConflict,
    nowMs: number,
  ): void {
    const [identityKey, bootKey] = [bytesKey(identity), bytesKey(bootId)];
    const newcomer = { realm, identityKey, bootKey, sessionSeq };
    if (!this.#contests.isContested(newcomer, nowMs)) return;
    for (const owner of [...this.names.sessions()]) {
      if (owner.identityKey !== identityKey || owner.bootKey !== bootKey || owner.realm !== realm) continue;
      if (owner.sessionSeq !== sessionSeq || !this.#isHeldBy(log, owner, nowMs)) continue;
      this.#contests.noteRefused(newcomer, nowMs);
      this.#lose(owner, { identityKey, bootKey: '' }, 'identity_conflict');
    }
  }

  /** Whether a session at that relay, of another process of the owner's identity, holds one of its names. */
  #isHeldBy(log: OriginLog, owner: Owner, nowMs: number): boolean {
    return [...owner.names.keys()].some((name) =>
      this.#holdings
        .at(owner.realm, name)
        .some((other) => other.log === log && this.#isReplacing(owner, other, nowMs)),
    );
  }

  #noteConflict(link: LinkId): void {
    this.#count('identity_conflict');
    this.#outputs.push({ kind: 'noted', note: { what: 'identity_conflict', link } });
  }

  #count(code: WireCode): void {
    this.conflicts.set(code, (this.conflicts.get(code) ?? 0) + 1);
  }
}

interface Meeting {
  readonly owner: Owner;
  readonly name: string;
  readonly holding: Holding;
}

/** Whether the identity elsewhere had the name before the one here. */
function isBefore(holding: Holding, owner: Owner, name: string): boolean {
  const theirs = { sinceMs: holding.since.get(name)!, identityKey: holding.identityKey };
  return isEarlierIdentity(theirs, { sinceMs: owner.names.get(name)!, identityKey: owner.identityKey });
}

/** Milliseconds that a tick must be late for this process, not the others, to be what stood still. */
const standstillMs = 3000;
