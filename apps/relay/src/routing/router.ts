import {
  codeSentence,
  hopLimitDefault,
  type Names,
  type Open,
  type Owned,
  type OwnedHave,
  visitedRelaysMax,
  type WireCode,
} from '@macula/wire';
import { OutputQueue } from '../core/output-queue.js';
import { ghostProbeMs, ghostSilenceMs, openTimeoutMsDefault } from '../limits.js';
import type { Ownership } from '../ownership/ownership.js';
import { forAgent, isHintedAt, ownerFor, refusalOfAgent, withinRealm, withSource } from './agent-open.js';
import { type ClaimOutcome, NamesTable, type Owner } from './names-table.js';
import { OpensTable } from './opens-table.js';
import { PeersTable } from './peers-table.js';
import { noteFailure, type PendingOpen } from './pending-open.js';
import { addTo, removeFrom } from './sets.js';
import { StandbyTurns } from './standby-turns.js';
import {
  type AgentSession,
  bytesKey,
  type LegId,
  type LinkId,
  type OpenFailure,
  type OpenId,
  type PeerLink,
  type RouterOutput,
} from './types.js';

/** Settings of a {@link Router}. */
export interface RouterOptions {
  /** This relay's Ed25519 public key, 32 bytes. */
  readonly identity: Uint8Array;
  /** Milliseconds one OPEN may take. Default 10,000. */
  readonly openTimeoutMs?: number;
  /** Relays an OPEN may visit, the agent's own included. Default 3. */
  readonly hopLimit?: number;
  /** Who owns names at other relays; default: nobody is asked. */
  readonly ownership?: Ownership;
}

/**
 * Names, peers and the life of every OPEN: the relay without its connections. See SPEC.md for the invariants.
 *
 * Call order: `handleAgentUp` or `handlePeerUp` once per link, then anything for that link, then `handleLinkDown` once. After every
 * call drain `pollOutput` until undefined, then arm one timer for `pollTimeout` that calls `handleTimeout`. An input for a
 * link, open or leg that the router has already forgotten does nothing.
 */
export class Router {
  readonly #identity: Uint8Array;
  readonly #openTimeoutMs: number;
  readonly #hopLimit: number;
  readonly #ownership: Ownership | undefined;
  readonly #names: NamesTable;
  readonly #peers: PeersTable;
  readonly #opens = new OpensTable();
  readonly #legs = new Map<LegId, PendingOpen>();
  readonly #legsByLink = new Map<LinkId, Set<LegId>>();
  /** Legs to silent sessions and when they are given up; insertion order is order of time. */
  readonly #probes = new Map<LegId, { readonly link: LinkId; readonly sentMs: number }>();
  readonly #standbyTurns = new StandbyTurns();
  readonly #outputs = new OutputQueue<RouterOutput>();
  #nextLeg: LegId = 1;

  constructor(options: RouterOptions) {
    this.#identity = options.identity;
    this.#openTimeoutMs = options.openTimeoutMs ?? openTimeoutMsDefault;
    this.#hopLimit = options.hopLimit ?? hopLimitDefault;
    this.#ownership = options.ownership;
    this.#names = options.ownership?.names ?? new NamesTable();
    this.#peers = options.ownership?.peers ?? new PeersTable(options.identity);
  }

  /** An agent has proven its HELLO; answered by `admitted` or `refused`, after a while where two hosts seem to use one key. */
  handleAgentUp(session: AgentSession, nowMs: number): void {
    const rival = this.#ownership?.handleNewcomer(session, nowMs);
    if (rival === undefined) this.#admit(session, nowMs);
    else this.#outputs.push({ kind: 'probe', link: rival });
    this.#settle(nowMs);
  }

