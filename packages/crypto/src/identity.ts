/** Identities of agents and relays: Ed25519 (RFC 8032) on the primitives of node:crypto. */

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { concatBytes, requireLength } from './bytes.js';
import { CryptoError } from './errors.js';

/** Size of a seed, the private half of an identity, in bytes. */
export const identitySeedBytes = 32;

/** Size of a public key, in bytes. */
export const publicKeyBytes = 32;

/** Size of a signature, in bytes. */
export const signatureBytes = 64;

/** Length of an identity id, in characters: 32 bytes in base64url without padding. */
export const identityIdLength = 43;

/** A key pair that signs. Its private half can't be read from the object. */
export class Identity {
  /** The public half, {@link publicKeyBytes} raw bytes. */
  readonly publicKey: Uint8Array;
  /** The public half as text, see {@link identityId}. */
  readonly id: string;
  readonly #privateKey: KeyObject;

  /**
   * @param seed - see {@link identityFromSeed}.
   * @throws CryptoError `bad_key` when the seed has another size.
   */
  constructor(seed: Uint8Array) {
    requireLength('identity seed', seed, { expected: identitySeedBytes, code: 'bad_key' });
    const der = concatBytes([privateKeyPrefix, seed]);
    this.#privateKey = createPrivateKey({ key: Buffer.from(der.buffer), format: 'der', type: 'pkcs8' });
    der.fill(0);
    const spki = createPublicKey(this.#privateKey).export({ format: 'der', type: 'spki' });
    this.publicKey = Uint8Array.from(spki.subarray(publicKeyPrefix.length));
    this.id = identityId(this.publicKey);
  }

  /**
   * Signs bytes as they are, without a hash or context of its own: callers put a label for the purpose in front.
   *
   * @param message - any length.
   * @returns {@link signatureBytes} bytes, always the same for the same message.
   */
  sign(message: Uint8Array): Uint8Array {
    return sign(null, message, this.#privateKey);
  }
}

/**
 * Makes the identity of a seed.
 *
 * @param seed - {@link identitySeedBytes} secret random bytes, what a key file holds.
 * @throws CryptoError `bad_key` when the seed has another size.
 */
export function identityFromSeed(seed: Uint8Array): Identity {
  return new Identity(seed);
}

/** A claim to check: this key signed this message. */
export interface SignatureClaim {
  /** {@link publicKeyBytes} raw bytes. */
  readonly publicKey: Uint8Array;
  /** The bytes as they were signed. */
  readonly message: Uint8Array;
  /** What the peer sent as signature; any other size than {@link signatureBytes} is simply wrong. */
  readonly signature: Uint8Array;
}

/**
 * Whether a signature is right (RFC 8032 section 5.1.7).
 *
 * @param claim - key, message, signature.
 * @throws CryptoError `bad_key` when the public key has another size or low order. Under a low-order key one signature
 *   would hold for every message.
 */
export function verifySignature({ publicKey, message, signature }: SignatureClaim): boolean {
  requirePublicKey(publicKey);
  if (signature.length !== signatureBytes) return false;
  const der = Buffer.concat([publicKeyPrefix, publicKey]);
  return verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature);
}

/**
 * The text form of a public key: base64url (RFC 4648 section 5) without padding, {@link identityIdLength} characters.
 *
 * @param publicKey - {@link publicKeyBytes} raw bytes.
 * @throws CryptoError `bad_key` when the key has another size or low order.
 */
export function identityId(publicKey: Uint8Array): string {
  requirePublicKey(publicKey);
  return Buffer.from(publicKey).toString('base64url');
}

/**
 * The public key of an identity id. One key has exactly one id: other spellings of the same bytes are refused.
 *
 * @param id - {@link identityIdLength} characters.
 * @throws CryptoError `bad_key` when the text is not an id, or its key has low order.
 */
export function parseIdentityId(id: string): Uint8Array {
  const publicKey = Uint8Array.from(Buffer.from(id, 'base64url'));
  if (publicKey.length !== publicKeyBytes || identityId(publicKey) !== id) {
    throw new CryptoError('bad_key', `an identity id is ${identityIdLength} base64url characters`);
  }
  return publicKey;
}

function requirePublicKey(publicKey: Uint8Array): void {
  requireLength('public key', publicKey, { expected: publicKeyBytes, code: 'bad_key' });
  const withoutSign = Uint8Array.from(publicKey);
  withoutSign[publicKeyBytes - 1]! &= 0x7f;
  if (lowOrderKeys.has(Buffer.from(withoutSign.buffer).toString('hex'))) {
    throw new CryptoError('bad_key', 'public key of low order');
  }
}

/** PKCS #8 and SubjectPublicKeyInfo headers of OID 1.3.101.112 (RFC 8410); the raw key follows. */
const privateKeyPrefix: Uint8Array = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicKeyPrefix: Uint8Array = Buffer.from('302a300506032b6570032100', 'hex');

/** Every encoding of a point whose order divides 8, sign bit cleared: y = 0, 1, the two of order 8, p - 1, p, p + 1. */
const lowOrderKeys: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);
