import { DueTimes } from './due-times.js';
import { type Kept, KeptRecords, type Origin } from './kept-records.js';
import { keyOf } from './keys.js';
import { lifetimeMs, recordsPerMessageMax, recordsPerRelayMax, refreshMs, settleMs } from './limits.js';
import type { Members } from './members.js';
import type { HeldSummary, PlacedStatus, PlaceMessage } from './messages.js';
import type { Emit } from './options.js';
import { type DirectoryRecord, isSameRecord, type RecordSigner } from './record.js';
import { winnerOf, winnerOver } from './standing.js';

/** What a {@link Keeper} works with. */
export interface KeeperParts {
  readonly id: string;
  readonly signer: RecordSigner;
  readonly members: Members;
  readonly recordsMax: number;
  readonly emit: Emit;
}

/**
 * What this relay keeps as an owner: records of other relays (and its own), each placed by the relay that it is of. It answers who asks, and tells a relay whose name belongs to
 * somebody else.
 */
export class Keeper {
  readonly #parts: KeeperParts;
  readonly #kept = new KeptRecords();
  /** Elements with records of several relays. */
  readonly #contested = new Set<string>();
  /** By relay and element: which of its records gives way to which. */
  readonly #outdone = new Map<string, Map<string, Outdone>>();
  /** When relays with outdone records are told again, and how often they have been. */
  readonly #tellAgain = new DueTimes();
  readonly #told = new Map<string, number>();
  #expiryAtMs: number | undefined;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** Records kept. */
  get size(): number {
    return this.#kept.size;
  }

  /** Records kept of one relay. */
  sizeOf(relay: string): number {
    return this.#kept.origin(relay)?.count ?? 0;
  }

