import { codeSentence, hopLimitDefault, type Open, type WireCode } from '@macula/wire';
import type { OutputQueue } from '../core/output-queue.js';
import { ghostSilenceMs, openTimeoutMsDefault, standbyTurnMs } from '../limits.js';
import type { Ownership } from '../ownership/ownership.js';
import { forAgent, isHintedAt, ownerFor, refusalOfAgent, withinRealm, withSource } from './agent-open.js';
import { Hedges } from './hedges.js';
import { LegsTable } from './legs-table.js';
import { hedgeUntilMs, muteWaitMs } from './limits.js';
import type { Lines } from './lines.js';
import type { NamesTable, Owner } from './names-table.js';
import { OpensTable } from './opens-table.js';
import type { PeerSearch } from './peer-search.js';
import type { PeersTable } from './peers-table.js';
import { noteFailure, type PendingOpen } from './pending-open.js';
import { Turns } from './turns.js';
import {
  bytesKey,
  type LegId,
  type LinkId,
  type OpenFailure,
  type OpenId,
  type RouterOutput,
} from './types.js';

/** What an OPEN waits for. */
export type OpenTimeout = 'probe' | 'line' | 'hedge' | 'open' | 'standby';

/** What an {@link OpenDesk} works with. */
export interface OpenDeskParts {
  /** This relay's identity, 32 bytes. */
  readonly identity: Uint8Array;
  /** Milliseconds one OPEN may take. Default 10,000. */
  readonly openTimeoutMs: number | undefined;
  /** Relays an OPEN may visit. Default 3. */
  readonly hopLimit: number | undefined;
  readonly ownership: Ownership | undefined;
  readonly names: NamesTable;
  readonly peers: PeersTable;
  readonly lines: Lines;
  readonly search: PeerSearch;
  readonly outputs: OutputQueue<RouterOutput>;
}

/** The life of every OPEN: who is asked for it, in what order, and what is answered. See SPEC.md, O1 to O21. */
export class OpenDesk {
  readonly #identity: Uint8Array;
  readonly #openTimeoutMs: number;
  readonly #hopLimit: number;
  readonly #ownership: Ownership | undefined;
  readonly #names: NamesTable;
  readonly #peers: PeersTable;
  readonly #lines: Lines;
  readonly #search: PeerSearch;
  readonly #outputs: OutputQueue<RouterOutput>;
  readonly #opens = new OpensTable();
  readonly #legs = new LegsTable();
  readonly #standbyTurns = new Turns(standbyTurnMs);
  readonly #hedges = new Hedges();

