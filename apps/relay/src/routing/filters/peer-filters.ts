import {
  BloomError,
  type BloomFilter,
  type BloomParameters,
  decodeDelta,
  decodeFilter,
  followFilter,
  positionsOf,
} from '@macula/bloom';
import type { Filter, FilterDelta, FilterVersion } from '@macula/wire';
import {
  filterAskEveryMs,
  filterBytesPerPeerMax,
  filterFillMax,
  filterRefusedAskEveryMs,
  peerFilterBytesMax,
} from '../limits.js';

interface Followed {
  filter: BloomFilter | undefined;
  /** The pieces of a whole filter that have come so far. */
  pieces: Uint8Array | undefined;
  filled: number;
  askedMs: number;
  /** The last one can't be used, or did not come whole, and it may be the same again. */
  isRefused: boolean;
}

/** The routing filters of the relays that we have peerings with: what each says of its own sessions' names. */
export class PeerFilters {
  readonly #keyKey: string;
  readonly #peers = new Map<string, Followed>();
  #bytes = 0;
  #filters = 0;

  /** @param keyId a filter that was made with another key says nothing here */
  constructor(keyId: Uint8Array) {
    this.#keyKey = Buffer.from(keyId).toString('hex');
  }

  /** A relay is a peer: it has said nothing yet. */
  add(peer: string): void {
    if (!this.#peers.has(peer)) this.#peers.set(peer, this.#nothing());
  }

  /** A relay is no peer any more: what it said would grow old. */
  delete(peer: string): void {
    this.#drop(this.#peers.get(peer));
    this.#peers.delete(peer);
  }

  /** Whether nothing is known of what its sessions are called. */
  lacks(peer: string): boolean {
    return this.#peers.get(peer)?.filter === undefined;
  }

  /** The relays that may have the element. */
  having(element: Uint8Array): string[] {
    const peers: string[] = [];
    let parameters: BloomParameters | undefined;
    let positions: readonly number[] = [];
    for (const [peer, { filter }] of this.#peers) {
      if (filter === undefined) continue;
      // Most filters have the same size, and where an element's bits are is what takes the time.
      if (filter.parameters.bits !== parameters?.bits || filter.parameters.hashes !== parameters.hashes) {
        ({ parameters } = filter);
        positions = positionsOf(element, parameters);
      }
      if (filter.hasAll(positions)) peers.push(peer);
    }
    return peers;
  }

  /** Gives whether the peer must be asked for its whole filter. A filter that contradicts itself is forgotten, and asked for again. */
  handle(peer: string, message: Filter | FilterDelta | FilterVersion, nowMs: number): boolean {
    const followed = this.#peers.get(peer) ?? this.#nothing();
    this.#peers.set(peer, followed);
    let isMissing: boolean;
    try {
      isMissing = this.#take(followed, message);
    } catch (error) {
      if (!(error instanceof BloomError)) throw error;
      this.#drop(followed);
      isMissing = true;
    }
    const everyMs = followed.isRefused ? filterRefusedAskEveryMs : filterAskEveryMs;
    if (!isMissing || nowMs - followed.askedMs < everyMs) return false;
    followed.askedMs = nowMs;
    return true;
  }

  /** The peers of which nothing is known. */
  get lacking(): readonly string[] {
    if (this.#filters === this.#peers.size) return [];
    return [...this.#peers].filter(([, { filter }]) => filter === undefined).map(([peer]) => peer);
  }

  /** Filters held, and their bytes. */
  get size(): { readonly filters: number; readonly bytes: number } {
    return { filters: this.#filters, bytes: this.#bytes };
  }

  /** Gives whether something is missing. */
  #take(followed: Followed, message: Filter | FilterDelta | FilterVersion): boolean {
    const { filter } = followed;
    switch (message.kind) {
      case 'filter_version':
        if (followed.pieces !== undefined) {
          // Pieces come one after the other: those that are still missing are lost, as they are where the whole is too large for what may wait.
          followed.pieces = undefined;
          followed.isRefused = true;
        }
        return (
          filter === undefined ||
          message.epoch > filter.epoch ||
          (message.epoch === filter.epoch && message.version > filter.version)
        );
      case 'filter_delta': {
        if (followed.pieces !== undefined) return false; // what comes is at least as new, and what is missing then shows
        const { outcome, filter: next } = followFilter(filter, decodeDelta(message.delta));
        if (outcome === 'taken') this.#hold(followed, next);
        return outcome === 'repair';
      }
      case 'filter':
        return this.#takePiece(followed, message);
    }
  }

  #takePiece(followed: Followed, { keyId, offset, total, part }: Filter): boolean {
    if (Buffer.from(keyId).toString('hex') !== this.#keyKey || total > filterBytesPerPeerMax) {
      this.#drop(followed);
      followed.isRefused = true;
      return false;
    }
    if (offset === 0) {
      followed.pieces = new Uint8Array(total);
      followed.filled = 0;
    }
    if (followed.pieces?.length !== total || offset !== followed.filled) {
      followed.pieces = undefined;
      return true;
    }
    followed.pieces.set(part, offset);
    followed.filled += part.length;
    if (followed.filled < total) return false;
    const whole = decodeFilter(followed.pieces);
    followed.pieces = undefined;
    const { outcome, filter } = followFilter(followed.filter, whole);
    if (outcome === 'taken') this.#hold(followed, filter);
    return false;
  }

  #nothing(): Followed {
    const none = { filter: undefined, pieces: undefined, filled: 0 };
    return { ...none, askedMs: Number.NEGATIVE_INFINITY, isRefused: false };
  }

  #hold(followed: Followed, filter: BloomFilter | undefined): void {
    this.#drop(followed);
    const bytes = bytesOf(filter);
    const isFull = filter !== undefined && filter.fillRatio > filterFillMax;
    followed.isRefused = isFull || this.#bytes + bytes > peerFilterBytesMax;
    if (followed.isRefused) return; // its relay is asked for every name instead
    followed.filter = filter;
    if (filter !== undefined) this.#filters++;
    this.#bytes += bytes;
  }

  #drop(followed: Followed | undefined): void {
    if (followed === undefined) return;
    this.#bytes -= bytesOf(followed.filter);
    if (followed.filter !== undefined) this.#filters--;
    followed.filter = undefined;
    followed.pieces = undefined;
  }
}

function bytesOf(filter: BloomFilter | undefined): number {
  return filter === undefined ? 0 : Math.ceil(filter.parameters.bits / 8);
}
