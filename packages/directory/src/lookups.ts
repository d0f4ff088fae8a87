import { AnswerCache } from './answer-cache.js';
import { DueTimes } from './due-times.js';
import { keyOf } from './keys.js';
import { exceptionsMax, hedgeMsMin, lookupMs, lookupsMax } from './limits.js';
import { type Denial, Lookup } from './lookup.js';
import type { Members } from './members.js';
import type { AnswerMessage } from './messages.js';
import type { Emit, LookupOutcome } from './options.js';
import { type DirectoryRecord, isSameRecord, type RecordSigner } from './record.js';
import type { RoundTrips } from './round-trips.js';

/** What {@link Lookups} work with. */
export interface LookupsParts {
  readonly id: string;
  readonly signer: RecordSigner;
  readonly members: Members;
  readonly roundTrips: RoundTrips;
  /** What this relay itself keeps. */
  readonly own: (element: Uint8Array, nowMs: number) => Omit<AnswerMessage, 'kind' | 'query'>;
  readonly emit: Emit;
}

/**
 * Lookups under way, and what the last ones found. The first owner is asked, then the next beside it when it takes long, and the first record counts that its relay has signed; a single owner's no is no
 * answer.
 */
export class Lookups {
  readonly #parts: LookupsParts;
  readonly #cache = new AnswerCache();
  readonly #byKey = new Map<string, Lookup>();
  readonly #byQuery = new Map<number, Lookup>();
  readonly #due = new DueTimes();
  #query = 0;

  constructor(parts: LookupsParts) {
    this.#parts = parts;
  }

  /** Lookups under way. */
  get size(): number {
    return this.#byKey.size;
  }

  /** Answers remembered. */
  get remembered(): number {
    return this.#cache.size;
  }

  /** When the next owner must be asked at the earliest; infinite when nothing is under way. */
  get nextMs(): number {
    return this.#due.nextMs;
  }