  constructor(parts: OpenDeskParts) {
    this.#identity = parts.identity;
    this.#openTimeoutMs = parts.openTimeoutMs ?? openTimeoutMsDefault;
    this.#hopLimit = parts.hopLimit ?? hopLimitDefault;
    this.#ownership = parts.ownership;
    this.#names = parts.names;
    this.#peers = parts.peers;
    this.#lines = parts.lines;
    this.#search = parts.search;
    this.#outputs = parts.outputs;
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
      asked: new Map(),
      detours: new Map(),
      unlikely: new Set(),
      isEverybodyAsked: false,
      isLookedAgain: false,
      isCutOff: false,
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
  handleOpenOk(
    leg: LegId,
    { answer, via }: { readonly answer: Uint8Array; readonly via?: Uint8Array | undefined },
    nowMs: number,
  ): void {
    const pending = this.#legs.at(leg);
    if (pending === undefined) return;
    const link = pending.legs.get(leg)!;
    const peer = this.#peers.identityKey(link);
    if (peer !== undefined) {
      this.#lines.noteHeard(link, nowMs);
      this.#search.noteAnswered(peer);
      this.#search.noteFound(pending, peer, nowMs);
    }
    this.#legs.delete(leg);
    this.#end(pending, 'ok');
    this.#outputs.push({ kind: 'accept', open: pending.open, leg, answer, via: this.#viaOf(link, via) });
  }

  /** A leg was answered with OPEN_FAILED, or its stream ended (`relay_lost` when nothing better is known). */
  handleLegFailed(leg: LegId, failure: OpenFailure, nowMs: number): void {
    const pending = this.#legs.at(leg);
    if (pending === undefined) return;
    const { code } = failure;
    const link = pending.legs.get(leg)!;
    this.#legs.delete(leg);
    if (pending.stage === 'local' && (code === 'not_here' || code === 'relay_lost')) {
      const owner = ownerFor(this.#names, pending.message);
      this.#forwardLocally(pending, owner?.link === link ? undefined : owner, nowMs);
      return;
    }
    noteFailure(pending, { ...failure, via: this.#viaOf(link, failure.via) });
    if (pending.stage === 'local') {
      if (pending.legs.size === 0) this.#failAll(pending);
      return;
    }
    const peer = this.#peers.identityKey(link);
    if (peer !== undefined) {
      if (code !== 'relay_lost') this.#search.noteAnswered(peer);
      this.#search.noteNotFound(pending, peer);
    }
    this.#askPeers(pending, nowMs);
  }

  /** A link is gone or not to be used any more, with everything that was in flight over it. */
  forgetLink(link: LinkId, nowMs: number): void {
    for (const open of this.#opens.ofLink(link)) this.handleOpenerGone(open, 'relay_lost');
    for (const leg of this.#legs.ofLink(link)) {
      this.#forgetAsked(leg);
      this.handleLegFailed(leg, { code: 'relay_lost', text: codeSentence('relay_lost') }, nowMs);
    }
  }

  /** The session is superseded: what was forwarded to it counts only if it still answers. */
  probe(link: LinkId, nowMs: number): void {
    this.#probe(link, this.#legs.ofLink(link), nowMs);
  }

  /** Gives up what has waited too long, and asks others where that helps. */
  handleTimeout(nowMs: number): void {
    for (const { leg, link, sentMs } of this.#legs.takeProbed(nowMs)) {
      const owner = this.#names.session(link);
      if (owner !== undefined && owner.aliveMs >= sentMs) continue;
      this.#giveUp(leg, { code: 'not_here', text: 'the session does not answer' }, nowMs);
    }
    for (const link of this.#lines.handleTimeout(nowMs))
      for (const leg of this.#legs.ofLink(link)) {
        this.#forgetAsked(leg);
        this.#giveUp(leg, { code: 'relay_lost', text: 'the other relay does not answer' }, nowMs);
      }
    for (const open of this.#hedges.takeDue(nowMs)) this.#askPeers(this.#opens.at(open)!, nowMs);
    for (const open of this.#standbyTurns.takeDue(nowMs)) {
      const pending = this.#opens.at(open)!;
      this.#forwardLocally(pending, ownerFor(this.#names, pending.message), nowMs);
    }
    for (let pending = this.#opens.oldest; pending !== undefined; pending = this.#opens.oldest) {
      if (pending.deadlineMs > nowMs) break;
      const [link] = pending.stage === 'local' ? pending.legs.values() : [];
      for (const leg of pending.legs.values()) this.#noteUnanswered(leg);
      this.#end(pending, 'timeout');
      this.#answer(pending.open, 'timeout', undefined, this.#viaOf(link, undefined));
    }
  }

  /** When `handleTimeout` must be called next, and for what. */
  pollTimeout(): readonly { readonly atMs: number | undefined; readonly why: OpenTimeout }[] {
    return [
      { atMs: this.#legs.pollTimeout(), why: 'probe' },
      { atMs: this.#lines.pollTimeout(), why: 'line' },
      { atMs: this.#hedges.pollTimeout(), why: 'hedge' },
      { atMs: this.#opens.oldest?.deadlineMs, why: 'open' },
      { atMs: this.#standbyTurns.pollTimeout(), why: 'standby' },
    ];
  }

  /** OPENs in flight, and the ways on which they are being asked. */
  get counts(): { readonly opens: number; readonly legs: number } {
    return { opens: this.#opens.size, legs: this.#legs.size };
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
      pending.stage = 'peers';
      this.#askPeers(pending, nowMs);
      return;
    }
    const { link } = owner;
    const leg = this.#legs.add(pending, link);
    this.#outputs.push({ kind: 'forward', leg, link, message: forAgent(pending.message) });
    if (nowMs - owner.aliveMs > ghostSilenceMs) this.#probe(link, [leg], nowMs);
  }

  /** Pings a session; the legs are given up when it gives no sign of life in time. */
  #probe(link: LinkId, legs: Iterable<LegId>, nowMs: number): void {
    for (const leg of legs) this.#legs.probe(leg, link, nowMs);
    this.#outputs.push({ kind: 'probe', link });
  }

  /** Asks whoever comes next; ends the OPEN when there is nobody and no answer to wait for. */
  #askPeers(pending: PendingOpen, nowMs: number): void {
    // Those that were asked just after they were heard took no PING along.
    for (const link of pending.legs.values()) this.#ping(link, nowMs);
    for (const link of this.#search.silentLinks(pending, nowMs)) this.#ping(link, nowMs);
    const asks = this.#search.next(pending, nowMs);
    for (const { link } of asks?.peers ?? []) {
      const leg = this.#legs.add(pending, link);
      this.#outputs.push({ kind: 'forward', leg, link, message: asks!.message });
      this.#ping(link, nowMs);
    }
    if (pending.legs.size === 0) {
      if (this.#mayBeNews(pending)) {
        pending.isLookedAgain = true;
        this.#hedges.add(pending.open, this.#search.newsMs(), nowMs);
        return;
      }
      if (pending.isCutOff) noteFailure(pending, { code: 'hop_limit', text: codeSentence('hop_limit') });
      this.#failAll(pending);
      return;
    }
    const [first] = asks?.peers ?? [];
    const ageMs = nowMs - (pending.deadlineMs - this.#openTimeoutMs);
    if (first === undefined && ageMs >= muteWaitMs && this.#search.isInVain(pending)) this.#failAll(pending);
    else if (ageMs < hedgeUntilMs)
      this.#hedges.add(pending.open, first === undefined ? 0 : this.#search.patienceMs(first.link), nowMs);
  }

  #noteUnanswered(link: LinkId): void {
    const peer = this.#peers.identityKey(link);
    if (peer !== undefined) this.#search.noteUnanswered(peer);
  }

  /** Whether a name that nobody seems to have may have come to another relay a moment ago, which that one's word is on its way to tell. */
  #mayBeNews(pending: PendingOpen): boolean {
    const { fromPeer, isLookedAgain, failure } = pending;
    const isUnknown = failure === undefined || failure.code === 'not_here' || failure.code === 'not_found';
    return !fromPeer && !isLookedAgain && isUnknown && this.#search.isTrusting(pending);
  }

  #ping(link: LinkId, nowMs: number): void {
    if (this.#lines.use(link, nowMs)) this.#outputs.push({ kind: 'probe', link });
  }

  /** No answer can come from the relay that was asked on this leg: it may be asked again over another link, or by others. */
  #forgetAsked(leg: LegId): void {
    const pending = this.#legs.at(leg);
    const link = pending?.legs.get(leg);
    for (const [relay, peer] of pending?.asked ?? []) if (peer.link === link) pending!.asked.delete(relay);
  }

  #giveUp(leg: LegId, failure: OpenFailure, nowMs: number): void {
    this.#outputs.push({ kind: 'cancel', leg, code: 'timeout' });
    this.handleLegFailed(leg, failure, nowMs);
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

  /** Forgets an OPEN and cancels what is still asked for it. */
  #end(pending: PendingOpen, code: WireCode): void {
    for (const leg of [...pending.legs.keys()]) {
      this.#legs.delete(leg);
      this.#outputs.push({ kind: 'cancel', leg, code });
    }
    this.#hedges.delete(pending.open);
    this.#opens.delete(pending);
    this.#standbyTurns.delete(pending.open);
  }
}
