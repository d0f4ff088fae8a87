/** X25519 (RFC 7748) with raw 32-byte keys on the primitives of node:crypto. */

import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { concatBytes, requireLength } from './bytes.js';
import { CryptoError } from './errors.js';
import { drawRandom, type RandomSource } from './random.js';

/** Size of a private key, a public key and a shared secret, in bytes. */
export const x25519Bytes = 32;

/** One ephemeral key pair. */
export interface X25519KeyPair {
  /** The private half; can't leave this object as bytes. */
  readonly privateKey: KeyObject;
  /** The public half, 32 raw bytes. */
  readonly publicKey: Uint8Array;
}

/**
 * Makes a key pair from 32 bytes of the random source.
 *
 * @param random - asked once for 32 bytes, which become the private key.
 * @throws CryptoError `bad_random` when the source misbehaves.
 */
export function generateX25519(random: RandomSource): X25519KeyPair {
  const der = concatBytes([privateKeyPrefix, drawRandom(random, x25519Bytes)]);
  const privateKey = createPrivateKey({ key: Buffer.from(der.buffer), format: 'der', type: 'pkcs8' });
  der.fill(0);
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { privateKey, publicKey: Uint8Array.from(spki.subarray(publicKeyPrefix.length)) };
}

/**
 * The shared secret of a private and a public key.
 *
 * @param privateKey - ours.
 * @param publicKey - the peer's, 32 raw bytes.
 * @throws CryptoError `bad_point` when the peer's key has another size or low order, so that the secret would be zero
 *   (RFC 7748 section 6.1).
 */
export function x25519(privateKey: KeyObject, publicKey: Uint8Array): Uint8Array {
  requireLength('X25519 public key', publicKey, { expected: x25519Bytes, code: 'bad_point' });
  const der = Buffer.concat([publicKeyPrefix, publicKey]);
  try {
    return diffieHellman({
      privateKey,
      publicKey: createPublicKey({ key: der, format: 'der', type: 'spki' }),
    });
  } catch (cause) {
    throw new CryptoError('bad_point', 'X25519 public key of low order', { cause });
  }
}

/** PKCS #8 and SubjectPublicKeyInfo headers of OID 1.3.101.110 (RFC 8410); the raw key follows. */
const privateKeyPrefix: Uint8Array = Buffer.from('302e020100300506032b656e04220420', 'hex');
const publicKeyPrefix: Uint8Array = Buffer.from('302a300506032b656e032100', 'hex');
