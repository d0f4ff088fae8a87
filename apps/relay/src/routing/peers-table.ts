import { bytesKey, type LinkId, type PeerLink } from './types.js';

/** One relay that can be asked, over the link chosen for it. */
export interface AskablePeer {
  readonly link: LinkId;
  readonly identity: Uint8Array;
  readonly identityKey: string;
}

/**
 * The relays we are connected with. Two relays that dial each other have two links; both ends choose the same one for OPENs:
 * the one dialled by the relay with the smaller identity, and among several of the same dialer the newest. While that does not answer, another one
 * that does is used.
 */
export class PeersTable {
  /** Whether a link does not answer. */
  isSilent: (link: LinkId) => boolean = () => false;
  readonly #ownKey: string;
  readonly #linksByPeer = new Map<string, PeerLink[]>();
  readonly #peerByLink = new Map<LinkId, string>();

  constructor(ownIdentity: Uint8Array) {
    this.#ownKey = bytesKey(ownIdentity);
  }

  add(peer: PeerLink): void {
    const key = bytesKey(peer.identity);
    const links = this.#linksByPeer.get(key) ?? [];
    this.#linksByPeer.set(
      key,
      [...links, peer].sort((a, b) => this.#compare(key, a, b)),
    );
    this.#peerByLink.set(peer.link, key);
  }

  remove(link: LinkId): boolean {
    const key = this.#peerByLink.get(link);
    if (key === undefined) return false;
    this.#peerByLink.delete(link);
    const links = (this.#linksByPeer.get(key) ?? []).filter((peer) => peer.link !== link);
    if (links.length === 0) this.#linksByPeer.delete(key);
    else this.#linksByPeer.set(key, links);
    return true;
  }

  has(link: LinkId): boolean {
    return this.#peerByLink.has(link);
  }

  /** The relay at the end of a link. */
  identityKey(link: LinkId): string | undefined {
    return this.#peerByLink.get(link);
  }

  /** Whether there is a link to this relay. */
  hasRelay(identityKey: string): boolean {
    return this.#linksByPeer.has(identityKey);
  }

  /** The relay with this identity, over its chosen link. */
  at(identityKey: string): AskablePeer | undefined {
    const first = this.#chosen(identityKey);
    return first === undefined ? undefined : { link: first.link, identity: first.identity, identityKey };
  }

  /** Whether OPENs to that link's relay use this very link. */
  isChosen(link: LinkId): boolean {
    const key = this.#peerByLink.get(link);
    return key !== undefined && this.#chosen(key)?.link === link;
  }

  /** Every relay once, over its chosen link, but for those in `visited` and the asking link's own. */
  askable(visited: readonly Uint8Array[], from: LinkId): AskablePeer[] {
    const excluded = new Set(visited.map(bytesKey));
    const fromKey = this.#peerByLink.get(from);
    if (fromKey !== undefined) excluded.add(fromKey);
    excluded.add(this.#ownKey);
    const peers: AskablePeer[] = [];
    for (const identityKey of this.#linksByPeer.keys()) {
      const first = this.#chosen(identityKey);
      if (first === undefined || excluded.has(identityKey)) continue;
      peers.push({ link: first.link, identity: first.identity, identityKey });
    }
    return peers;
  }

  /** Number of different relays. */
  get size(): number {
    return this.#linksByPeer.size;
  }

  #chosen(identityKey: string): PeerLink | undefined {
    const links = this.#linksByPeer.get(identityKey);
    if (links === undefined || links.length === 1) return links?.[0];
    return links.find(({ link }) => !this.isSilent(link)) ?? links[0];
  }

  #compare(peerKey: string, a: PeerLink, b: PeerLink): number {
    const preferDialled = this.#ownKey < peerKey;
    if (a.dialled !== b.dialled) return a.dialled === preferDialled ? -1 : 1;
    return b.link - a.link;
  }
}
