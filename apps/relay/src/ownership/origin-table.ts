import { ownedBytesMax, ownedBytesPerOriginMax, ownedOriginsKnownMax } from '../limits.js';
import type { OriginLog, SaidEntry } from './origin-log.js';

/** How an {@link OriginTable} tells relays that exist from those that somebody may have made up. */
export interface OriginTableOptions {
  /** Whether there is a peering with it. */
  readonly isPeer: (key: string) => boolean;
  /** Whether its key is on the list of relays; where a secret or nothing admits them there is no list. */
  readonly isListed: (identity: Uint8Array) => boolean;
  /** Default {@link ownedOriginsKnownMax}. */
  readonly originsMax?: number;
  /** Default {@link ownedBytesMax}. */
  readonly bytesMax?: number;
}

/** An entry that wants to be kept. */
export interface Wanted {
  readonly entry: SaidEntry;
  readonly bytes: Uint8Array;
  /** The relay that passed it on. */
  readonly sender: string;
}

/**
 * What is known of all other relays, within bounds. Neighbours and relays on the list are never pushed out; of the others, which a relay may
 * have made up, each relay that passes them on has its share: who has passed on most gives way, its newest first.
 */
export class OriginTable {
  readonly #options: OriginTableOptions;
  readonly #originsMax: number;
  readonly #bytesMax: number;
  readonly #logs = new Map<string, OriginLog>();
  readonly #evicted: OriginLog[] = [];

  constructor(options: OriginTableOptions) {
    this.#options = options;
    this.#originsMax = options.originsMax ?? ownedOriginsKnownMax;
    this.#bytesMax = options.bytesMax ?? ownedBytesMax;
  }

  get(key: string): OriginLog | undefined {
    return this.#logs.get(key);
  }

  values(): IterableIterator<OriginLog> {
    return this.#logs.values();
  }

  delete(log: OriginLog): void {
    this.#logs.delete(log.key);
  }

  /** Forgets relays; looks again which of the others are on the list. */
  purge(belongs: (log: OriginLog) => boolean): OriginLog[] {
    const gone = [...this.#logs.values()].filter((log) => !belongs(log));
    for (const log of gone) this.delete(log);
    for (const log of this.#logs.values()) log.isListed = this.#options.isListed(log.identity);
    return gone;
  }

  /** Makes room for an entry; false when there is none. Who has lost its place for that is told by `takeEvicted`. */
  makeRoom(log: OriginLog, wanted: Wanted): boolean {
    const isBounded = isBoundedAnyway(log, wanted.entry);
    const bytes = isBounded ? 0 : wanted.bytes.length;
    if (!isBounded && log.bytes + bytes > ownedBytesPerOriginMax) return false;
    const isKnown = this.#logs.get(log.key) === log;
    if (!isKnown) {
      log.introducedBy = wanted.sender;
      log.isListed = this.#options.isListed(log.identity);
    }
    while (!isKnown && this.#logs.size >= this.#originsMax) {
      const victim = this.#victimFor(log, () => 1);
      if (victim === undefined) return false;
      this.#evict(victim);
    }
    let total = bytes === 0 ? 0 : this.#bytes() + bytes;
    while (total > this.#bytesMax) {
      const victim = this.#victimFor(log, (other) => other.bytes);
      if (victim === undefined) return false;
      this.#evict(victim);
      total -= victim.bytes;
    }
    this.#logs.set(log.key, log);
    return true;
  }

  /** Who has lost its place since the last call. */
  takeEvicted(): OriginLog[] {
    return this.#evicted.splice(0);
  }

  /** The newest of those that the relay passed on which uses most; none when the one that wants room uses as much itself. */
  #victimFor(log: OriginLog, sizeOf: (log: OriginLog) => number): OriginLog | undefined {
    const used = new Map<string, number>();
    const newest = new Map<string, OriginLog>();
    for (const other of this.#logs.values()) {
      if (!this.#isExpendable(other)) continue;
      used.set(other.introducedBy, (used.get(other.introducedBy) ?? 0) + sizeOf(other));
      if (other !== log) newest.set(other.introducedBy, other);
    }
    const [greediest, most] = [...used].reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0] as [string, number]);
    if (this.#isExpendable(log) && (used.get(log.introducedBy) ?? 0) >= most) return undefined;
    return newest.get(greediest);
  }

  #evict(log: OriginLog): void {
    this.delete(log);
    this.#evicted.push(log);
  }

  #isExpendable(log: OriginLog): boolean {
    return !log.isListed && !this.#options.isPeer(log.key);
  }

  #bytes(): number {
    let bytes = 0;
    for (const log of this.#logs.values()) bytes += log.bytes;
    return bytes;
  }
}

/** Whether an entry takes the place of what is at least as large, or of the one before of its kind. */
function isBoundedAnyway(log: OriginLog, entry: SaidEntry): boolean {
  switch (entry.kind) {
    case 'claim':
      return false;
    case 'release':
      return log.ofSession(entry.session) !== undefined;
    case 'beat':
    case 'neighbours':
    case 'conflict':
    case 'unknown':
      return true;
  }
}
