import { DirectoryError } from './errors.js';
import { elementBytes, recordsPerMessageMax } from './limits.js';
import { type DirectoryRecord, isCounter, isRecord } from './record.js';

/**
 * Everything that relays of a directory send each other. A relay places its own records with their owners, one message to each at a time; whoever looks for a
 * name asks them:
 *
 * ```text
 * A ── place 7: records, elements dropped ──> O      O keeps what A has signed itself
 * A <── placed 7: ok ── O                            or `differs`: then A says everything again; or `full`
 * A <── outdone: another relay's record ── O         A's name belongs to somebody else
 * B ── ask 3: element ──> O
 * B <── answer 3: a record, or none ── O
 * ```
 */
export type DirectoryMessage = PlaceMessage | PlacedMessage | OutdoneMessage | AskMessage | AnswerMessage;

/** A relay gives an owner its own records. */
export interface PlaceMessage {
  readonly kind: 'place';
  /** Of the sender's life. */
  readonly epoch: number;
  /** Rises with each of the sender's messages: an owner ignores what is older than what it has heard. */
  readonly sequence: number;
  /** What the owner holds of the sender's after this message; undefined while more is to come. */
  readonly held: HeldSummary | undefined;
  /** Up to 64, each of the sender. */
  readonly records: readonly DirectoryRecord[];
  /** Up to 64 elements of which the owner is to keep nothing more of the sender's. */
  readonly dropped: readonly Uint8Array[];
}

/** What an owner holds of one relay. */
export interface HeldSummary {
  /** What was placed with a sequence below this is not the sender's any more. */
  readonly from: number;
  /** Number of records. */
  readonly count: number;
  /** Sum of {@link recordDigest} over them, modulo 2^32. */
  readonly digest: number;
}

/** An owner's answer to a {@link PlaceMessage}. */
export interface PlacedMessage {
  readonly kind: 'placed';
  /** Of the message that is answered, as its sequence. */
  readonly epoch: number;
  readonly sequence: number;
  /** `ok`; `differs`: it holds something else than it should; `full`: it has no room for all of it. */
  readonly status: PlacedStatus;
}

/** See {@link PlacedMessage}. */
export type PlacedStatus = 'ok' | 'differs' | 'full';

/** Names of the receiver that others have, by the order of `precedence.ts`. */
export interface OutdoneMessage {
  readonly kind: 'outdone';
  /** Up to 64: the records that come before the receiver's. */
  readonly records: readonly DirectoryRecord[];
}

/** Where is a name? */
export interface AskMessage {
  readonly kind: 'ask';
  /** Number of the question at the sender. */
  readonly query: number;
  readonly element: Uint8Array;
}

/** What an owner knows of an element. */
export interface AnswerMessage {
  readonly kind: 'answer';
  readonly query: number;
  /** Whether it has owned the element for long enough to know of a record if there is one. */
  readonly isSettled: boolean;
  readonly record: DirectoryRecord | undefined;
}

/** 32 bits of a record's element and version. Finds differences that happen, not ones that are made. */
export function recordDigest({ element, version }: DirectoryRecord): number {
  const view = new DataView(element.buffer, element.byteOffset, element.byteLength);
  let hash = view.getUint32(0) ^ Math.imul(view.getUint32(4), 0x9e37_79b1);
  hash = Math.imul(hash ^ (version >>> 0), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 15) ^ Math.floor(version / 2 ** 32), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Throws unless the message is within its bounds. @throws {DirectoryError} `invalid_message` */
export function checkMessage(message: DirectoryMessage): void {
  if (!isWithinBounds(message))
    throw new DirectoryError(
      'invalid_message',
      `${message.kind} out of bounds: the sender breaks the protocol`,
    );
}

function isWithinBounds(message: DirectoryMessage): boolean {
  switch (message.kind) {
    case 'place': {
      const { epoch, sequence, held, records, dropped } = message;
      if (!isCounter(epoch) || !isCounter(sequence) || dropped.length > recordsPerMessageMax) return false;
      if (held !== undefined && !isSummary(held)) return false;
      return areRecords(records) && dropped.every(isElement);
    }
    case 'placed':
      return isCounter(message.epoch) && isCounter(message.sequence);
    case 'outdone':
      return areRecords(message.records);
    case 'ask':
      return isCounter(message.query) && isElement(message.element);
    case 'answer':
      return isCounter(message.query) && (message.record === undefined || isRecord(message.record));
  }
}

function isSummary({ from, count, digest }: HeldSummary): boolean {
  return isCounter(from) && isUint32(count) && isUint32(digest);
}

function areRecords(records: readonly DirectoryRecord[]): boolean {
  return records.length <= recordsPerMessageMax && records.every(isRecord);
}

function isElement(element: Uint8Array): boolean {
  return element.length === elementBytes;
}

function isUint32(value: number): boolean {
  return isCounter(value) && value < 2 ** 32;
}
