import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { TransportError } from '../errors.js';

/** An Ed25519 key pair as the binding and this package need it. */
export interface QuinnIdentity {
  /** Public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** libp2p's protobuf of both keys. */
  readonly privateKeyProto: Uint8Array;
}

/** The key pair of a 32-byte Ed25519 seed. */
export function identityOfSeed(seed: Uint8Array): QuinnIdentity {
  if (seed.length !== keyBytes) {
    throw new TransportError('bad_certificate', 'the identity seed must have 32 bytes');
  }
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-keyBytes);
  return { publicKey, privateKeyProto: Buffer.concat([privateProtoPrefix, seed, publicKey]) };
}

/**
 * The Ed25519 public key in a libp2p multiaddr that ends in a peer id.
 * @throws TransportError with code `handshake_failed` when the peer has another kind of key
 */
export function publicKeyOfMultiaddr(multiaddr: string): Uint8Array {
  const peerId = multiaddr.slice(multiaddr.lastIndexOf('/') + 1);
  const bytes = decodeBase58(peerId);
  const prefix = bytes?.subarray(0, peerIdPrefix.length);
  if (!bytes || !prefix || bytes.length !== peerIdPrefix.length + keyBytes || !peerIdPrefix.equals(prefix)) {
    throw new TransportError('handshake_failed', `the peer ${peerId} has no Ed25519 identity`);
  }
  return bytes.subarray(peerIdPrefix.length);
}

/**
 * What both ends of a connection bind their HELLO to, in place of a certificate's fingerprint: SHA-256 of the label
 * `macula quinn listener identity v1`, a zero byte and the listener's Ed25519 public key.
 */
export function bindingOf(listenerPublicKey: Uint8Array): Uint8Array {
  return createHash('sha256').update(bindingLabel).update(listenerPublicKey).digest();
}

/** As in `#id=`: 43 characters of base64url. */
export function identityText(publicKey: Uint8Array): string {
  return Buffer.from(publicKey).toString('base64url');
}

function decodeBase58(text: string): Buffer | undefined {
  if (text.length > peerIdTextMax) return undefined;
  let value = 0n;
  for (const character of text) {
    const digit = base58Alphabet.indexOf(character);
    if (digit < 0) return undefined;
    value = value * 58n + BigInt(digit);
  }
  const zeros = /^1*/.exec(text)![0].length;
  const hex = value === 0n ? '' : value.toString(16);
  return Buffer.concat([Buffer.alloc(zeros), Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex')]);
}

const keyBytes = 32;
const base58Alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const peerIdTextMax = 128;
const bindingLabel = 'macula quinn listener identity v1\0';
/** PKCS #8 of an Ed25519 private key (RFC 8410 section 7), up to the seed. */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
/** Field 1 (type): 1, Ed25519; field 2 (data): 64 bytes, seed and public key (libp2p peer-ids specification). */
const privateProtoPrefix = Buffer.from('08011240', 'hex');
/** Multihash `identity` of 36 bytes; field 1 (type): 1, Ed25519; field 2 (data): 32 bytes. */
const peerIdPrefix = Buffer.from('0024080112' + '20', 'hex');
