import { aeadKeyBytes, aeadNonceBytes, nextKey, writeCounterNonce } from '../aes-gcm.js';
import { requireLength } from '../bytes.js';
import { CryptoError } from '../errors.js';
import { recordCountMax, rekeyEveryBytesDefault, rekeyEveryRecordsDefault } from './limits.js';

/** Key and rekey limits of one direction. Both ends must be given the same. */
export interface RecordOptions {
  /** Key of this direction, 32 bytes, copied. */
  readonly key: Uint8Array;
  /** Records under one key, 1 to 2^53 - 1. Default: 2^20. */
  readonly rekeyEveryRecords?: number;
  /** Plaintext bytes after which the key changes, 1 to 2^53 - 1. Default: 64 GiB. */
  readonly rekeyEveryBytes?: number;
}

/**
 * The key and nonce of each record of one direction. Both ends count records and plaintext bytes alike, so they change
 * keys after the same record without a word on the wire: after a record with which either limit is reached, the key
 * becomes REKEY(key) and both counts start again. The nonce counter never starts again.
 *
 * Call order for each record: `begin()`, use `key` and `nonce`, `commit(bytes)`.
 */
export class RecordKeySchedule {
  #key: Uint8Array;
  #recordCount: number;
  #rekeyCount = 0;
  #recordsUnderKey = 0;
  #bytesUnderKey = 0;
  readonly #nonce = new Uint8Array(aeadNonceBytes);
  readonly #rekeyEveryRecords: number;
  readonly #rekeyEveryBytes: number;

  /**
   * @param options - see {@link RecordOptions}.
   * @param recordCount - records before the first one of this object. Default: 0.
   * @throws CryptoError `bad_key` or `bad_option`.
   */
  constructor(options: RecordOptions, recordCount = 0) {
    requireLength('record key', options.key, { expected: aeadKeyBytes, code: 'bad_key' });
    this.#rekeyEveryRecords = requireLimit(options.rekeyEveryRecords ?? rekeyEveryRecordsDefault);
    this.#rekeyEveryBytes = requireLimit(options.rekeyEveryBytes ?? rekeyEveryBytesDefault);
    this.#key = Uint8Array.from(options.key);
    this.#recordCount = recordCount;
  }

  /** The key of the present record. */
  get key(): Uint8Array {
    return this.#key;
  }

  /** The nonce of the present record, 12 bytes; valid until the next `begin`. */
  get nonce(): Uint8Array {
    return this.#nonce;
  }

  /** Records finished. */
  get recordCount(): number {
    return this.#recordCount;
  }

  /** Key changes made. */
  get rekeyCount(): number {
    return this.#rekeyCount;
  }

  /**
   * Prepares the next record's nonce.
   *
   * @throws CryptoError `nonce_exhausted` after {@link recordCountMax} records.
   */
  begin(): void {
    if (this.#recordCount >= recordCountMax) {
      throw new CryptoError('nonce_exhausted', 'this direction has carried its last record');
    }
    writeCounterNonce(this.#nonce, this.#recordCount);
  }

  /**
   * Counts the record and changes the key when a limit is reached.
   *
   * @param plaintextBytes - size of the record's plaintext.
   */
  commit(plaintextBytes: number): void {
    this.#recordCount++;
    this.#recordsUnderKey++;
    this.#bytesUnderKey += plaintextBytes;
    if (this.#recordsUnderKey < this.#rekeyEveryRecords && this.#bytesUnderKey < this.#rekeyEveryBytes)
      return;
    const previous = this.#key;
    this.#key = nextKey(previous);
    previous.fill(0);
    this.#recordsUnderKey = 0;
    this.#bytesUnderKey = 0;
    this.#rekeyCount++;
  }

  /** Overwrites the key and allows no further record. */
  wipe(): void {
    this.#key.fill(0);
    this.#recordCount = recordCountMax;
  }
}

function requireLimit(value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new CryptoError('bad_option', 'rekey limits must be integers from 1 to 2^53 - 1');
  }
  return value;
}
