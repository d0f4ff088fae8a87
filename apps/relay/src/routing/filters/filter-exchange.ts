import { elementOf } from '@macula/bloom';
import { hmacSha256 } from '@macula/crypto';
import type { Filter, FilterAsk, FilterDelta, FilterVersion } from '@macula/wire';
import { OutputQueue } from '../../core/output-queue.js';
import { filterFlushMs, filterVersionEveryMs } from '../limits.js';
import type { ListedName } from '../names-table.js';
import type { PeersTable } from '../peers-table.js';
import { type LinkId, noLink } from '../types.js';
import { OwnFilter } from './own-filter.js';
import { PeerFilters } from './peer-filters.js';

/** Settings of a {@link FilterExchange}. */
export interface FilterOptions {
  /** The mesh filter key, the same at all relays that shall understand each other's filters: 32 bytes. */
  readonly key: Uint8Array;
  /** Larger than at the last start if the clock is right: milliseconds since 1970. */
  readonly epoch: number;
}

/** A message that can be asked for again. */
export interface FilterOutput {
  readonly kind: 'send';
  readonly links: readonly LinkId[];
  readonly message: Filter | FilterDelta | FilterVersion | FilterAsk;
}

/** Tells the peers which names sessions here have, and knows what they tell. See SPEC.md, F1 to F7. */
export class FilterExchange {
  readonly #key: Uint8Array;
  readonly #peers: PeersTable;
  readonly #own: OwnFilter;
  readonly #theirs: PeerFilters;
  readonly #outputs = new OutputQueue<FilterOutput>();
  #isDirty = false;
  #flushedMs = Number.NEGATIVE_INFINITY;
  #versionMs = 0;

  constructor({ key, epoch }: FilterOptions, peers: PeersTable) {
    const keyId = hmacSha256(key, [new TextEncoder().encode('macula filter key id')]).subarray(0, 8);
    this.#key = key;
    this.#peers = peers;
    this.#own = new OwnFilter(keyId, epoch);
    this.#theirs = new PeerFilters(keyId);
  }

  /** Names that sessions here have got or lost. */
  handleListed(listed: readonly ListedName[], nowMs: number): void {
    for (const { realm, name, isListed } of listed) {
      const key = `${realm}\0${name}`;
      const element = isListed ? this.#elementOf(realm, name) : undefined;
      if (element !== undefined) this.#own.add(key, element);
      else this.#own.remove(key);
      this.#isDirty = true;
    }
    this.#flush(nowMs);
  }

  /** A peering stands. */
  handlePeerUp(peer: string, link: LinkId): void {
    this.#theirs.add(peer);
    this.#tell(link);
  }

  #tell(link: LinkId): void {
    for (const message of this.#own.whole()) this.#outputs.push({ kind: 'send', links: [link], message });
  }

  /** A peering is over; `isLast`: there is no other one with that relay. */
  handlePeerDown(peer: string, isLast: boolean): void {
    if (isLast) this.#theirs.delete(peer);
  }

  /** A peer tells of its names, or asks for ours. */
  handleMessage(
    { link, peer }: { readonly link: LinkId; readonly peer: string },
    message: Filter | FilterDelta | FilterVersion | FilterAsk,
    nowMs: number,
  ): void {
    if (message.kind === 'filter_ask') this.#tell(link);
    else if (this.#theirs.handle(peer, message, nowMs))
      this.#outputs.push({ kind: 'send', links: [link], message: { kind: 'filter_ask' } });
  }

  handleTimeout(nowMs: number): void {
    this.#flush(nowMs);
    if (nowMs < this.#versionMs) return;
    this.#versionMs = nowMs + filterVersionEveryMs;
    this.#send(this.#own.version());
  }

  pollTimeout(): number {
    return this.#isDirty ? Math.min(this.#versionMs, this.#flushedMs + filterFlushMs) : this.#versionMs;
  }

  pollOutput(): FilterOutput | undefined {
    return this.#outputs.shift();
  }

  /** Whether a peer must be asked for every name, since it has not told which it has. */
  lacks(peer: string): boolean {
    return this.#theirs.lacks(peer);
  }

  /** All such peers. */
  get lacking(): readonly string[] {
    return this.#theirs.lacking;
  }

  /** The peers that may have a session with this name. */
  having(realm: string, name: string): string[] {
    const element = this.#elementOf(realm, name);
    return element === undefined ? [] : this.#theirs.having(element);
  }

  /** Sizes of what is told and known. */
  get size(): { readonly names: number; readonly filters: number; readonly bytes: number } {
    const { names, bytes } = this.#own.size;
    const theirs = this.#theirs.size;
    return { names, filters: theirs.filters, bytes: bytes + theirs.bytes };
  }

  #flush(nowMs: number): void {
    if (!this.#isDirty || nowMs < this.#flushedMs + filterFlushMs) return;
    this.#isDirty = false;
    this.#flushedMs = nowMs;
    for (const message of this.#own.publish()) this.#send(message);
  }

  #send(message: FilterOutput['message']): void {
    const links = this.#peers.askable([], noLink).map(({ link }) => link);
    if (links.length > 0) this.#outputs.push({ kind: 'send', links, message });
  }

  /** None for a realm that filters can't hold: its names are found by what relays say of their owners. */
  #elementOf(realm: string, name: string): Uint8Array | undefined {
    if (realm.includes('\0')) return undefined;
    return elementOf({ realm, name }, (message) => hmacSha256(this.#key, [message]));
  }
}
