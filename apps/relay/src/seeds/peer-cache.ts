import { RelayError } from '../errors.js';
import { readPrivateFile, writePrivateFile } from '../identity-file.js';
import { cachedPeerSeenStepMs, cachedPeersMax, peerCacheBytesMax, peerCacheWriteEveryMs } from './limits.js';
import {
  type CachedPeer,
  isCachedPeer,
  lastSeenFirst,
  parsePeerCache,
  peerCacheText,
} from './peer-cache-file.js';

export type { CachedPeer } from './peer-cache-file.js';

/** Tells people what is wrong with the cache, and what they can do. */
export type PeerCacheWarning = (why: string, remedy: string) => void;

/** Writes the file; rejects with what went wrong. */
export type PeerCacheWriter = (path: string, text: string) => Promise<unknown>;

/**
 * The relays that were seen lately, in a file, so that a relay that starts again finds its mesh also where the seeds are gone. A file that can't be
 * read or written is a warning and nothing else.
 *
 * Call order: {@link PeerCache.load}; `note`, `forget` and `entries` at any time; `close`.
 */
export class PeerCache {
  readonly #path: string;
  readonly #onWarning: PeerCacheWarning;
  readonly #write: PeerCacheWriter;
  readonly #peers: Map<string, CachedPeer>;
  /** What the file has. */
  #written: ReadonlyMap<string, CachedPeer>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Ends with the write that is under way, or was last. Never rejects. */
  #writing: Promise<void> = Promise.resolve();
  #isFailing = false;
  #isClosed = false;

  private constructor(
    path: string,
    peers: readonly CachedPeer[],
    onWarning: PeerCacheWarning,
    write: PeerCacheWriter,
  ) {
    this.#path = path;
    this.#onWarning = onWarning;
    this.#write = write;
    this.#peers = byId(peers);
    this.#written = byId(peers);
  }

  /**
   * Reads the file; one that is missing is empty, and so is one that is damaged, larger than `peerCacheBytesMax` or may be written by others, with a warning.
   *
   * @param path - of the file.
   * @param nowMs - milliseconds since 1970.
   * @param onWarning - told here, and once when the file can't be written until it can be again.
   * @param write - default: beside the path first, flushed to disk, mode 0600, then renamed.
   */
  static async load(
    path: string,
    nowMs: number,
    onWarning: PeerCacheWarning,
    write: PeerCacheWriter = (to, text) => writePrivateFile(to, text, 'replace'),
  ): Promise<PeerCache> {
    return new PeerCache(path, await read(path, nowMs, onWarning), onWarning, write);
  }

  /** The last seen first. */
  entries(): readonly CachedPeer[] {
    return lastSeenFirst(this.#peers.values());
  }

  /** A relay was seen. Where there are `cachedPeersMax` already, the one that was not seen for the longest time goes. One whose id, URL or time could not be read again is not kept. */
  note(peer: CachedPeer): void {
    if (!isCachedPeer(peer)) return;
    this.#peers.set(peer.id, peer);
    if (this.#peers.size > cachedPeersMax) {
      const oldest = [...this.#peers.values()].reduce((a, b) => (b.seenMs < a.seenMs ? b : a));
      this.#peers.delete(oldest.id);
    }
    this.#writeLater();
  }

  /** A relay is gone for good, or was never one. */
  forget(id: string): void {
    this.#peers.delete(id);
    this.#writeLater();
  }

  /** Writes what is not written yet. Nothing is written afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#writing;
    if (this.#differs(1)) await this.#save();
  }

  #writeLater(): void {
    if (this.#isClosed || this.#timer !== undefined || !this.#differs(cachedPeerSeenStepMs)) return;
    this.#timer = setTimeout(() => {
      this.#writing = this.#save().finally(() => {
        this.#timer = undefined;
        // What came meanwhile.
        if (!this.#isFailing) this.#writeLater();
      });
    }, peerCacheWriteEveryMs);
    this.#timer.unref();
  }

  /** Whether the file has other relays, other URLs, or one that was seen so many milliseconds before. */
  #differs(seenStepMs: number): boolean {
    if (this.#peers.size !== this.#written.size) return true;
    return [...this.#peers.values()].some(({ id, url, seenMs }) => {
      const written = this.#written.get(id);
      return written === undefined || written.url !== url || Math.abs(seenMs - written.seenMs) >= seenStepMs;
    });
  }

  async #save(): Promise<void> {
    const peers = this.entries();
    try {
      await this.#write(this.#path, peerCacheText(peers));
      this.#written = byId(peers);
      this.#isFailing = false;
    } catch (thrown) {
      const { message, remedy } = RelayError.from(thrown, 'data_dir_unusable', writable);
      if (!this.#isFailing)
        this.#onWarning(`the peer cache ${this.#path} can't be written: ${message}`, remedy);
      this.#isFailing = true;
    }
  }
}

async function read(
  path: string,
  nowMs: number,
  onWarning: PeerCacheWarning,
): Promise<readonly CachedPeer[]> {
  try {
    const bytes = await readPrivateFile(path, 'data_dir_unusable', {
      othersMay: 'read',
      bytesMax: peerCacheBytesMax,
      mayBePipe: false,
    });
    return bytes === undefined ? [] : parsePeerCache(bytes.toString('utf8'), nowMs);
  } catch (thrown) {
    const { message, remedy } = RelayError.from(thrown, 'data_dir_unusable', writable);
    onWarning(`the peer cache ${path} is not used: ${message}`, remedy);
    return [];
  }
}

function byId(peers: readonly CachedPeer[]): Map<string, CachedPeer> {
  return new Map(peers.map((peer) => [peer.id, peer]));
}

const writable = 'Give a data directory that this user may read and write.';
