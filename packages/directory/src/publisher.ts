import { DueTimes } from './due-times.js';
import { DirectoryError } from './errors.js';
import { Holder } from './holder.js';
import { keyOf } from './keys.js';
import {
  batchMs,
  fullRetryMs,
  lifetimeMs,
  membersMax,
  namesMax,
  ownersPerName,
  recordsPerMessageMax,
  refreshMs,
  retryMsMax,
  retryMsMin,
  settleMs,
} from './limits.js';
import type { Members } from './members.js';
import { type PlacedMessage, type PlaceMessage, recordDigest } from './messages.js';
import type { Emit } from './options.js';
import { checkOwnName, type DirectoryRecord, type OwnName, type RecordSigner } from './record.js';
import type { RoundTrips } from './round-trips.js';

interface Published {
  readonly record: DirectoryRecord;
  /** The relays that own the element now. */
  readonly owners: readonly string[];
  /** The owners, and former ones that keep the record until the new ones are sure to have it. */
  readonly holders: readonly string[];
}

/** What a {@link Publisher} works with. */
export interface PublisherParts {
  readonly id: string;
  readonly epoch: number;
  readonly signer: RecordSigner;
  readonly members: Members;
  readonly roundTrips: RoundTrips;
  readonly emit: Emit;
}

/**
 * This relay's own names, and what their owners have of them. The relay itself places its records with every owner, hands them over when owners change, and repairs what differs:
 * it is the only one that always knows.
 */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #names = new Map<string, Published>();
  readonly #holders = new Map<string, Holder>();
  readonly #due = new DueTimes();
  /** Names with former owners, and when those may forget them; in order of time. */
  readonly #releaseAtMs = new Map<string, number>();
  /** Relays that are gone and may still keep own records, and until when; in order of time. */
  readonly #goneUntilMs = new Map<string, number>();
  #refreshAtMs: number | undefined;
  #sequence = 0;
  #version = 0;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** Own names. */
  get size(): number {
    return this.#names.size;
  }

  /** Relays that hold own records. */
  get holders(): number {
    return this.#holders.size;
  }

  /** The own record of an element. */
  record(element: Uint8Array): DirectoryRecord | undefined {
    return this.#names.get(keyOf(element))?.record;
  }

  /** Gives a name to its owners, or what is new of it. @throws {DirectoryError} `invalid_record`, `too_many_names` */
  publish(name: OwnName, nowMs: number): void {
    const { element, identity, bootId, sessionSeq, sinceMs } = checkOwnName(name);
    const { id: relay, epoch, signer, members } = this.#parts;
    const key = keyOf(element);
    const known = this.#names.get(key);
    if (known === undefined && this.#names.size >= namesMax)
      throw new DirectoryError('too_many_names', `more than ${namesMax} own names: withdraw some`);
    const version = ++this.#version;
    const unsigned = { element, identity, bootId, sessionSeq, sinceMs, relay, epoch, version };
    const record = { ...unsigned, signature: signer.sign(unsigned) };
    const owners = known?.owners ?? members.ownersOf(element);
    const holders = known?.holders ?? owners;
    this.#names.set(key, { record, owners, holders });
    for (const id of holders) {
      const holder = this.#holderOf(id, nowMs);
      if (known !== undefined) holder.tally(recordDigest(known.record), -1);
      holder.tally(recordDigest(record), 1);
      this.#mark(id, holder, key, nowMs);
    }
  }

  /** Takes a name back; one that isn't published is left alone. */
  withdraw(element: Uint8Array, nowMs: number): void {
    const key = keyOf(element);
    const known = this.#names.get(key);
    if (known === undefined) return;
    this.#names.delete(key);
    this.#releaseAtMs.delete(key);
    for (const id of known.holders) this.#takeFrom(id, key, known.record, nowMs);
  }

  /** A relay has joined: it may own names from now on. */
  handleJoined(id: string, nowMs: number): void {
    const { members } = this.#parts;
    for (const [key, name] of this.#names) {
      const { element } = name.record;
      const last = name.owners[ownersPerName - 1];
      if (last === undefined || members.isHigher(id, last, element)) this.#assign(key, name, nowMs);
    }
    // What it has kept meanwhile is old: it is told what is true, even if that is nothing.
    if (!this.#goneUntilMs.delete(id)) return;
    this.#holderOf(id, nowMs);
    if (this.#due.get(id) === undefined) this.#due.set(id, nowMs + batchMs);
  }

  /** A relay is gone: others own its names. */
  handleLeft(id: string, nowMs: number): void {
    this.#due.delete(id);
    if (!this.#holders.delete(id)) return;
    this.#noteGone(id, nowMs);
    for (const [key, name] of this.#names) {
      if (!name.holders.includes(id)) continue;
      const kept = { ...name, holders: name.holders.filter((holder) => holder !== id) };
      this.#names.set(key, kept);
      if (name.owners.includes(id)) this.#assign(key, kept, nowMs);
    }
  }

  /** A relay lives a new life, and has forgotten what it held. */
  handleReborn(id: string, nowMs: number): void {
    const holder = this.#holders.get(id);
    if (holder === undefined) return;
    this.#list(id, holder);
    holder.differed = 0;
    this.#due.set(id, nowMs + batchMs);
  }

  /** An owner has answered. */
  handlePlaced(from: string, { epoch, sequence, status }: PlacedMessage, nowMs: number): void {
    const holder = this.#holders.get(from);
    const { inFlight } = holder ?? {};
    if (holder === undefined || inFlight?.sequence !== sequence || epoch !== this.#parts.epoch) return;
    this.#parts.roundTrips.note(from, nowMs - inFlight.sentAtMs);
    holder.inFlight = undefined;
    holder.unanswered = 0;
    this.#due.delete(from);
    if (status === 'ok') {
      holder.differed = 0;
      if (holder.pending !== undefined) this.#send(from, holder, nowMs);
      else if (holder.count === 0) this.#holders.delete(from);
      return;
    }
    if (status === 'full') this.#parts.emit({ kind: 'full', owner: from });
    this.#list(from, holder);
    const waitMs = status === 'full' ? fullRetryMs : listWaitMs(holder.differed++);
    if (waitMs > 0) this.#due.set(from, nowMs + waitMs);
    else this.#send(from, holder, nowMs);
  }

  /** Does everything that is due. */
  handleTimeout(nowMs: number): void {
    for (const id of this.#due.take(nowMs)) {
      const holder = this.#holders.get(id);
      if (holder === undefined) continue;
      if (holder.inFlight !== undefined) holder.unanswered++;
      this.#send(id, holder, nowMs);
    }
    this.#release(nowMs);
    if (this.#refreshAtMs !== undefined && this.#refreshAtMs <= nowMs) this.#refreshNext(nowMs);
  }

  /** When something is due next, and what; infinite when nothing is. */
  get nextMs(): { readonly place: number; readonly refresh: number; readonly release: number } {
    const [release] = this.#releaseAtMs.values();
    return {
      place: this.#due.nextMs,
      refresh: this.#refreshAtMs ?? Number.POSITIVE_INFINITY,
      release: release ?? Number.POSITIVE_INFINITY,
    };
  }

  #noteGone(id: string, nowMs: number): void {
    for (const [gone, untilMs] of this.#goneUntilMs) {
      if (untilMs > nowMs && this.#goneUntilMs.size < membersMax) break;
      this.#goneUntilMs.delete(gone);
    }
    this.#goneUntilMs.delete(id);
    this.#goneUntilMs.set(id, nowMs + lifetimeMs + refreshMs);
  }

  /** Gives a name to those that own it now; former owners keep it for a while. */
  #assign(key: string, name: Published, nowMs: number): void {
    const owners = this.#parts.members.ownersOf(name.record.element);
    const added = owners.filter((id) => !name.holders.includes(id));
    const holders = [...name.holders, ...added];
    this.#names.set(key, { record: name.record, owners, holders });
    for (const id of added) {
      const holder = this.#holderOf(id, nowMs);
      holder.tally(recordDigest(name.record), 1);
      this.#mark(id, holder, key, nowMs);
    }
    this.#releaseAtMs.delete(key);
    if (holders.length > owners.length) this.#releaseAtMs.set(key, nowMs + settleMs);
  }

  /** Former owners forget what all present ones have. */
  #release(nowMs: number): void {
    for (const [key, atMs] of this.#releaseAtMs) {
      if (atMs > nowMs) return;
      this.#releaseAtMs.delete(key);
      const name = this.#names.get(key);
      if (name === undefined) continue;
      if (!name.owners.every((id) => this.#holders.get(id)?.isConfirmed(key) === true)) {
        this.#releaseAtMs.set(key, nowMs + settleMs);
        continue;
      }
      this.#names.set(key, { ...name, holders: name.owners });
      for (const id of name.holders)
        if (!name.owners.includes(id)) this.#takeFrom(id, key, name.record, nowMs);
    }
  }

  #takeFrom(id: string, key: string, record: DirectoryRecord, nowMs: number): void {
    const holder = this.#holders.get(id);
    if (holder === undefined) return;
    holder.tally(recordDigest(record), -1);
    this.#mark(id, holder, key, nowMs);
  }

  #holderOf(id: string, nowMs: number): Holder {
    let holder = this.#holders.get(id);
    if (holder === undefined) {
      holder = new Holder();
      this.#holders.set(id, holder);
      this.#refreshAtMs ??= nowMs + refreshMs;
    }
    return holder;
  }

  #mark(id: string, holder: Holder, key: string, nowMs: number): void {
    holder.mark(key);
    if (this.#due.get(id) === undefined) this.#due.set(id, nowMs + batchMs);
  }

  /** Everything that it should hold is said to it anew. */
  #list(id: string, holder: Holder): void {
    holder.takeBack();
    holder.listFrom = undefined;
    for (const [key, { holders }] of this.#names) if (holders.includes(id)) holder.mark(key);
  }

  #send(id: string, holder: Holder, nowMs: number): void {
    holder.takeBack();
    const { epoch, roundTrips, emit } = this.#parts;
    const sequence = ++this.#sequence;
    holder.listFrom ??= sequence;
    const keys = holder.takePending(recordsPerMessageMax);
    holder.inFlight = { sequence, sentAtMs: nowMs, keys };
    const { records, dropped } = this.#contents(id, keys);
    const message: PlaceMessage = {
      ...{ kind: 'place', epoch, sequence, held: holder.summary(), records, dropped },
    };
    const waitMs = Math.max(retryMsMin, 4 * roundTrips.of(id)) * 2 ** Math.min(holder.unanswered, 10);
    this.#due.set(id, nowMs + Math.min(waitMs, retryMsMax));
    emit({ kind: 'send', to: id, message });
  }

  #contents(id: string, keys: readonly string[]): Pick<PlaceMessage, 'records' | 'dropped'> {
    const records: DirectoryRecord[] = [];
    const dropped: Uint8Array[] = [];
    for (const key of keys) {
      const name = this.#names.get(key);
      if (name?.holders.includes(id) === true) records.push(name.record);
      else dropped.push(Uint8Array.from(key, (character) => character.charCodeAt(0)));
    }
    return { records, dropped };
  }

  /** One holder after the other is asked whether it still has everything, evenly over the time. */
  #refreshNext(nowMs: number): void {
    this.#refreshAtMs = undefined;
    for (const [id, holder] of this.#holders) {
      this.#holders.delete(id);
      this.#holders.set(id, holder);
      if (this.#due.get(id) === undefined) this.#send(id, holder, nowMs);
      break;
    }
    if (this.#holders.size > 0) this.#refreshAtMs = nowMs + refreshMs / this.#holders.size;
  }
}

/** The first time at once, then later and later: a holder that says so again and again is ill, or lies. */
function listWaitMs(differed: number): number {
  return differed === 0 ? 0 : Math.min(retryMsMax, retryMsMin * 2 ** differed);
}
