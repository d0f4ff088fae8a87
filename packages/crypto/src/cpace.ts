/**
 * CPace, a balanced PAKE (draft-irtf-cfrg-cpace-21), suite CPACE-RISTR255-SHA512, initiator-responder setting with the
 * ordered transcript. Two parties that share a low-entropy password get a strong key; who listens learns nothing to
 * test guesses on, and who takes part gets one guess per attempt.
 *
 *     initiator                                   responder
 *     cpaceStart -> Ya  ------- Ya, ADa ------->  cpaceStart -> Yb
 *                       <------ Yb, ADb --------  cpaceFinish(Ya) -> ISK
 *     cpaceFinish(Yb) -> ISK
 *
 * The two keys are equal if and only if password, channel identifier, session id, shares and associated data are.
 * CPace itself confirms nothing: the first record sealed under a key derived from ISK does.
 */

import { createHash } from 'node:crypto';
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { asciiBytes, concatBytes, emptyBytes, requireLength } from './bytes.js';
import { CryptoError } from './errors.js';
import { drawRandom, type RandomSource } from './random.js';

/** Size of a public share, in bytes: an encoded ristretto255 element (RFC 9496 section 4.3.2). */
export const cpaceShareBytes = 32;

/** Size of the intermediate session key, in bytes: a SHA-512 output. */
export const iskBytes = 64;

/** What both parties must agree on before they start, and this party's randomness. */
export interface CPaceStartOptions {
  /** PRS: the password-related string, any length. In macula the tunnel key. */
  readonly password: Uint8Array;
  /** CI: the channel identifier. Names both parties and the purpose, unambiguously encoded. Default: empty. */
  readonly channelIdentifier?: Uint8Array;
  /** sid: a value unique to this run, known to both. Default: empty. */
  readonly sessionId?: Uint8Array;
  /** Source of the secret scalar; asked once for 32 bytes. */
  readonly random: RandomSource;
}

/** This party's half of a run: send `share`, keep `secret`. */
export interface CPaceStarted {
  /** Ya or Yb, {@link cpaceShareBytes} bytes, to be sent to the peer. */
  readonly share: Uint8Array;
  /** The secret scalar, 32 bytes little endian. Wipe it after `cpaceFinish`; never use it twice. */
  readonly secret: Uint8Array;
}

/** Everything needed to compute the session key. */
export interface CPaceFinishOptions {
  /** Which share comes first in the transcript: the initiator's does. */
  readonly role: 'initiator' | 'responder';
  /** `secret` of this party's {@link cpaceStart}. */
  readonly secret: Uint8Array;
  /** `share` of this party's {@link cpaceStart}. */
  readonly ownShare: Uint8Array;
  /** The share received. */
  readonly peerShare: Uint8Array;
  /** The session id given to {@link cpaceStart}. Default: empty. */
  readonly sessionId?: Uint8Array;
  /** ADa: what the initiator said beside its share. Default: empty. */
  readonly initiatorData?: Uint8Array;
  /** ADb: what the responder said beside its share. Default: empty. */
  readonly responderData?: Uint8Array;
}

/**
 * Starts a run: derives the generator from the password, draws a scalar, computes the share (section 7.2). Takes a few
 * milliseconds.
 *
 * @param options - see {@link CPaceStartOptions}.
 * @throws CryptoError `bad_random` when the source misbehaves.
 */
export function cpaceStart(options: CPaceStartOptions): CPaceStarted {
  const { password, channelIdentifier = emptyBytes, sessionId = emptyBytes, random } = options;
  const generator = ristretto255_hasher.deriveToCurve!(
    createHash('sha512').update(generatorString({ password, channelIdentifier, sessionId })).digest(),
  );
  const secret = sampleScalar(random);
  return { share: generator.multiply(scalarToInteger(secret)).toBytes(), secret };
}

