import { constantTimeEqual } from '@macula/crypto';
import { claimsDigest, type OwnedEntry } from '@macula/wire';
import {
  nameFreeAfterMs,
  ownedPassedOnMax,
  ownedReleaseKeptMs,
  ownedRepairMsMax,
  ownedRepairMsMin,
} from '../limits.js';
import { bytesKey } from '../routing/types.js';
import { Listing } from './listing.js';
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
  /** Nothing that was said behind this version and before the entry is in force, as far as this is believed. */
  readonly from: number;
  /** Key of the relay that passed it on, and what it said of `from`. */
  readonly told: { readonly sender: string; readonly from: number };
}

/** What an entry did to the log. */
export interface Taken {
  /** The entry is news. */
  readonly isNew: boolean;
  /** There is something before it that is not known here. */
  readonly isGap: boolean;
  /** What it took the place of. */
  readonly replaced: LogRecord | undefined;
  /** What turned out to be over although no release of it is known here. */
  readonly dropped: readonly LogRecord[];
  /** What the former life of the origin had said. */
  readonly formerLife: readonly LogRecord[];
}

/**
 * What one relay says of its sessions' names, as far as it is known here: of each session the last word, by version. Up to `floor`
 * everything in force is known, unless somebody on the way has left something out; the digest in its signs of life shows that.
 */
export class OriginLog {
  readonly identity: Uint8Array;
  readonly key: string;
  epoch = 0;
  floor = 0;
  /** When its relay last gave a sign of life. */
  heardMs: number = Number.NEGATIVE_INFINITY;
  /** When others were last asked about it, and what was known then. */
  askedMs: number = Number.NEGATIVE_INFINITY;
  askedVersion = -1;
  /** What is in force here is not what the relay says is in force: it must be listed from the beginning on. */
  isDamaged = false;
  /** How often that was asked for, and when it may be again. */
  repairs = 0;
  repairAtMs: number = Number.NEGATIVE_INFINITY;
  /** When its relay, or who speaks of it, was last told of a higher epoch. */
  evidenceMs: number = Number.NEGATIVE_INFINITY;
  bytes = 0;
  /** The relay that first passed something of it on, and whether it is on the list of relays. */
  introducedBy = '';
  isListed = false;
  /** First 8 bytes of the relays that have its entries from itself. */
  neighbours: ReadonlySet<string> = new Set();
  readonly #records = new Map<number, LogRecord>();
  readonly #releases = new Set<LogRecord>();
  /** Ascending. */
  #versions: number[] = [];
  readonly #byVersion = new Map<number, LogRecord>();
  #top = 0;
  /** The highest version of what was said of a session. */
  #sessionsTop = 0;
  /** Entries behind a gap that were passed on and aren't kept. */
  readonly #passedOn = new Set<number>();
  #listing: Listing | undefined;

  constructor(identity: Uint8Array) {
    this.identity = identity;
    this.key = bytesKey(identity);
  }

  /** Whether its relay counts as alive. */
  isLive(nowMs: number): boolean {
    return nowMs - this.heardMs < nameFreeAfterMs;
  }

  /** Whether an entry can't change anything, so that its signature needn't be checked. */
  isKnown(epoch: number, version: number): boolean {
    return epoch === this.epoch && version <= this.floor && !this.isDamaged;
  }

  /** Takes an entry of this epoch or a higher one. */
  take(arrived: ArrivedEntry): Taken {
    const { epoch, from, version, entry, told } = arrived;
    const formerLife = epoch > this.epoch ? this.begin(epoch) : [];
    const isGap = from > this.floor;
    const key = keyOf(entry);
    const replaced = key === undefined ? undefined : this.#records.get(key);
    const isNew = key === undefined ? this.#isToPassOn(version) : this.#isNews(version, replaced);
    if (version > this.#top) {
      this.#top = version;
      this.heardMs = Math.max(this.heardMs, arrived.learnedMs);
    }
    if (isNew && key !== undefined) this.#put(key, recordOf(arrived), replaced);
    if (!isGap) this.#raiseFloor(version);
    this.#listing?.note({ sender: told.sender, from: Math.min(told.from, version - 1), version });
    const dropped = !isGap && version === this.beat?.version ? this.#compare() : [];
    return { isNew, isGap, replaced: isNew ? replaced : undefined, dropped, formerLife };
  }

  /** A relay will be asked for everything in force. */
  beginListing(by: string, nowMs: number): void {
    this.#listing = new Listing(by);
    this.repairAtMs = nowMs + Math.min(ownedRepairMsMax, ownedRepairMsMin * 2 ** this.repairs);
    this.repairs++;
  }

  /** Up to where that relay need not tell what is in force. */
  knownTo(sender: string): number {
    return this.#listing?.isBy(sender) === true ? this.#listing.to : this.floor;
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
    }
  }

  /** What is in force behind a version, in order; what lies behind a gap is left out. */
  recordsAfter(version: number): LogRecord[] {
    const end = this.#indexOf(this.floor + 1);
    return this.#versions.slice(this.#indexOf(version + 1), end).map((v) => this.#byVersion.get(v)!);
  }

  /** Tells which claims are in force. */
  digest(): Uint8Array {
    return claimsDigest(this.#claims());
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

  /** An entry that isn't kept is passed on once, and counts as old when too many lie behind a gap. */
  #isToPassOn(version: number): boolean {
    if (version <= this.floor || this.#passedOn.has(version)) return false;
    if (this.#passedOn.size >= ownedPassedOnMax) return false;
    this.#passedOn.add(version);
    return true;
  }

  #isNews(version: number, replaced: LogRecord | undefined): boolean {
    return (version > this.floor || this.isDamaged) && version > (replaced?.version ?? 0);
  }

  #raiseFloor(version: number): void {
    this.floor = Math.max(this.floor, version);
    for (const passed of this.#passedOn) if (passed <= this.floor) this.#passedOn.delete(passed);
  }

  /** Compares what is in force here with what the last sign of life says. Gives what is over. */
  #compare(): LogRecord[] {
    const { entry, version } = this.beat!;
    if (entry.kind !== 'beat' || this.#sessionsTop > version) return [];
    const claims = this.#claims();
    const listed = claims.filter((claim) => this.#listing?.has(claim) === true);
    const right = [claims, listed].find((some) => constantTimeEqual(claimsDigest(some), entry.digest));
    this.isDamaged = right === undefined;
    if (right === undefined) return [];
    this.#listing = undefined;
    this.repairs = 0;
    this.repairAtMs = Number.NEGATIVE_INFINITY;
    const kept = new Set(right);
    const dropped = claims.filter((claim) => !kept.has(claim)).map((claim) => this.#byVersion.get(claim)!);
    for (const record of dropped) this.#remove(record);
    return dropped;
  }

  /** Versions of the claims in force. */
  #claims(): number[] {
    return this.#versions.filter((version) => this.#byVersion.get(version)!.entry.kind === 'claim');
  }

  #put(key: number, record: LogRecord, replaced: LogRecord | undefined): void {
    if (replaced !== undefined) this.#remove(replaced);
    if (key > 0) this.#sessionsTop = Math.max(this.#sessionsTop, record.version);
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
    this.#passedOn.clear();
    this.#listing = undefined;
    this.isDamaged = false;
    this.repairs = 0;
    this.#sessionsTop = 0;
    this.floor = 0;
    this.bytes = 0;
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
