/** AES-256-GCM with Noise's nonces and Noise's REKEY: what CipherState, records and envelopes have in common. */

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concatBytes, emptyBytes } from './bytes.js';
import { CryptoError } from './errors.js';

/** Size of an AES-256 key, in bytes. */
export const aeadKeyBytes = 32;

/** Size of a GCM nonce, in bytes. */
export const aeadNonceBytes = 12;

/** Size of a GCM tag, in bytes. Tags are never truncated. */
export const aeadTagBytes = 16;

/** Key, nonce and associated data of one sealing or opening. */
export interface AeadInput {
  /** {@link aeadKeyBytes} bytes. */
  readonly key: Uint8Array;
  /** {@link aeadNonceBytes} bytes, never used twice under one key. */
  readonly nonce: Uint8Array;
  /** Authenticated, not encrypted. */
  readonly associatedData: Uint8Array;
}

/**
 * Encrypts and authenticates.
 *
 * @param input - key, nonce, associated data.
 * @param plaintext - any length.
 * @returns ciphertext ‖ tag.
 */
export function aeadSeal({ key, nonce, associatedData }: AeadInput, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, gcmOptions);
  cipher.setAAD(associatedData);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return concatBytes([ciphertext, cipher.getAuthTag()]);
}

/**
 * Verifies and decrypts.
 *
 * @param input - key, nonce, associated data.
 * @param sealed - ciphertext ‖ tag.
 * @throws CryptoError `decrypt_failed` when the tag does not match or `sealed` is shorter than a tag.
 */
export function aeadOpen({ key, nonce, associatedData }: AeadInput, sealed: Uint8Array): Uint8Array {
  const plaintextBytes = sealed.length - aeadTagBytes;
  if (plaintextBytes < 0) throw new CryptoError('decrypt_failed', 'sealed bytes are shorter than a tag');
  const [plaintext] = aeadOpenParts(
    { key, nonce, associatedData },
    { ciphertext: [sealed.subarray(0, plaintextBytes)], tag: sealed.subarray(plaintextBytes) },
  );
  return plaintext ?? emptyBytes;
}

/**
 * Verifies and decrypts a ciphertext that lies in pieces, without joining them.
 *
 * @param input - key, nonce, associated data.
 * @param sealed - the pieces of the ciphertext in order, and the 16-byte tag.
 * @returns one plaintext piece for each ciphertext piece.
 * @throws CryptoError `decrypt_failed` when the tag does not match.
 */
export function aeadOpenParts(
  { key, nonce, associatedData }: AeadInput,
  sealed: { readonly ciphertext: readonly Uint8Array[]; readonly tag: Uint8Array },
): Uint8Array[] {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, gcmOptions);
  decipher.setAAD(associatedData);
  decipher.setAuthTag(sealed.tag);
  const plaintext = sealed.ciphertext.map((piece): Uint8Array => decipher.update(piece));
  try {
    decipher.final();
  } catch (cause) {
    for (const piece of plaintext) piece.fill(0);
    throw new CryptoError('decrypt_failed', 'authentication tag does not match', { cause });
  }
  return plaintext;
}

/**
 * Encrypts a plaintext that lies in pieces, without joining them.
 *
 * @param input - key, nonce, associated data.
 * @param plaintext - the pieces in order.
 * @returns one ciphertext piece for each plaintext piece, then the tag.
 */
export function aeadSealParts(
  { key, nonce, associatedData }: AeadInput,
  plaintext: readonly Uint8Array[],
): Uint8Array[] {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, gcmOptions);
  cipher.setAAD(associatedData);
  const sealed = plaintext.map((piece): Uint8Array => cipher.update(piece));
  cipher.final();
  sealed.push(cipher.getAuthTag());
  return sealed;
}

/**
 * Noise's AESGCM nonce: 4 zero bytes, then the counter as u64be (Noise rev 34 section 12.4).
 *
 * @param nonce - the 12 bytes to write to; its first 4 are left as they are.
 * @param counter - 0 to 2^53 - 1.
 */
export function writeCounterNonce(nonce: Uint8Array, counter: number): void {
  const high = Math.floor(counter / 0x1_0000_0000);
  for (let index = 0; index < 4; index++) {
    nonce[4 + index] = high >>> (24 - 8 * index);
    nonce[8 + index] = counter >>> (24 - 8 * index);
  }
}

/**
 * Noise's REKEY(k): the first 32 bytes of ENCRYPT(k, 2^64 - 1, empty, 32 zero bytes) (Noise rev 34 section 4.2).
 *
 * @param key - the present key; the caller wipes it.
 * @returns the next key.
 */
export function nextKey(key: Uint8Array): Uint8Array {
  const sealed = aeadSeal(
    { key, nonce: rekeyNonce, associatedData: emptyBytes },
    new Uint8Array(aeadKeyBytes),
  );
  return sealed.slice(0, aeadKeyBytes);
}

const gcmOptions = { authTagLength: aeadTagBytes };
const rekeyNonce = Uint8Array.of(0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255);
