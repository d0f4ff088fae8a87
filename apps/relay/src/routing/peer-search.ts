import { type Open, visitedRelaysMax } from '@macula/wire';
import { AskablePeers } from './askable-peers.js';
import type { FilterExchange } from './filters/filter-exchange.js';
import { coveredRelaysMax, detoursMax, hedgeMsMin, newsMsMax } from './limits.js';
import type { Lines } from './lines.js';
import type { MeshView } from './mesh-view.js';
import type { AskablePeer, PeersTable } from './peers-table.js';
import type { PendingOpen } from './pending-open.js';
import { RouteCache } from './route-cache.js';
import { bytesKey, type LinkId, noLink } from './types.js';

/** What a {@link PeerSearch} looks at. */
export interface PeerSearchParts {
  /** This relay's identity, 32 bytes. */
  readonly identity: Uint8Array;
  readonly peers: PeersTable;
  readonly lines: Lines;
  /** Without it every peer is asked for every name. */
  readonly filters: Pick<FilterExchange, 'lacking' | 'having'> | undefined;
  /** Without it only peers are known. */
  readonly view: MeshView | undefined;
  /** Round trip to the relay at the end of a link, milliseconds. */
  readonly rttMs: (link: LinkId) => number | undefined;
}

/** The peers to ask now, and what. */
export interface Asks {
  readonly peers: readonly AskablePeer[];
  readonly message: Open;
}

/**
 * Which peers an OPEN goes to, in what order: first one that should have the name, then the next such one, then those that can reach one
 * whose own peering is broken, and in the end all that have not told which names they have. SPEC.md, O4 and O16 to O21.
 */
export class PeerSearch {
  readonly #parts: PeerSearchParts;
  readonly #ownKey: string;
  readonly #cache = new RouteCache();
  /** Peers that have left an OPEN without an answer, and have answered none since. */
  readonly #mute = new Set<string>();

  constructor(parts: PeerSearchParts) {
    this.#parts = parts;
    this.#ownKey = bytesKey(parts.identity);
  }

