import type { OwnedEntry } from '@macula/wire';
import { nameFreeAfterMs, ownedReleaseKeptMs } from '../limits.js';
import { bytesKey } from '../routing/types.js';
import type { Holding } from './types.js';

/** An entry of a kind that this version doesn't know: passed on, and not kept. */
export type SaidEntry = OwnedEntry | { readonly kind: 'unknown' };

/** An entry in force, as its origin sent it. */
export interface LogRecord {
  readonly version: number;
  readonly entry: SaidEntry;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  /** When it was said, as far as is known here. */
  readonly learnedMs: number;
  /** Of a claim, and of the release of one whose names are reserved. */
  holding?: Holding | undefined;
}

/** An entry that has come, with its place. */
export interface ArrivedEntry extends LogRecord {
  readonly epoch: number;
  /** Nothing that was said behind this version and before the entry is in force. */
  readonly from: number;
}

/** What an entry did to the log. */
export interface Taken {
  /** The entry is news. */
  readonly isNew: boolean;
  /** There is something before it that is not known here. */
  readonly isGap: boolean;
  /** What it took the place of. */
  readonly replaced: LogRecord | undefined;
  /** What is no longer in force, without a word from the origin that is known here. */
  readonly dropped: readonly LogRecord[];
  /** What the former life of the origin had said. */
  readonly formerLife: readonly LogRecord[];
}

/**
 * What one relay says of its sessions' names, as far as it is known here: of each session the last word, by version. Up to `floor`
 * everything in force is known.
 */
export class OriginLog {
  readonly identity: Uint8Array;
  readonly key: string;
  epoch = 0;
  floor = 0;
  /** Behind the highest version that was forgotten although it was the last word: who knows less needs the whole list. */
  purgedTo = 0;
  /** When its relay last gave a sign of life. */
  heardMs: number = Number.NEGATIVE_INFINITY;
  /** When others were last asked about it, and what was known then. */
  askedMs: number = Number.NEGATIVE_INFINITY;
  askedVersion = -1;
  /** When its relay, or who speaks of it, was last told of a higher epoch. */
  evidenceMs: number = Number.NEGATIVE_INFINITY;
  bytes = 0;
  /** First 8 bytes of the relays that have its entries from itself. */
  neighbours: ReadonlySet<string> = new Set();
  readonly #records = new Map<number, LogRecord>();
  readonly #releases = new Set<LogRecord>();
  /** Ascending. */
  #versions: number[] = [];
  readonly #byVersion = new Map<number, LogRecord>();
  #top = 0;

  constructor(identity: Uint8Array) {
    this.identity = identity;
    this.key = bytesKey(identity);
  }

  /** Whether its relay counts as alive. */
  isLive(nowMs: number): boolean {
    return nowMs - this.heardMs < nameFreeAfterMs;
  }

  /** Whether an entry can't change anything, so that its signature needn't be checked. */
  isKnown(epoch: number, version: number, from: number): boolean {
    return epoch === this.epoch && version <= this.floor && from >= version - 1 && version > 1;
  }

  /** Takes an entry of this epoch or a higher one. `mayRestart`: whether its sender may begin the list anew. */
  take(arrived: ArrivedEntry, mayRestart: boolean): Taken {
    const { epoch, from, version } = arrived;
    const formerLife = epoch > this.epoch ? this.begin(epoch) : [];
    const isRestart = from === 0 && mayRestart;
    const dropped = this.#between(from, version);
    for (const record of dropped) this.#remove(record);
    const isGap = from > this.floor;
    const key = keyOf(arrived.entry);
    const replaced = key === undefined ? undefined : this.#records.get(key);
    const isNew = version > (isRestart ? 0 : this.floor) && version > (replaced?.version ?? 0);
    if (version > this.#top) {
      this.#top = version;
      this.heardMs = Math.max(this.heardMs, arrived.learnedMs);
    }
    if (isNew) this.#put(key, recordOf(arrived), replaced);
    if (!isGap) this.floor = isRestart ? version : Math.max(this.floor, version);
    return { isNew, isGap, replaced: isNew ? replaced : undefined, dropped, formerLife };
  }

