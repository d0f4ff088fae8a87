/**
 * Sealed records, the wire format of tunnel protocol 2. One direction of a tunnel path is a sequence of
 *
 *     0        4                     4 + n            4 + n + 16
 *     | length | ciphertext (n)      | tag (16)       |
 *
 * - length, u32be: n + 16. These 4 bytes are the associated data.
 * - AES-256-GCM; nonce = 4 zero bytes ‖ u64be number of the record in this direction, from 0. Nonces are not sent.
 * - n is 0 to {@link recordPlaintextBytesMax}.
 * - The key changes by counting alone, see {@link RecordKeySchedule}.
 *
 * Replay, reorder, removal, reflection and change of a record all show as `decrypt_failed` at the first record that is
 * not the expected one. Truncation shows as no record at all: the format has no end mark, the tunnel has one.
 */

import { aeadOpenParts, aeadSealParts, aeadTagBytes } from '../aes-gcm.js';
import { writeUint32 } from '../bytes.js';
import { CryptoError } from '../errors.js';
import type { ChunkQueue } from './chunk-queue.js';
import { FramedOpener } from './framed-opener.js';
import { RecordKeySchedule, type RecordOptions } from './key-schedule.js';
import { recordHeaderBytes, recordPlaintextBytesMax } from './limits.js';

/** Seals the records of one direction. One object for each direction and handshake, never two for one key. */
export class RecordSealer {
  readonly #schedule: RecordKeySchedule;

  /**
   * @param options - key and rekey limits, equal to the peer's.
   * @throws CryptoError `bad_key` or `bad_option`.
   */
  constructor(options: RecordOptions) {
    this.#schedule = new RecordKeySchedule(options);
  }

  /** Records sealed. */
  get recordCount(): number {
    return this.#schedule.recordCount;
  }

  /** Key changes made. */
  get rekeyCount(): number {
    return this.#schedule.rekeyCount;
  }

  /**
   * Seals one record. Large payloads are neither joined nor copied, only encrypted.
   *
   * @param parts - the plaintext in pieces, together at most {@link recordPlaintextBytesMax} bytes; may be empty.
   * @returns the record's bytes in pieces, to be sent in this order with nothing between them.
   * @throws CryptoError `bad_length` when the plaintext is too long (nothing was sealed), `nonce_exhausted` after
   *   2^53 - 1 records.
   */
  seal(parts: readonly Uint8Array[]): Uint8Array[] {
    let plaintextBytes = 0;
    for (const part of parts) plaintextBytes += part.length;
    if (plaintextBytes > recordPlaintextBytesMax) {
      throw new CryptoError('bad_length', `record plaintext of ${plaintextBytes} bytes`);
    }
    this.#schedule.begin();
    const header = new Uint8Array(recordHeaderBytes);
    writeUint32(header, plaintextBytes + aeadTagBytes, 0);
    const { key, nonce } = this.#schedule;
    const sealed = aeadSealParts({ key, nonce, associatedData: header }, parts);
    this.#schedule.commit(plaintextBytes);
    sealed.unshift(header);
    return sealed;
  }

  /** Overwrites the key; every later `seal` throws `nonce_exhausted`. */
  wipe(): void {
    this.#schedule.wipe();
  }
}

/**
 * Opens the records of one direction out of a byte stream. Call order: `push` what was received, then `next` until it
 * returns `undefined`. Between two pushes at most one unfinished record is held.
 */
export class RecordOpener {
  readonly #schedule: RecordKeySchedule;
  readonly #frames: FramedOpener;

  /**
   * @param options - key and rekey limits, equal to the peer's.
   * @throws CryptoError `bad_key` or `bad_option`.
   */
  constructor(options: RecordOptions) {
    this.#schedule = new RecordKeySchedule(options);
    this.#frames = new FramedOpener({
      lengthMin: aeadTagBytes,
      lengthMax: recordPlaintextBytesMax + aeadTagBytes,
      open: (header, length, body) => this.#open(header, length, body),
    });
  }

  /** Records opened. */
  get recordCount(): number {
    return this.#schedule.recordCount;
  }

  /** Key changes made. */
  get rekeyCount(): number {
    return this.#schedule.rekeyCount;
  }

  /** Bytes held that are not part of an opened record. */
  get bufferedBytes(): number {
    return this.#frames.bufferedBytes;
  }

  /** Whether the stream stands between two records: an end here cuts no record off. */
  get atBoundary(): boolean {
    return this.#frames.atBoundary;
  }

  /**
   * Takes received bytes.
   *
   * @param chunk - any part of the stream; belongs to the opener from now on, so the caller must not change it.
   * @throws CryptoError the first failure again, once there was one.
   */
  push(chunk: Uint8Array): void {
    this.#frames.push(chunk);
  }

  /**
   * The next record's plaintext, verified.
   *
   * @returns its pieces in order (none for an empty plaintext), or `undefined` when more bytes are needed.
   * @throws CryptoError `bad_length` as soon as a header claims a length out of bounds, `decrypt_failed` when a record
   *   is not the expected one, `nonce_exhausted` after 2^53 - 1 records. Every one is final.
   */
  next(): Uint8Array[] | undefined {
    return this.#frames.next();
  }

  /** Overwrites the key; every later record fails with `nonce_exhausted`. */
  wipe(): void {
    this.#schedule.wipe();
  }

  #open(header: Uint8Array, length: number, body: ChunkQueue): Uint8Array[] {
    this.#schedule.begin();
    const { key, nonce } = this.#schedule;
    const ciphertext = body.take(length - aeadTagBytes);
    const tag = body.takeJoined(aeadTagBytes);
    const plaintext = aeadOpenParts({ key, nonce, associatedData: header }, { ciphertext, tag });
    this.#schedule.commit(length - aeadTagBytes);
    return plaintext;
  }
}
