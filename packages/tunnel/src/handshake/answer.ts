import { cpaceShareBytes } from '@macula/crypto';
import { concatBytes, readUint16, uint16 } from '../bytes.js';
import { TunnelError } from '../errors.js';
import { bootIdBytes, handshakeBytesMax, tunnelIdHalfBytes } from '../limits.js';

/**
 * The responder's word, in OPEN_OK. Fixed layout, integers big-endian:
 *
 *     0     chosen version: 2
 *     1     responder's half of the tunnel id (16)
 *     17    responder's boot id (16)
 *     33    Yb: the responder's CPace share (32)
 *     65    length of Noise message 1, u16
 *     67    Noise message 1
 *
 * Bytes 0 to 32 are ADb of CPace. The answer of protocol 1 ends after 33 bytes and begins with 1.
 */
export type Answer = FirstAnswer | EnvelopeAnswer;

/** Answer to a first offer. */
export interface FirstAnswer {
  readonly kind: 'first';
  /** Bytes 0 to 32. */
  readonly head: Uint8Array;
  readonly idHalf: Uint8Array;
  readonly bootId: Uint8Array;
  readonly share: Uint8Array;
  readonly message1: Uint8Array;
}

/** Answer to a protocol 1 offer. */
export interface EnvelopeAnswer {
  readonly kind: 'envelope';
  readonly idHalf: Uint8Array;
  readonly bootId: Uint8Array;
}

/**
 * The bytes every answer begins with.
 *
 * @param head - chosen version, responder's half of the tunnel id and boot id.
 */
export function encodeAnswerHead(head: {
  readonly version: 1 | 2;
  readonly idHalf: Uint8Array;
  readonly bootId: Uint8Array;
}): Uint8Array {
  return concatBytes([Uint8Array.of(head.version), head.idHalf, head.bootId]);
}

/**
 * An answer of protocol 2 as bytes.
 *
 * @param answer - head as {@link encodeAnswerHead} made it, share and Noise message 1.
 */
export function encodeAnswer(answer: {
  readonly head: Uint8Array;
  readonly share: Uint8Array;
  readonly message1: Uint8Array;
}): Uint8Array {
  return concatBytes([answer.head, answer.share, uint16(answer.message1.length), answer.message1]);
}

/**
 * The answer in bytes from a peer.
 *
 * @param bytes - the whole answer.
 * @throws TunnelError `bad_answer`, or `version_unsupported` when the chosen version is neither 1 nor 2.
 */
export function decodeAnswer(bytes: Uint8Array): Answer {
  if (bytes.length < answerHeadBytes || bytes.length > handshakeBytesMax) {
    throw new TunnelError('bad_answer', `answer of ${bytes.length} bytes`);
  }
  const version = bytes[0];
  const idHalf = bytes.slice(1, 1 + tunnelIdHalfBytes);
  const bootId = bytes.slice(1 + tunnelIdHalfBytes, answerHeadBytes);
  if (version === 1 && bytes.length === answerHeadBytes) return { kind: 'envelope', idHalf, bootId };
  if (version !== 2) throw new TunnelError('version_unsupported', `answer chose version ${version}`);
  const lengthAt = answerHeadBytes + cpaceShareBytes;
  if (bytes.length < lengthAt + 2 || bytes.length !== lengthAt + 2 + readUint16(bytes, lengthAt)) {
    throw new TunnelError('bad_answer', `answer of ${bytes.length} bytes`);
  }
  return {
    kind: 'first',
    head: bytes.slice(0, answerHeadBytes),
    idHalf,
    bootId,
    share: bytes.slice(answerHeadBytes, lengthAt),
    message1: bytes.slice(lengthAt + 2),
  };
}

const answerHeadBytes: number = 1 + tunnelIdHalfBytes + bootIdBytes;