  /** A new life of its relay; gives what the former one had said. */
  begin(epoch: number): LogRecord[] {
    const former = [...this.#records.values()];
    this.#clear();
    this.epoch = epoch;
    this.#top = 0;
    return former;
  }

  /** Forgets everything but the epoch; gives what was in force. */
  forget(): LogRecord[] {
    const forgotten = [...this.#records.values()];
    this.#clear();
    return forgotten;
  }

  /** Forgets releases that everybody has heard of. */
  purge(nowMs: number): void {
    for (const record of [...this.#releases]) {
      if (nowMs - record.learnedMs < ownedReleaseKeptMs) continue;
      this.#remove(record);
      this.purgedTo = Math.max(this.purgedTo, record.version);
    }
  }

  /** What is in force behind a version, in order; what lies behind a gap is left out. */
  recordsAfter(version: number): LogRecord[] {
    const end = this.#indexOf(this.floor + 1);
    return this.#versions.slice(this.#indexOf(version + 1), end).map((v) => this.#byVersion.get(v)!);
  }

  /** The last word of all. */
  get last(): LogRecord | undefined {
    const version = this.#versions.at(-1);
    return version === undefined ? undefined : this.#byVersion.get(version);
  }

  /** Its relay's last sign of life. */
  get beat(): LogRecord | undefined {
    return this.#records.get(beatKey);
  }

  /** The entry in force with that version. */
  ofVersion(version: number): LogRecord | undefined {
    return this.#byVersion.get(version);
  }

  /** What was said of a session. */
  ofSession(session: number): LogRecord | undefined {
    return this.#records.get(session);
  }

  /** Everything in force. */
  records(): IterableIterator<LogRecord> {
    return this.#records.values();
  }

  #put(key: number | undefined, record: LogRecord, replaced: LogRecord | undefined): void {
    if (replaced !== undefined) this.#remove(replaced);
    if (key === undefined) return;
    if (record.entry.kind === 'neighbours') this.neighbours = prefixesIn(record.entry.relays);
    if (record.entry.kind === 'release') this.#releases.add(record);
    this.#records.set(key, record);
    this.#byVersion.set(record.version, record);
    this.#versions.splice(this.#indexOf(record.version), 0, record.version);
    this.bytes += record.bytes.length + recordOverheadBytes;
  }

  #remove(record: LogRecord): void {
    this.#records.delete(keyOf(record.entry)!);
    this.#releases.delete(record);
    this.#byVersion.delete(record.version);
    this.#versions.splice(this.#indexOf(record.version), 1);
    this.bytes -= record.bytes.length + recordOverheadBytes;
  }

  #clear(): void {
    this.#records.clear();
    this.#releases.clear();
    this.#byVersion.clear();
    this.#versions = [];
    this.neighbours = new Set();
    this.floor = 0;
    this.purgedTo = 0;
    this.bytes = 0;
  }

  #between(from: number, version: number): LogRecord[] {
    if (from >= version - 1) return [];
    const versions = this.#versions.slice(this.#indexOf(from + 1), this.#indexOf(version));
    return versions.map((v) => this.#byVersion.get(v)!);
  }

  /** Where a version is, or would be. */
  #indexOf(version: number): number {
    let low = 0;
    let high = this.#versions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#versions[middle]! < version) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function recordOf({ version, entry, bytes, signature, learnedMs }: ArrivedEntry): LogRecord {
  return { version, entry, bytes, signature, learnedMs };
}

/** The first 8 bytes of an identity, as neighbours are listed. */
export function relayPrefix(identityKey: string): string {
  return identityKey.slice(0, 8);
}

/** Under what an entry is kept: sessions by number, what a relay says of itself below. Undefined: not kept. */
function keyOf(entry: SaidEntry): number | undefined {
  switch (entry.kind) {
    case 'claim':
    case 'release':
      return entry.session;
    case 'beat':
      return beatKey;
    case 'neighbours':
      return neighboursKey;
    case 'conflict':
    case 'unknown':
      return undefined;
  }
}

function prefixesIn(relays: Uint8Array): ReadonlySet<string> {
  const prefixes = new Set<string>();
  for (let at = 0; at < relays.length; at += 8) prefixes.add(bytesKey(relays.subarray(at, at + 8)));
  return prefixes;
}

const beatKey = 0;
const neighboursKey = -1;
/** What a record costs beside its bytes, roughly. */
const recordOverheadBytes = 500;