  /** Begins a lookup, or joins the one under way. */
  begin(element: Uint8Array, except: readonly DirectoryRecord[], nowMs: number): void {
    const key = keyOf(element);
    const known = except.length === 0 ? this.#remembered(key, nowMs) : undefined;
    if (known !== undefined) {
      this.#answer(element, known.record === undefined ? 'absent' : 'found', known.record);
      return;
    }
    if (except.length > 0) this.#cache.delete(key);
    let lookup = this.#byKey.get(key);
    if (lookup !== undefined) {
      lookup.except.push(...except.slice(0, exceptionsMax - lookup.except.length));
      return;
    }
    if (this.#byKey.size >= lookupsMax) {
      this.#answer(element, 'busy', undefined);
      return;
    }
    lookup = new Lookup(++this.#query, element, this.#candidates(element, nowMs), nowMs + lookupMs);
    lookup.except.push(...except.slice(0, exceptionsMax));
    this.#byKey.set(key, lookup);
    this.#byQuery.set(lookup.query, lookup);
    this.#goOn(key, lookup, nowMs);
  }

  /** A relay has answered. */
  handleAnswer(from: string, { query, isSettled, record }: AnswerMessage, nowMs: number): void {
    const lookup = this.#byQuery.get(query);
    const askedAtMs = lookup?.askedAtMs(from);
    if (lookup === undefined || askedAtMs === undefined) return;
    if (lookup.rounds === 0) this.#parts.roundTrips.note(from, nowMs - askedAtMs);
    const key = keyOf(lookup.element);
    if (record === undefined) lookup.deny(from, isSettled ? 'no' : 'unsure');
    else if (!this.#isTrue(from, lookup, record)) lookup.disregard(from);
    else {
      this.#end(key, lookup, 'found', record, nowMs);
      return;
    }
    this.#goOn(key, lookup, nowMs);
  }

  /** A relay is gone: it is not waited for. */
  handleLeft(id: string, nowMs: number): void {
    for (const [key, lookup] of [...this.#byKey])
      if (lookup.askedAtMs(id) !== undefined) this.#goOn(key, lookup, nowMs);
  }

  /** Asks the next owners where one takes long, and ends what takes too long. */
  handleTimeout(nowMs: number): void {
    for (const key of this.#due.take(nowMs)) {
      const lookup = this.#byKey.get(key);
      if (lookup !== undefined) this.#goOn(key, lookup, nowMs);
    }
  }

  /** Asks the next one, unless enough is known. */
  #goOn(key: string, lookup: Lookup, nowMs: number): void {
    const { id: self, members, roundTrips, own, emit } = this.#parts;
    for (;;) {
      if (lookup.isDenied) {
        this.#end(key, lookup, 'absent', undefined, nowMs);
        return;
      }
      const id = lookup.next((one) => members.has(one));
      if (id === undefined || nowMs >= lookup.untilMs) {
        this.#end(key, lookup, lookup.isHeard ? 'absent' : 'unreachable', undefined, nowMs);
        return;
      }
      if (id === self) {
        const { record, isSettled } = own(lookup.element, nowMs);
        const denial: Denial = isSettled ? 'no' : 'unsure';
        if (record === undefined || this.#isExcepted(lookup, record)) lookup.deny(self, denial);
        else {
          this.#end(key, lookup, 'found', record, nowMs);
          return;
        }
        continue;
      }
      lookup.ask(id, nowMs);
      const hedgeMs = Math.max(hedgeMsMin, 2 * roundTrips.of(id)) * 2 ** lookup.rounds;
      this.#due.set(key, Math.min(nowMs + hedgeMs, lookup.untilMs));
      emit({ kind: 'send', to: id, message: { kind: 'ask', query: lookup.query, element: lookup.element } });
      return;
    }
  }

  /** Whether a record is what it is shown for. An excepted one is true, and no answer. */
  #isTrue(from: string, lookup: Lookup, record: DirectoryRecord): boolean {
    const { members, signer, emit } = this.#parts;
    if (this.#isExcepted(lookup, record)) return false;
    const lifeEpoch = members.epochOf(record.relay);
    if (lifeEpoch === undefined || record.epoch < lifeEpoch) return false;
    if (keyOf(record.element) === keyOf(lookup.element) && signer.verify(record)) return true;
    emit({ kind: 'refused', relay: record.relay, from });
    return false;
  }

  #isExcepted({ except }: Lookup, record: DirectoryRecord): boolean {
    return except.some((wrong) => isSameRecord(wrong, record));
  }

  #candidates(element: Uint8Array, nowMs: number) {
    const { id: self, members } = this.#parts;
    const owners = members.ownersOf(element);
    // What this relay keeps itself costs no message.
    if (owners.includes(self)) owners.unshift(...owners.splice(owners.indexOf(self), 1));
    const former = members.formerOwnersOf(element, nowMs).filter((id) => members.has(id));
    return { owners, former };
  }

  #remembered(key: string, nowMs: number): { readonly record: DirectoryRecord | undefined } | undefined {
    const known = this.#cache.get(key, nowMs);
    if (known?.record === undefined) return known;
    const lifeEpoch = this.#parts.members.epochOf(known.record.relay);
    return lifeEpoch !== undefined && known.record.epoch >= lifeEpoch ? known : undefined;
  }

  #end(
    key: string,
    lookup: Lookup,
    outcome: LookupOutcome,
    record: DirectoryRecord | undefined,
    nowMs: number,
  ): void {
    this.#byKey.delete(key);
    this.#byQuery.delete(lookup.query);
    this.#due.delete(key);
    const isSurelyAbsent = outcome === 'absent' && lookup.isSure && lookup.except.length === 0;
    if (outcome === 'found' || isSurelyAbsent) this.#cache.set(key, record, nowMs);
    this.#answer(lookup.element, outcome, record);
  }

  #answer(element: Uint8Array, outcome: LookupOutcome, record: DirectoryRecord | undefined): void {
    this.#parts.emit({ kind: 'answered', element, outcome, record });
  }
}