  /** An agent adds and withdraws names; answered by `names_done`. Withdrawing comes first, and before it a standby's becoming primary. */
  handleNames(
    link: LinkId,
    names: Pick<Names, 'request' | 'add' | 'remove' | 'sessionSeq'>,
    nowMs: number,
  ): void {
    const owner = this.#names.session(link);
    if (owner === undefined) return;
    this.#names.noteAlive(owner, nowMs);
    if (owner.isSuperseded) {
      // The newer session's HELLO said what holds, and its own NAMES will. If this one shall be the primary one, its agent must make another.
      if (names.sessionSeq === undefined)
        this.#outputs.push({ kind: 'names_done', link, request: names.request, taken: [] });
      else this.#loseNames({ evicted: [this.#names.remove(link)!.link] }, nowMs, 'superseded');
      return;
    }
    if (names.sessionSeq !== undefined) this.#names.promote(owner, names.sessionSeq);
    this.#names.release(owner, names.remove);
    const outcome = this.#names.claim(owner, names.add, nowMs);
    if (outcome === undefined) {
      this.#names.remove(link);
      this.#forgetLink(link, nowMs);
      this.#outputs.push({ kind: 'evicted', link, code: 'protocol_error', text: 'too many names' });
      this.#settle(nowMs);
      return;
    }
    this.#loseNames(outcome, nowMs);
    const taken = [...outcome.taken, ...outcome.stale];
    this.#outputs.push({ kind: 'names_done', link, request: names.request, taken });
    this.#settle(nowMs);
  }

  /** An agent says that its older sessions are over. */
  handleFormerGone(link: LinkId, nowMs: number): void {
    const owner = this.#names.session(link);
    if (owner === undefined || owner.isSuperseded) return;
    this.#loseNames({ evicted: this.#names.removeSuperseded(owner) }, nowMs);
  }

  /** A peering stands. */
  handlePeerUp(peer: PeerLink, nowMs: number): void {
    this.#peers.add(peer);
    this.#ownership?.handlePeerUp(peer, nowMs);
  }

  /**
   * A link is gone, with everything that was in flight over it. Without GOODBYE an agent's names stay reserved for its identity until 15 s
   * after its last sign of life.
   */
  handleLinkDown(link: LinkId, nowMs: number, ending: 'goodbye' | 'lost' = 'lost'): void {
    if (ending === 'goodbye') this.#names.remove(link);
    else this.#names.removeLost(link, nowMs);
    this.#peers.remove(link);
    this.#ownership?.handleLinkDown(link);
    this.#forgetLink(link, nowMs);
    this.#settle(nowMs);
  }

  /** Something was heard from an agent. */
  handleAlive(link: LinkId, nowMs: number): void {
    const owner = this.#names.session(link);
    if (owner !== undefined) this.#names.noteAlive(owner, nowMs);
  }

  /** A relay says, or passes on, who owns names. */
  handleOwned(link: LinkId, message: Owned | OwnedHave, nowMs: number): void {
    if (message.kind === 'owned') this.#ownership?.handleOwned(link, message, nowMs);
    else this.#ownership?.handleHave(link, message, nowMs);
    this.#settle(nowMs);
  }

  /** Some relays may not belong to the mesh any more. */
  handleAdmissionChanged(): void {
    this.#ownership?.handleAdmissionChanged();
  }