  /** The next to ask; undefined when there is nobody at present. */
  next(pending: PendingOpen, nowMs: number): Asks | undefined {
    const open = new AskablePeers(this.#parts.peers, pending);
    const wanted = this.#wanted(pending, nowMs);
    if (pending.hopsLeft <= 0) {
      pending.isCutOff = wanted.some((relay) => open.at(relay)) || this.#lacking(open).length > 0;
      return undefined;
    }
    const one = this.#direct(open, wanted) ?? this.#detour({ pending, open, wanted, nowMs });
    if (one !== undefined) return this.#asks(pending, { peers: [one], needless: this.#lacking(open), nowMs });
    if (pending.isEverybodyAsked) return undefined;
    pending.isEverybodyAsked = true;
    const peers = this.#unknown({ pending, open, nowMs });
    if (peers.length === 0) return undefined;
    for (const { identityKey } of peers) pending.unlikely.add(identityKey);
    // Who has told its names and has not this one need not be asked by them either, unless it may have told something else since.
    return this.#asks(pending, { peers, needless: this.#answering(open), nowMs });
  }

  /** Whether there are peers that were not asked since they have not told that they have the name. */
  isTrusting(pending: PendingOpen): boolean {
    return pending.hopsLeft > 0 && this.#parts.peers.size > pending.asked.size;
  }

  /** Links over which it would go if they answered. */
  silentLinks(pending: PendingOpen, nowMs: number): LinkId[] {
    const { lines, peers } = this.#parts;
    if (lines.silent === 0) return [];
    const open = new AskablePeers(peers, pending);
    const links = this.#wanted(pending, nowMs).map((relay) => open.at(relay)?.link);
    return links.filter((link): link is LinkId => link !== undefined && lines.isSilent(link));
  }

  /** How long to wait for an answer before somebody else is asked. */
  patienceMs(link: LinkId): number {
    return Math.max(hedgeMsMin, 2 * (this.#parts.rttMs(link) ?? 0));
  }

  /** How long news of a name may be on their way: the round trip to the farthest peer, and below a second, so that an unknown name is known for one by then. */
  newsMs(): number {
    const { peers, rttMs } = this.#parts;
    const times = peers.askable([], noLink).map(({ link }) => rttMs(link) ?? 0);
    return Math.min(newsMsMax, Math.max(hedgeMsMin, ...times));
  }

  /** A peer has answered an OPEN, in whatever way. */
  noteAnswered(peer: string): void {
    this.#mute.delete(peer);
  }

  /** A peer has left an OPEN without an answer until its deadline. */
  noteUnanswered(peer: string): void {
    this.#mute.add(peer);
  }

  /** Whether the peers on these links need not be waited for: they have not said that they have the name, and do not answer OPENs. */
  isInVain(pending: PendingOpen): boolean {
    if (this.#mute.size === 0) return false;
    for (const link of pending.legs.values()) {
      const peer = this.#parts.peers.identityKey(link);
      if (peer === undefined || !this.#mute.has(peer) || !pending.unlikely.has(peer)) return false;
    }
    return true;
  }

  /** A relay is no peer any more. */
  forgetPeer(peer: string): void {
    this.#mute.delete(peer);
  }

  /** A peer has answered with OPEN_OK. */
  noteFound({ message: { realm, to } }: PendingOpen, peer: string, nowMs: number): void {
    this.#cache.add(realm, to, peer, nowMs);
  }

  /** A peer has not found it. */
  noteNotFound({ message: { realm, to } }: PendingOpen, peer: string): void {
    this.#cache.delete(realm, to, peer);
  }

  /** Relays that should have the name, the likeliest first. */
  #wanted({ message }: PendingOpen, nowMs: number): readonly string[] {
    const { view, filters } = this.#parts;
    const { realm, to, hints = [], visited } = message;
    const cached = this.#cache.at(realm, to, nowMs);
    const relays = new Set([
      ...(view?.holders(realm, to, nowMs) ?? []),
      ...hints.map(bytesKey),
      ...(cached === undefined ? [] : [cached]),
      ...(filters?.having(realm, to) ?? []),
    ]);
    relays.delete(this.#ownKey);
    for (const relay of visited) relays.delete(bytesKey(relay));
    return [...relays];
  }

  #direct(open: AskablePeers, wanted: readonly string[]): AskablePeer | undefined {
    for (const relay of wanted) {
      const peer = open.at(relay);
      if (peer !== undefined && !this.#parts.lines.isSilent(peer.link)) return peer;
    }
    return undefined;
  }

  /** A peer of a relay that should have the name and can't be asked itself, or does not answer. */
  #detour({
    pending,
    open,
    wanted,
    nowMs,
  }: Search & { readonly wanted: readonly string[] }): AskablePeer | undefined {
    const { view } = this.#parts;
    if (view === undefined || pending.hopsLeft < 2) return undefined;
    for (const relay of wanted) {
      const direct = pending.asked.get(relay);
      if (direct !== undefined && !this.#isDoubtful(direct, nowMs)) continue;
      const tried = pending.detours.get(relay) ?? 0;
      if (tried >= detoursMax) continue;
      const [nearest] = this.#answering(open)
        .filter(({ identityKey }) => identityKey !== relay && view.mayReach(relay, identityKey))
        .sort(
          (a, b) =>
            Number(view.mayReach(b.identityKey, relay)) - Number(view.mayReach(a.identityKey, relay)) ||
            this.patienceMs(a.link) - this.patienceMs(b.link),
        );
      if (nearest === undefined) continue;
      pending.detours.set(relay, tried + 1);
      return nearest;
    }
    return undefined;
  }

  /** Everybody who may have the name as far as is known: those that have not told their names, and for relays that aren't peers, or don't answer, some who are theirs. */
  #unknown({ pending, open, nowMs }: Search): AskablePeer[] {
    const { view } = this.#parts;
    const chosen = new Set(this.#lacking(open));
    if (view === undefined || pending.hopsLeft < 2) return [...chosen];
    const visited = new Set(pending.message.visited.map(bytesKey));
    let uncovered = 0;
    for (const relay of view.relays(nowMs)) {
      if (uncovered >= coveredRelaysMax) break;
      if (visited.has(relay) || this.#isHeard(relay)) continue;
      const isCovered =
        [...chosen].some(({ identityKey }) => isBetween(view, identityKey, relay)) ||
        [...pending.asked.keys()].some((asked) => isBetween(view, asked, relay));
      if (isCovered) continue;
      const ways = this.#answering(open).filter(({ identityKey }) => view.mayReach(relay, identityKey));
      const [sure] = ways.filter(({ identityKey }) => view.mayReach(identityKey, relay));
      for (const peer of sure === undefined ? ways.slice(0, detoursMax) : [sure]) {
        chosen.add(peer);
        uncovered++;
      }
    }
    return [...chosen];
  }

  /** Whether there is a peering with a relay that tells which names it has. */
  #isHeard(relay: string): boolean {
    const link = this.#parts.peers.at(relay)?.link;
    return link !== undefined && !this.#parts.lines.isSilent(link);
  }

  #lacking(open: AskablePeers): AskablePeer[] {
    const { filters, lines } = this.#parts;
    if (filters === undefined) return this.#answering(open);
    const peers = filters.lacking.map((relay) => open.at(relay));
    return peers.filter((peer): peer is AskablePeer => peer !== undefined && !lines.isSilent(peer.link));
  }

  #answering(open: AskablePeers): AskablePeer[] {
    return open.all.filter(({ link }) => !this.#parts.lines.isSilent(link));
  }

  #asks(
    pending: PendingOpen,
    {
      peers,
      needless,
      nowMs,
    }: { peers: readonly AskablePeer[]; needless: readonly AskablePeer[]; nowMs: number },
  ): Asks {
    const { visited } = pending.message;
    const room = Math.max(0, visitedRelaysMax - visited.length - 1);
    const asked = peers.slice(0, room);
    for (const peer of asked) pending.asked.set(peer.identityKey, peer);
    // Who was asked over a line that may be broken may be asked by others.
    const told = new Map(needless.map((peer) => [peer.identityKey, peer]));
    for (const peer of pending.asked.values())
      if (asked.includes(peer) || !this.#isDoubtful(peer, nowMs)) told.set(peer.identityKey, peer);
    const all = [...told.values()].slice(0, room);
    return {
      peers: asked,
      message: {
        ...pending.message,
        visited: [...visited, this.#parts.identity, ...all.map(({ identity }) => identity)],
        hopsLeft: pending.hopsLeft - 1,
      },
    };
  }

  #isDoubtful({ link }: AskablePeer, nowMs: number): boolean {
    return this.#parts.lines.isDoubtful(link, this.patienceMs(link), nowMs);
  }
}

interface Search {
  readonly pending: PendingOpen;
  readonly open: AskablePeers;
  readonly nowMs: number;
}

/** Whether two relays have a peering, as far as both say. */
function isBetween(view: MeshView, one: string, other: string): boolean {
  return view.mayReach(one, other) && view.mayReach(other, one);
}