  /** When somebody is told something again, and when something expires, next; infinite when not. */
  get nextMs(): { readonly tell: number; readonly expiry: number } {
    return { tell: this.#tellAgain.nextMs, expiry: this.#expiryAtMs ?? Number.POSITIVE_INFINITY };
  }

  /** A relay gives its records. Undefined: not heard, since the message is old or the relay takes no part. */
  handlePlace(from: string, message: PlaceMessage, nowMs: number): PlacedStatus | undefined {
    const { epoch, sequence, held } = message;
    const lifeEpoch = this.#parts.members.epochOf(from);
    if (lifeEpoch === undefined || epoch < lifeEpoch) return undefined;
    const origin = this.#originOf(from, epoch, nowMs);
    if (epoch < origin.epoch || sequence < origin.sequence) return undefined;
    origin.sequence = sequence;
    for (const element of message.dropped) this.#kept.drop(origin, from, keyOf(element));
    const isFull = !this.#take(from, origin, message);
    const isAsSaid = held === undefined || this.#isAsSaid(from, origin, held);
    if (held !== undefined && isAsSaid) origin.untilMs = nowMs + lifetimeMs;
    this.#settle(nowMs);
    if (isFull) return 'full';
    return isAsSaid ? 'ok' : 'differs';
  }

  /** The record of who has the name, as far as this relay knows. */
  find(element: Uint8Array): DirectoryRecord | undefined {
    const [first, ...others] = this.#standing(keyOf(element));
    return others.length === 0 ? first : winnerOf([first as DirectoryRecord, ...others]);
  }

  /** A relay joined, began a new life, or is gone: its records count from now on, are over, or don't count. */
  handleMemberChanged(id: string, nowMs: number): void {
    const lifeEpoch = this.#parts.members.epochOf(id);
    const origin = this.#kept.origin(id);
    // A clock that was set back makes the epoch of a later life the smaller one.
    if (lifeEpoch !== undefined && origin !== undefined && origin.epoch !== lifeEpoch) this.#forget([id]);
    this.#settle(nowMs, this.#contested);
  }

  /** Tells again who has lost a name, and forgets what was not refreshed. */
  handleTimeout(nowMs: number): void {
    for (const id of this.#tellAgain.take(nowMs)) this.#tell(id, nowMs);
    if (this.#expiryAtMs === undefined || nowMs < this.#expiryAtMs) return;
    const over: string[] = [];
    for (const [id, { untilMs }] of this.#kept.origins()) if (untilMs <= nowMs) over.push(id);
    this.#forget(over);
    this.#settle(nowMs);
    this.#expiryAtMs = this.#kept.size > 0 ? nowMs + expiryTickMs : undefined;
  }

  #originOf(id: string, epoch: number, nowMs: number): Origin {
    const known = this.#kept.origin(id);
    if (known !== undefined && known.epoch >= epoch) return known;
    this.#expiryAtMs ??= nowMs + expiryTickMs;
    this.#outdone.delete(id);
    return this.#kept.begin(id, epoch, nowMs + lifetimeMs);
  }

  #forget(ids: readonly string[]): void {
    this.#kept.forget(new Set(ids));
    for (const id of ids) this.#outdone.delete(id);
  }

  /** Keeps the records of a message; whether there was room for all. */
  #take(from: string, origin: Origin, { epoch, sequence, records }: PlaceMessage): boolean {
    const { id, signer, emit } = this.#parts;
    let hasRoom = true;
    for (const record of records) {
      const known = this.#kept.of(from, keyOf(record.element));
      if (known !== undefined && isSameRecord(known.record, record)) {
        known.sequence = sequence;
        continue;
      }
      const isTheirs = record.relay === from && record.epoch === epoch;
      if (!isTheirs || (from !== id && !signer.verify(record))) {
        emit({ kind: 'refused', relay: record.relay, from });
        return hasRoom; // who says one thing that isn't so costs one check
      }
      if (known === undefined && !this.#makeRoom(origin)) hasRoom = false;
      else this.#kept.put(origin, record, sequence);
    }
    return hasRoom;
  }

  /** Whether a relay holds here what it says, after what it doesn't speak of any more is gone. */
  #isAsSaid(id: string, origin: Origin, { from, count, digest }: HeldSummary): boolean {
    const isSame = () => origin.count === count && origin.digest === digest;
    if (isSame()) return true;
    this.#kept.dropWhere(origin, id, ({ sequence }) => sequence < from);
    return isSame();
  }

  /**
   * Whether a relay may have one record more. Each has its share; what others have beyond theirs since there were fewer relays, and what is of relays that are gone, makes room.
   */
  #makeRoom(origin: Origin): boolean {
    const share = this.#share();
    if (origin.count >= share) return false;
    if (this.#kept.size < this.#parts.recordsMax) return true;
    const excess = (id: string, count: number) => count - (this.#parts.members.has(id) ? share : 0);
    let most = 0;
    let chosen: readonly [string, Origin] | undefined;
    for (const [id, other] of this.#kept.origins()) {
      if (excess(id, other.count) <= most) continue;
      most = excess(id, other.count);
      chosen = [id, other];
    }
    if (chosen === undefined) return false;
    this.#kept.dropWhere(chosen[1], chosen[0], () => true, most);
    return true;
  }

  #share(): number {
    const { members, recordsMax } = this.#parts;
    return Math.min(recordsPerRelayMax, Math.floor(recordsMax / Math.max(1, members.size)));
  }

  /** Finds out who gives way to whom where something has changed, and tells them. */
  #settle(nowMs: number, also: Iterable<string> = []): void {
    const news = new Set<string>();
    for (const key of new Set([...this.#kept.takeChanged(), ...also]))
      for (const id of this.#compare(key)) news.add(id);
    for (const id of news) {
      this.#told.delete(id);
      this.#tell(id, nowMs);
    }
  }

  /** Compares the records of an element. Gives the relays for which there is news. */
  #compare(key: string): string[] {
    const kept = this.#kept.at(key);
    const wasContested = this.#contested.has(key);
    if (kept.length < 2 && !wasContested) return [];
    if (kept.length < 2) this.#contested.delete(key);
    else this.#contested.add(key);
    const standing = this.#standing(key);
    const news: string[] = [];
    const before = new Map<string, Outdone>();
    for (const [id, names] of this.#outdone) {
      const known = names.get(key);
      if (known === undefined) continue;
      before.set(id, known);
      names.delete(key);
      if (names.size === 0) this.#outdone.delete(id);
    }
    for (const record of standing) {
      const winner = winnerOver(record, standing);
      if (winner === undefined) continue;
      const names = this.#outdone.get(record.relay) ?? new Map<string, Outdone>();
      this.#outdone.set(record.relay, names.set(key, { record, winner }));
      const known = before.get(record.relay);
      if (known?.record !== record || known.winner !== winner) news.push(record.relay);
    }
    return news;
  }

  /** A relay is told until it has dropped what is outdone: it may not have heard, or not know the other relay yet. */
  #tell(id: string, nowMs: number): void {
    const names = this.#outdone.get(id);
    if (names === undefined || !this.#parts.members.has(id)) {
      this.#told.delete(id);
      return;
    }
    const times = this.#told.get(id) ?? 0;
    this.#told.set(id, times + 1);
    this.#tellAgain.set(id, nowMs + Math.min(refreshMs, settleMs * 2 ** times));
    const records: DirectoryRecord[] = [];
    for (const [key, outdone] of [...names].slice(0, recordsPerMessageMax)) {
      records.push(outdone.winner);
      names.delete(key);
      names.set(key, outdone); // behind those that don't fit this time
    }
    this.#parts.emit({ kind: 'send', to: id, message: { kind: 'outdone', records } });
  }

  /** The records of an element that count: those of relays that take part. */
  #standing(key: string): DirectoryRecord[] {
    return this.#kept.at(key).flatMap(({ record }: Kept) => (this.#isStanding(record) ? [record] : []));
  }

  /** Of a relay that takes part, in its present life. */
  #isStanding({ relay, epoch }: DirectoryRecord): boolean {
    const lifeEpoch = this.#parts.members.epochOf(relay);
    return lifeEpoch !== undefined && epoch >= lifeEpoch;
  }
}

interface Outdone {
  readonly record: DirectoryRecord;
  readonly winner: DirectoryRecord;
}

/** Between two looks at what has expired: what is forgotten is up to a refresh late. */
const expiryTickMs = refreshMs / 3;
