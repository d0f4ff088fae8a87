import { codeSentence, type Names, type Open, type OpenOk, type WireCode } from '@macula/wire';
import { OutputQueue } from '../core/output-queue.js';
import type { Ownership } from '../ownership/ownership.js';
import { FilterExchange, type FilterOptions } from './filters/filter-exchange.js';
import { Lines } from './lines.js';
import { type ClaimOutcome, NamesTable } from './names-table.js';
import { OpenDesk, type OpenTimeout } from './open-desk.js';
import { PeerSearch } from './peer-search.js';
import { PeersTable } from './peers-table.js';
import {
  type AgentSession,
  bytesKey,
  type LegId,
  type LinkId,
  type OpenFailure,
  type OpenId,
  type PeerLink,
  type PeerMessage,
  type RouterOutput,
} from './types.js';

/** What `handleTimeout` is for next. */
export type RouterTimeout = OpenTimeout | 'names' | 'filters';

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
  /** Telling peers which names are here, and knowing theirs; default: every peer is asked for every name. */
  readonly filters?: FilterOptions;
  /** Round trip to the relay at the end of a link, milliseconds. Default: unknown. */
  readonly rttMs?: (link: LinkId) => number | undefined;
}

/**
 * Names, peers and the life of every OPEN: the relay without its connections. See SPEC.md for the invariants.
 *
 * Call order: `handleAgentUp` or `handlePeerUp` once per link, then anything for that link, then `handleLinkDown` once. After every
 * call drain `pollOutput` until undefined, then arm one timer for `pollTimeout` that calls `handleTimeout`. An input for a
 * link, open or leg that the router has already forgotten does nothing.
 */
export class Router {
  readonly #ownership: Ownership | undefined;
  readonly #names: NamesTable;
  readonly #peers: PeersTable;
  readonly #filters: FilterExchange | undefined;
  readonly #lines = new Lines();
  readonly #desk: OpenDesk;
  readonly #search: PeerSearch;
  readonly #outputs = new OutputQueue<RouterOutput>();

