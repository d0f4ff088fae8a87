import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { SocketAddress } from '../transport.js';

/** Seconds a dialer has to come back with its token. */
const tokenSecondsMax = 10;
const secondsBytes = 4;
const proofBytes = 16;

/**
 * Tokens of Retry packets (RFC 9000 section 8.1.2): a dialer that brings one back has shown that its address is its own. The
 * listener keeps nothing meanwhile.
 *
 *     0                  4         20
 *     | seconds u32be    | proof   | connection id of the dialer's first packet |
 */
export class RetryTokens {
  readonly #secret = randomBytes(32);

  /** The token for a dialer at `from`, whose first packet named `originalId` and whose next one must name `retryId`. */
  make(originalId: Buffer, retryId: Buffer, from: SocketAddress, nowMs: number): Buffer {
    const seconds = Buffer.alloc(secondsBytes);
    seconds.writeUInt32BE(Math.floor(nowMs / 1000));
    return Buffer.concat([seconds, this.#proof(seconds, originalId, retryId, from), originalId]);
  }

  /** The connection id of the first packet; undefined when the token isn't ours, is old, or was given to somebody else. */
  originalIdOf(token: Buffer, retryId: Buffer, from: SocketAddress, nowMs: number): Buffer | undefined {
    if (token.length <= secondsBytes + proofBytes) return undefined;
    const seconds = token.subarray(0, secondsBytes);
    const originalId = token.subarray(secondsBytes + proofBytes);
    const proof = token.subarray(secondsBytes, secondsBytes + proofBytes);
    if (!timingSafeEqual(proof, this.#proof(seconds, originalId, retryId, from))) return undefined;
    const age = Math.floor(nowMs / 1000) - seconds.readUInt32BE(0);
    return age <= tokenSecondsMax ? originalId : undefined;
  }

  #proof(seconds: Buffer, originalId: Buffer, retryId: Buffer, { host, port }: SocketAddress): Buffer {
    return createHmac('sha256', this.#secret)
      .update(seconds)
      .update(Uint8Array.of(originalId.length, retryId.length))
      .update(originalId)
      .update(retryId)
      .update(`${host} ${port}`)
      .digest()
      .subarray(0, proofBytes);
  }
}
