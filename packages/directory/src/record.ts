import { DirectoryError } from './errors.js';
import { keyOf } from './keys.js';
import {
  bootIdBytes,
  elementBytes,
  identityBytes,
  relayIdCharactersMax,
  signatureBytesMax,
} from './limits.js';
import { compareSessions, isEarlierIdentity } from './precedence.js';

/** A name that a relay's session has, as the relay gives it to its directory. */
export interface OwnName {
  /** The keyed name, 16 bytes: `elementOf` of `@macula/bloom`. */
  readonly element: Uint8Array;
  /** Ed25519 public key of the agent, 32 bytes. */
  readonly identity: Uint8Array;
  /** Of the agent's process, 16 bytes. */
  readonly bootId: Uint8Array;
  /** Of its session; of two sessions of one identity the higher one has the name. */
  readonly sessionSeq: number;
  /** Since when the identity has the name, in milliseconds since 1970; 1 where a token gives it the name. */
  readonly sinceMs: number;
}

/** A record before it is signed. */
export interface UnsignedRecord extends OwnName {
  /** Id of the relay that says so. */
  readonly relay: string;
  /** Of that relay's life: higher with each start. */
  readonly epoch: number;
  /** Of the record, 1 and up within the epoch, never used twice. */
  readonly version: number;
}

/** Where a name is: a relay's word for a session of its own, passed on by others as it is. */
export interface DirectoryRecord extends UnsignedRecord {
  /** The relay's over {@link recordBytes}, up to 128 bytes. */
  readonly signature: Uint8Array;
}

/** Signs a relay's own records, and tells whether others signed theirs. Both are over {@link recordBytes}. */
export interface RecordSigner {
  /** The signature of an own record: at most 128 bytes. */
  sign(record: UnsignedRecord): Uint8Array;
  /** Whether the relay signed its record. Asked once for each record that an owner is given, and for each answer. */
  verify(record: DirectoryRecord): boolean;
}

/** For tests, and for meshes in which everybody is believed about everybody: empty signatures, never looked at. */
export const unsignedRecords: RecordSigner = {
  sign: () => new Uint8Array(0),
  verify: () => true,
};

/**
 * The bytes that are signed (numbers big-endian, sizes in bytes):
 *
 * ```text
 * "macula record 1 ":16   element:16   identity:32   bootId:16   sessionSeq:8   sinceMs:8   epoch:8   version:8   relay (ASCII): the rest
 * ```
 *
 * They don't name the mesh: the element is keyed for it.
 */
export function recordBytes(record: UnsignedRecord): Uint8Array {
  const bytes = new Uint8Array(fixedBytes + record.relay.length);
  const view = new DataView(bytes.buffer);
  writeText(bytes, 0, label);
  bytes.set(record.element, 16);
  bytes.set(record.identity, 32);
  bytes.set(record.bootId, 64);
  const numbers = [record.sessionSeq, record.sinceMs, record.epoch, record.version];
  for (const [index, value] of numbers.entries()) view.setBigUint64(80 + index * 8, BigInt(value));
  writeText(bytes, fixedBytes, record.relay);
  return bytes;
}

/** Whether of two records of one element `left` has the name and `right` has not. False both ways for two of one process with one session number. */
export function outranks(left: DirectoryRecord, right: DirectoryRecord): boolean {
  const [one, other] = [rankOf(left), rankOf(right)];
  if (one.identityKey !== other.identityKey) return isEarlierIdentity(one, other);
  return compareSessions(one, other) > 0;
}

/** Whether two are the same record, not only of the same content. */
export function isSameRecord(left: DirectoryRecord, right: DirectoryRecord): boolean {
  return left.version === right.version && left.epoch === right.epoch && left.relay === right.relay;
}

/** Whether this is a relay's id: 1 to 128 visible ASCII characters. */
export function isRelayId(id: unknown): id is string {
  return typeof id === 'string' && id.length <= relayIdCharactersMax && /^[!-~]+$/.test(id);
}

/** Whether a number may be in a record. */
export function isCounter(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Whether everything in a record is within its bounds. */
export function isRecord(record: DirectoryRecord): boolean {
  const { relay, epoch, version, signature } = record;
  if (!isOwnName(record) || !isRelayId(relay) || !isCounter(epoch) || !isCounter(version)) return false;
  return signature.length <= signatureBytesMax;
}

/** Returns its argument. @throws {DirectoryError} `invalid_record` outside the bounds */
export function checkOwnName(name: OwnName): OwnName {
  if (!isOwnName(name))
    throw new DirectoryError(
      'invalid_record',
      'an own name needs an element of 16 bytes, an identity of 32, a boot id of 16, and numbers from 0 to 2^53 - 1',
    );
  return name;
}

/** Returns its argument. @throws {DirectoryError} `invalid_record` for what is no element */
export function checkElement(element: Uint8Array): Uint8Array {
  if (element.length !== elementBytes)
    throw new DirectoryError('invalid_record', `an element has ${elementBytes} bytes, not ${element.length}`);
  return element;
}

function isOwnName({ element, identity, bootId, sessionSeq, sinceMs }: OwnName): boolean {
  if (element.length !== elementBytes || identity.length !== identityBytes) return false;
  return bootId.length === bootIdBytes && isCounter(sessionSeq) && isCounter(sinceMs);
}

function rankOf({ identity, bootId, sessionSeq, sinceMs }: DirectoryRecord) {
  return { identityKey: keyOf(identity), bootKey: keyOf(bootId), sessionSeq, sinceMs };
}

function writeText(bytes: Uint8Array, at: number, text: string): void {
  for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index);
}

const label = 'macula record 1 ';
const fixedBytes = 112;