  constructor(options: RouterOptions) {
    this.#ownership = options.ownership;
    this.#names = options.ownership?.names ?? new NamesTable();
    this.#peers = options.ownership?.peers ?? new PeersTable(options.identity);
    this.#peers.isSilent = (link) => this.#lines.isSilent(link);
    this.#filters = options.filters && new FilterExchange(options.filters, this.#peers);
    const { identity, openTimeoutMs, hopLimit, ownership, rttMs = () => undefined } = options;
    const shared = { identity, peers: this.#peers, lines: this.#lines };
    const search = new PeerSearch({ ...shared, filters: this.#filters, view: ownership?.view, rttMs });
    this.#search = search;
    const { names, outputs } = { names: this.#names, outputs: this.#outputs };
    this.#desk = new OpenDesk({ ...shared, openTimeoutMs, hopLimit, ownership, names, outputs, search });
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
      this.#desk.forgetLink(link, nowMs);
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
    this.#lines.add(peer.link, nowMs);
    this.#filters?.handlePeerUp(bytesKey(peer.identity), peer.link);
    this.#ownership?.handlePeerUp(peer, nowMs);
  }

  /**
   * A link is gone, with everything that was in flight over it. Without GOODBYE an agent's names stay reserved for its identity until 15 s
   * after its last sign of life.
   */
  handleLinkDown(link: LinkId, nowMs: number, ending: 'goodbye' | 'lost' = 'lost'): void {
    if (ending === 'goodbye') this.#names.remove(link);
    else this.#names.removeLost(link, nowMs);
    this.#forgetPeerLink(link);
    this.#ownership?.handleLinkDown(link);
    this.#desk.forgetLink(link, nowMs);
    this.#settle(nowMs);
  }

  /** Something was heard from an agent or a relay. */
  handleAlive(link: LinkId, nowMs: number): void {
    const owner = this.#names.session(link);
    if (owner !== undefined) this.#names.noteAlive(owner, nowMs);
    else this.#lines.noteHeard(link, nowMs);
  }

  /** A relay says who owns names, or which names its sessions have, or asks. */
  handlePeerMessage(link: LinkId, message: PeerMessage, nowMs: number): void {
    const peer = this.#peers.identityKey(link);
    if (message.kind === 'owned') this.#ownership?.handleOwned(link, message, nowMs);
    else if (message.kind === 'owned_have') this.#ownership?.handleHave(link, message, nowMs);
    else if (peer !== undefined) this.#filters?.handleMessage({ link, peer }, message, nowMs);
    this.#settle(nowMs);
  }

  /** Some relays may not belong to the mesh any more. */
  handleAdmissionChanged(): void {
    this.#ownership?.handleAdmissionChanged();
  }

  /** A stream began with OPEN; answered by `accept` or `fail`. */
  handleOpen(input: { open: OpenId; link: LinkId; message: Open }, nowMs: number): void {
    this.#desk.handleOpen(input, nowMs);
  }

  /** The opener of an OPEN in flight has reset or lost its stream. */
  handleOpenerGone(open: OpenId, code: WireCode): void {
    this.#desk.handleOpenerGone(open, code);
  }

  /** A leg was answered with OPEN_OK; `via` is what it says, which counts only from a peer. */
  handleOpenOk(leg: LegId, ok: Pick<OpenOk, 'answer' | 'via'>, nowMs: number): void {
    this.#desk.handleOpenOk(leg, ok, nowMs);
  }

  /** A leg was answered with OPEN_FAILED, or its stream ended (`relay_lost` when nothing better is known). */
  handleLegFailed(leg: LegId, failure: OpenFailure, nowMs: number): void {
    this.#desk.handleLegFailed(leg, failure, nowMs);
  }

  /** Gives up what has waited too long. */
  handleTimeout(nowMs: number): void {
    this.#desk.handleTimeout(nowMs);
    this.#ownership?.handleTimeout(nowMs);
    this.#filters?.handleTimeout(nowMs);
    for (const { session, isRefused } of this.#ownership?.takeDecided(nowMs) ?? []) {
      if (isRefused) this.#refuse(session.link, 'identity_conflict', session.names);
      else this.#admit(session, nowMs);
    }
    this.#settle(nowMs);
  }

  /** The next thing to do, or undefined. */
  pollOutput(): RouterOutput | undefined {
    return this.#outputs.shift() ?? this.#ownership?.pollOutput() ?? this.#filters?.pollOutput();
  }

  /** When `handleTimeout` must be called next. */
  pollTimeout(): { readonly atMs: number; readonly why: RouterTimeout } | undefined {
    const never = Number.POSITIVE_INFINITY;
    const timeouts = [
      ...this.#desk.pollTimeout(),
      { atMs: this.#ownership?.pollTimeout(), why: 'names' } as const,
      { atMs: this.#filters?.pollTimeout(), why: 'filters' } as const,
    ].map(({ atMs = never, why }) => ({ atMs, why }));
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
    if (this.#names.find(realm, name) !== undefined || this.#ownership?.knows(realm, name) === true)
      return true;
    return (this.#filters?.having(realm, name).length ?? 0) > 0;
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
    /** Peerings over which no OPEN goes since they don't answer. */
    readonly silentPeers: number;
    /** Routing filters of peers that are known. */
    readonly filters: number;
    /** Bytes of them and of the own one. */
    readonly filterBytes: number;
  } {
    return {
      sessions: this.#names.size,
      superseded: this.#names.supersededCount,
      standbys: this.#names.standbyCount,
      peers: this.#peers.size,
      ...this.#desk.counts,
      silentPeers: this.#lines.silent,
      filters: this.#filters?.size.filters ?? 0,
      filterBytes: this.#filters?.size.bytes ?? 0,
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
    this.#filters?.handleListed(this.#names.takeListed(), nowMs);
    for (const loss of this.#ownership?.takeLosses() ?? []) this.#loseNames(loss, nowMs, loss.code);
  }

  #refuse(link: LinkId, code: WireCode, names: readonly string[]): void {
    const text = `${codeSentence(code)} (${names.slice(0, 3).join(', ')})`;
    this.#outputs.push({ kind: 'refused', link, code, text });
  }

  #loseNames(lost: Partial<ClaimOutcome>, nowMs: number, code: WireCode = 'replaced'): void {
    const { superseded = [], evicted = [], lapsed = [] } = lost;
    for (const link of superseded) {
      this.#outputs.push({ kind: 'superseded', link });
      this.#desk.probe(link, nowMs);
    }
    for (const link of evicted) this.#evict(link, code, nowMs);
    for (const link of lapsed) this.#evict(link, 'name_taken', nowMs);
  }

  #evict(link: LinkId, code: WireCode, nowMs: number): void {
    this.#outputs.push({ kind: 'evicted', link, code, text: codeSentence(code) });
    this.#desk.forgetLink(link, nowMs);
  }

  #forgetPeerLink(link: LinkId): void {
    const peer = this.#peers.identityKey(link);
    if (peer === undefined) return;
    this.#peers.remove(link);
    this.#lines.delete(link);
    this.#filters?.handlePeerDown(peer, !this.#peers.hasRelay(peer));
    if (!this.#peers.hasRelay(peer)) this.#search.forgetPeer(peer);
  }
}