/**
 * Finishes a run: computes ISK (section 7.2). A wrong password is not noticed here, it gives another key.
 *
 * @param options - see {@link CPaceFinishOptions}.
 * @returns ISK, {@link iskBytes} bytes.
 * @throws CryptoError `bad_point` when the peer's share does not decode or is the identity; `bad_key` when `secret` or
 *   `ownShare` is not what `cpaceStart` returned.
 */
export function cpaceFinish(options: CPaceFinishOptions): Uint8Array {
  const { role, secret, ownShare, peerShare, sessionId = emptyBytes } = options;
  const { initiatorData = emptyBytes, responderData = emptyBytes } = options;
  requireLength('CPace secret', secret, { expected: scalarBytes, code: 'bad_key' });
  requireLength('own CPace share', ownShare, { expected: cpaceShareBytes, code: 'bad_key' });
  const shared = multiplyVerified(secret, peerShare);
  const [initiatorShare, responderShare] =
    role === 'initiator' ? [ownShare, peerShare] : [peerShare, ownShare];
  return createHash('sha512')
    .update(lengthValue([iskLabel, sessionId, shared]))
    .update(lengthValue([initiatorShare, initiatorData]))
    .update(lengthValue([responderShare, responderData]))
    .digest();
}

/**
 * `generator_string` of section 8.1: DSI, password, zeros that fill the first SHA-512 block, CI, sid.
 *
 * @param input - password, channel identifier and session id.
 */
export function generatorString(input: {
  readonly password: Uint8Array;
  readonly channelIdentifier: Uint8Array;
  readonly sessionId: Uint8Array;
}): Uint8Array {
  const head = lengthValue([domain, input.password]);
  const padding = new Uint8Array(Math.max(0, sha512BlockBytes - head.length - 1));
  return concatBytes([head, lengthValue([padding, input.channelIdentifier, input.sessionId])]);
}

/**
 * `scalar_mult_vfy` of section 8.3, with the abort of section 7.2 where the draft returns the identity.
 *
 * @param secret - the scalar, 32 bytes little endian.
 * @param share - an encoded element.
 * @returns the encoded product.
 * @throws CryptoError `bad_point` when `share` does not decode or the product is the identity; `bad_key` when the
 *   scalar is zero or not below the group order.
 */
export function multiplyVerified(secret: Uint8Array, share: Uint8Array): Uint8Array {
  const scalar = scalarToInteger(secret);
  if (scalar === 0n || scalar >= Point.Fn.ORDER)
    throw new CryptoError('bad_key', 'CPace scalar out of range');
  const element = decodeShare(share);
  if (element.is0()) throw new CryptoError('bad_point', 'CPace share is the identity');
  return element.multiply(scalar).toBytes();
}

function decodeShare(share: Uint8Array): InstanceType<typeof Point> {
  requireLength('CPace share', share, { expected: cpaceShareBytes, code: 'bad_point' });
  try {
    return Point.fromBytes(share);
  } catch (cause) {
    throw new CryptoError('bad_point', 'CPace share is not a ristretto255 element', { cause });
  }
}

/** `sample_scalar` of section 8.3: 32 random bytes, all bits from 2^252 up cleared. */
function sampleScalar(random: RandomSource): Uint8Array {
  const secret = Uint8Array.from(drawRandom(random, scalarBytes));
  secret[scalarBytes - 1]! &= 0x0f;
  if (secret.every((byte) => byte === 0))
    throw new CryptoError('bad_random', 'random source returned zeros only');
  return secret;
}

function scalarToInteger(littleEndian: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(littleEndian).reverse().toString('hex')}`);
}

/** `lv_cat` of section 6.3: each string with its length in LEB128 before it. */
function lengthValue(parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(parts.flatMap((part) => [leb128(part.length), part]));
}

function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

const { Point } = ristretto255;
const domain = asciiBytes('CPaceRistretto255');
const iskLabel = asciiBytes('CPaceRistretto255_ISK');
const sha512BlockBytes = 128;
const scalarBytes = 32;