  /** A stream began with OPEN; answered by `accept` or `fail`. */
  handleOpen(input: { open: OpenId; link: LinkId; message: Open }, nowMs: number): void {
    const { open, link } = input;
    const fromPeer = this.#peers.has(link);
    const message = fromPeer
      ? input.message
      : withSource(this.#names.session(link), withinRealm(this.#names.session(link), input.message));
    const pathKey = bytesKey(message.pathId);
    const refusal =
      (fromPeer ? undefined : refusalOfAgent(this.#names, link, message)) ?? this.#opens.refusal(link);
    // A second copy of an OPEN that is still being answered came by another way; the first copy covers it.
    const isCopy = this.#opens.hasPath(pathKey);
    if (isCopy || refusal !== undefined) {
      this.#answer(open, refusal ?? (fromPeer ? 'not_here' : 'protocol_error'));
      return;
    }
    const pending: PendingOpen = {
      open,
      link,
      message,
      pathKey,
      fromPeer,
      hopsLeft: Math.min(message.hopsLeft, this.#hopLimit - (fromPeer ? 2 : 1)),
      deadlineMs: nowMs + this.#openTimeoutMs,
      stage: 'local',
      legs: new Map(),
      failure: undefined,
    };
    this.#opens.add(pending);
    const owner = ownerFor(this.#names, message);
    if (owner !== undefined && this.#isOwnersTurn(owner, pending, nowMs)) this.#standbyTurns.add(open, nowMs);
    else this.#forwardLocally(pending, owner, nowMs);
  }

  /** The opener of an OPEN in flight has reset or lost its stream. */
  handleOpenerGone(open: OpenId, code: WireCode): void {
    const pending = this.#opens.at(open);
    if (pending !== undefined) this.#end(pending, code);
  }

  /** A leg was answered with OPEN_OK; `via` is what it says, which counts only from a peer. */
  handleOpenOk(leg: LegId, answer: Uint8Array, via?: Uint8Array): void {
    const pending = this.#legs.get(leg);
    if (pending === undefined) return;
    const link = pending.legs.get(leg);
    this.#forgetLeg(leg);
    this.#end(pending, 'ok');
    this.#outputs.push({ kind: 'accept', open: pending.open, leg, answer, via: this.#viaOf(link, via) });
  }

  /** A leg was answered with OPEN_FAILED, or its stream ended (`relay_lost` when nothing better is known). */
  handleLegFailed(leg: LegId, failure: OpenFailure, nowMs: number): void {
    const pending = this.#legs.get(leg);
    if (pending === undefined) return;
    const { code } = failure;
    const link = pending.legs.get(leg);
    this.#forgetLeg(leg);
    if (pending.stage === 'local' && (code === 'not_here' || code === 'relay_lost')) {
      const owner = ownerFor(this.#names, pending.message);
      this.#forwardLocally(pending, owner?.link === link ? undefined : owner, nowMs);
      return;
    }
    noteFailure(pending, { ...failure, via: this.#viaOf(link, failure.via) });
    if (pending.legs.size === 0) this.#failAll(pending);
  }

  /** Gives up what has waited too long. */
  handleTimeout(nowMs: number): void {
    for (const [leg, { link, sentMs }] of [...this.#probes]) {
      if (sentMs + ghostProbeMs > nowMs) break;
      const owner = this.#names.session(link);
      this.#probes.delete(leg);
      if (owner !== undefined && owner.aliveMs >= sentMs) continue;
      this.#outputs.push({ kind: 'cancel', leg, code: 'timeout' });
      this.handleLegFailed(leg, { code: 'not_here', text: 'the session does not answer' }, nowMs);
    }
    for (const open of this.#standbyTurns.takeDue(nowMs)) {
      const pending = this.#opens.at(open)!;
      this.#forwardLocally(pending, ownerFor(this.#names, pending.message), nowMs);
    }
    for (let pending = this.#opens.oldest; pending !== undefined; pending = this.#opens.oldest) {
      if (pending.deadlineMs > nowMs) break;
      const [link] = pending.stage === 'local' ? pending.legs.values() : [];
      this.#end(pending, 'timeout');
      this.#answer(pending.open, 'timeout', undefined, this.#viaOf(link, undefined));
    }
    this.#ownership?.handleTimeout(nowMs);
    for (const { session, isRefused } of this.#ownership?.takeDecided(nowMs) ?? []) {
      if (isRefused) this.#refuse(session.link, 'identity_conflict', session.names);
      else this.#admit(session, nowMs);
    }
    this.#settle(nowMs);
  }

  /** The next thing to do, or undefined. */
  pollOutput(): RouterOutput | undefined {
    return this.#outputs.shift() ?? this.#ownership?.pollOutput();
  }

  /** When `handleTimeout` must be called next. */
  pollTimeout(): { readonly atMs: number; readonly why: 'open' | 'probe' | 'standby' | 'names' } | undefined {
    const [probe] = this.#probes.values();
    const never = Number.POSITIVE_INFINITY;
    const timeouts = [
      { atMs: probe === undefined ? never : probe.sentMs + ghostProbeMs, why: 'probe' },
      { atMs: this.#opens.oldest?.deadlineMs ?? never, why: 'open' },
      { atMs: this.#standbyTurns.pollTimeout() ?? never, why: 'standby' },
      { atMs: this.#ownership?.pollTimeout() ?? never, why: 'names' },
    ] as const;
    const next = timeouts.reduce((first, other) => (other.atMs < first.atMs ? other : first));
    return next.atMs === never ? undefined : next;
  }

  /** Names an agent's session owns now. */
  namesOf(link: LinkId): readonly string[] {
    return [...(this.#names.session(link)?.names.keys() ?? [])];
  }

  /** Whether an agent's session stands by for another one of its process. */
  isStandby(link: LinkId): boolean {
    return this.#names.session(link)?.isStandby === true;
  }

  /** Whether somebody is known to have this name, here or at another relay. */
  knows(realm: string, name: string): boolean {
    return this.#names.find(realm, name) !== undefined || this.#ownership?.knows(realm, name) === true;
  }

  /** Whether OPENs to the relay at the end of this link use this link. */
  isChosenPeer(link: LinkId): boolean {
    return this.#peers.isChosen(link);
  }

  /** Sizes of the tables; `sessions` without those that are superseded. */
  get counts(): {
    readonly sessions: number;
    readonly superseded: number;
    readonly standbys: number;
    readonly peers: number;
    readonly opens: number;
    readonly legs: number;
  } {
    return {
      sessions: this.#names.size,
      superseded: this.#names.supersededCount,
      standbys: this.#names.standbyCount,
      peers: this.#peers.size,
      opens: this.#opens.size,
      legs: this.#legs.size,
    };
  }

  #admit(session: AgentSession, nowMs: number): void {
    const outcome = this.#names.admit(session, nowMs);
    const { link } = session;
    if (outcome.taken.length > 0) {
      this.#refuse(link, 'name_taken', outcome.taken);
    } else if (outcome.stale.length > 0) {
      this.#refuse(link, 'replaced', outcome.stale);
    } else {
      this.#outputs.push({ kind: 'admitted', link });
      this.#loseNames(outcome, nowMs);
    }
  }

  /** Tells other relays what has changed here, and ends sessions whose names are owned elsewhere. */
  #settle(nowMs: number): void {
    this.#ownership?.publishChanges(nowMs);
    for (const loss of this.#ownership?.takeLosses() ?? []) this.#loseNames(loss, nowMs, loss.code);
  }

  /** The tag of our own session at the end of a link, whatever that says; else what the peer says. */
  #viaOf(link: LinkId | undefined, said: Uint8Array | undefined): Uint8Array | undefined {
    if (link === undefined) return undefined;
    return this.#peers.has(link) ? said : this.#names.session(link)?.tag;
  }

  /** Whether the session here only stands by, and the owner of the name is left to answer first at its own relay. */
  #isOwnersTurn(owner: Owner, { fromPeer, message }: PendingOpen, nowMs: number): boolean {
    if (!fromPeer || !owner.isStandby || isHintedAt(message, this.#identity)) return false;
    return this.#ownership?.isBacked(owner, message.to, nowMs) === true;
  }

  #forwardLocally(pending: PendingOpen, owner: Owner | undefined, nowMs: number): void {
    if (owner === undefined) {
      this.#forwardToPeers(pending);
      return;
    }
    const { link } = owner;
    const leg = this.#addLeg(pending, link);
    this.#outputs.push({ kind: 'forward', leg, link, message: forAgent(pending.message) });
    if (nowMs - owner.aliveMs > ghostSilenceMs) this.#probe(link, [leg], nowMs);
  }

  /** Pings a session; the legs are given up when it gives no sign of life in time. */
  #probe(link: LinkId, legs: Iterable<LegId>, nowMs: number): void {
    for (const leg of legs) if (!this.#probes.has(leg)) this.#probes.set(leg, { link, sentMs: nowMs });
    this.#outputs.push({ kind: 'probe', link });
  }

  #forwardToPeers(pending: PendingOpen): void {
    pending.stage = 'peers';
    const { visited } = pending.message;
    const room = visitedRelaysMax - visited.length - 1;
    const peers = this.#peers.askable(visited, pending.link).slice(0, Math.max(0, room));
    if (peers.length > 0 && pending.hopsLeft <= 0)
      noteFailure(pending, { code: 'hop_limit', text: codeSentence('hop_limit') });
    if (peers.length === 0 || pending.hopsLeft <= 0) {
      this.#failAll(pending);
      return;
    }
    const message: Open = {
      ...pending.message,
      visited: [...visited, this.#identity, ...peers.map((peer) => peer.identity)],
      hopsLeft: pending.hopsLeft - 1,
    };
    for (const { link } of peers) {
      this.#outputs.push({ kind: 'forward', leg: this.#addLeg(pending, link), link, message });
    }
  }

  #failAll(pending: PendingOpen): void {
    this.#end(pending, 'ok');
    const { code, text, via }: OpenFailure = pending.failure ?? { code: 'not_found', text: '' };
    const unknown = code === 'not_found' || code === 'not_here';
    const told = unknown ? (pending.fromPeer ? 'not_here' : 'not_found') : code;
    this.#answer(pending.open, told, told === code ? text : undefined, unknown ? undefined : via);
  }

  #answer(open: OpenId, code: WireCode, text?: string, via?: Uint8Array): void {
    const said = via === undefined ? {} : { via };
    this.#outputs.push({ kind: 'fail', open, code, text: text || codeSentence(code), ...said });
  }

  #refuse(link: LinkId, code: WireCode, names: readonly string[]): void {
    const text = `${codeSentence(code)} (${names.slice(0, 3).join(', ')})`;
    this.#outputs.push({ kind: 'refused', link, code, text });
  }

  #loseNames(lost: Partial<ClaimOutcome>, nowMs: number, code: WireCode = 'replaced'): void {
    const { superseded = [], evicted = [], lapsed = [] } = lost;
    for (const link of superseded) {
      this.#outputs.push({ kind: 'superseded', link });
      this.#probe(link, this.#legsByLink.get(link) ?? [], nowMs);
    }
    for (const link of evicted) this.#evict(link, code, nowMs);
    for (const link of lapsed) this.#evict(link, 'name_taken', nowMs);
  }

  #evict(link: LinkId, code: WireCode, nowMs: number): void {
    this.#outputs.push({ kind: 'evicted', link, code, text: codeSentence(code) });
    this.#forgetLink(link, nowMs);
  }

  #forgetLink(link: LinkId, nowMs: number): void {
    for (const open of this.#opens.ofLink(link)) this.handleOpenerGone(open, 'relay_lost');
    for (const leg of [...(this.#legsByLink.get(link) ?? [])]) {
      this.handleLegFailed(leg, { code: 'relay_lost', text: codeSentence('relay_lost') }, nowMs);
    }
  }

  /** Forgets an OPEN and cancels what is still asked for it. */
  #end(pending: PendingOpen, code: WireCode): void {
    for (const leg of [...pending.legs.keys()]) {
      this.#forgetLeg(leg);
      this.#outputs.push({ kind: 'cancel', leg, code });
    }
    this.#opens.delete(pending);
    this.#standbyTurns.delete(pending.open);
  }

  #addLeg(pending: PendingOpen, link: LinkId): LegId {
    const leg = this.#nextLeg++;
    pending.legs.set(leg, link);
    this.#legs.set(leg, pending);
    addTo(this.#legsByLink, link, leg);
    return leg;
  }

  #forgetLeg(leg: LegId): void {
    const pending = this.#legs.get(leg);
    if (pending === undefined) return;
    removeFrom(this.#legsByLink, pending.legs.get(leg)!, leg);
    pending.legs.delete(leg);
    this.#legs.delete(leg);
    this.#probes.delete(leg);
  }
}
