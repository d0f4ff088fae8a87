/**
 * Tunnel protocol 1, the original envelope, kept for compatibility: AES-256-GCM under the static tunnel key.
 *
 *     0            12                    12 + n         12 + n + 16
 *     | nonce (12) | ciphertext (n)      | tag (16)     |
 *
 * On a stream each envelope follows its length: u32be n + 28. There is no associated data.
 *
 * Weaknesses, all inherent in the format; protocol 2 (`RecordSealer`, `NoiseNNpsk0`, `cpaceStart`) has none of them:
 *
 * - No order: envelopes that are replayed, reordered, dropped or reflected to their sender open without an error.
 * - The key is the same for ever, for all tunnels and directions: no forward secrecy, and one envelope is enough to
 *   test guesses of a weak cookie offline.
 * - Random 12-byte nonces under one key must stay below 2^32 envelopes (NIST SP 800-38D section 8.3).
 */

import {
  aeadKeyBytes,
  aeadNonceBytes,
  aeadOpen,
  aeadOpenParts,
  aeadSeal,
  aeadSealParts,
  aeadTagBytes,
} from './aes-gcm.js';
import { concatBytes, emptyBytes, requireLength, writeUint32 } from './bytes.js';
import { CryptoError } from './errors.js';
import { drawRandom, type RandomSource } from './random.js';
import { FramedOpener } from './record/framed-opener.js';

/** What an envelope is longer than its plaintext, in bytes: nonce and tag. */
export const envelopeV1OverheadBytes: number = aeadNonceBytes + aeadTagBytes;

/** Longest plaintext of one envelope on a stream, in bytes: 1 MiB. A larger claim is refused before it is collected. */
export const envelopeV1PlaintextBytesMax: number = 2 ** 20;

/**
 * Seals one envelope.
 *
 * @param key - the tunnel key, 32 bytes.
 * @param plaintext - at most {@link envelopeV1PlaintextBytesMax} bytes.
 * @param random - asked once for 12 bytes, the nonce.
 * @throws CryptoError `bad_key`, `bad_length` or `bad_random`.
 */
export function sealV1(key: Uint8Array, plaintext: Uint8Array, random: RandomSource): Uint8Array {
  const nonce = drawNonce(key, plaintext, random);
  return concatBytes([nonce, aeadSeal({ key, nonce, associatedData: emptyBytes }, plaintext)]);
}

/**
 * Opens one envelope.
 *
 * @param key - the tunnel key, 32 bytes.
 * @param envelope - exactly one whole envelope.
 * @throws CryptoError `bad_key`, `bad_length` when the envelope is shorter than nonce and tag, `decrypt_failed` when
 *   the key differs or bytes were changed.
 */
export function openV1(key: Uint8Array, envelope: Uint8Array): Uint8Array {
  requireLength('tunnel key', key, { expected: aeadKeyBytes, code: 'bad_key' });
  if (envelope.length < envelopeV1OverheadBytes) {
    throw new CryptoError('bad_length', `envelope of ${envelope.length} bytes`);
  }
  const nonce = envelope.subarray(0, aeadNonceBytes);
  return aeadOpen({ key, nonce, associatedData: emptyBytes }, envelope.subarray(aeadNonceBytes));
}

/**
 * Seals one envelope for a stream: its length, then the envelope.
 *
 * @param key - the tunnel key, 32 bytes.
 * @param plaintext - at most {@link envelopeV1PlaintextBytesMax} bytes.
 * @param random - asked once for 12 bytes, the nonce.
 * @returns pieces to be sent in this order.
 * @throws CryptoError as {@link sealV1}.
 */
export function sealFrameV1(key: Uint8Array, plaintext: Uint8Array, random: RandomSource): Uint8Array[] {
  const nonce = drawNonce(key, plaintext, random);
  const sealed = aeadSealParts({ key, nonce, associatedData: emptyBytes }, [plaintext]);
  const head = new Uint8Array(4 + aeadNonceBytes);
  writeUint32(head, plaintext.length + envelopeV1OverheadBytes, 0);
  head.set(nonce, 4);
  return [head, ...sealed];
}

/**
 * Opens the envelopes of a stream. Call order: `push` what was received, then `next` until it returns `undefined`.
 */
export class EnvelopeV1Opener {
  readonly #frames: FramedOpener;

  /**
   * @param key - the tunnel key, 32 bytes, copied.
   * @throws CryptoError `bad_key`.
   */
  constructor(key: Uint8Array) {
    requireLength('tunnel key', key, { expected: aeadKeyBytes, code: 'bad_key' });
    const ownKey = Uint8Array.from(key);
    this.#frames = new FramedOpener({
      lengthMin: envelopeV1OverheadBytes,
      lengthMax: envelopeV1PlaintextBytesMax + envelopeV1OverheadBytes,
      open: (_header, length, body) => {
        const nonce = body.takeJoined(aeadNonceBytes);
        const ciphertext = body.take(length - envelopeV1OverheadBytes);
        const tag = body.takeJoined(aeadTagBytes);
        return aeadOpenParts({ key: ownKey, nonce, associatedData: emptyBytes }, { ciphertext, tag });
      },
    });
  }

  /** Bytes held that are not part of an opened envelope. */
  get bufferedBytes(): number {
    return this.#frames.bufferedBytes;
  }

  /** Whether the stream stands between two envelopes. */
  get atBoundary(): boolean {
    return this.#frames.atBoundary;
  }

  /**
   * Takes received bytes.
   *
   * @param chunk - any part of the stream; belongs to the opener from now on.
   * @throws CryptoError the first failure again, once there was one.
   */
  push(chunk: Uint8Array): void {
    this.#frames.push(chunk);
  }

  /**
   * The next envelope's plaintext, verified.
   *
   * @returns its pieces in order (none for an empty plaintext), or `undefined` when more bytes are needed.
   * @throws CryptoError `bad_length` as soon as a header claims a length out of bounds, `decrypt_failed` when the key
   *   differs or bytes were changed. Both are final.
   */
  next(): Uint8Array[] | undefined {
    return this.#frames.next();
  }
}

function drawNonce(key: Uint8Array, plaintext: Uint8Array, random: RandomSource): Uint8Array {
  requireLength('tunnel key', key, { expected: aeadKeyBytes, code: 'bad_key' });
  if (plaintext.length > envelopeV1PlaintextBytesMax) {
    throw new CryptoError('bad_length', `envelope plaintext of ${plaintext.length} bytes`);
  }
  return drawRandom(random, aeadNonceBytes);
}
