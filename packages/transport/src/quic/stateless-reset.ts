import { createHmac, randomBytes } from 'node:crypto';

/** A stateless reset is one byte shorter than the smallest packet of a dialer (RFC 9000 section 10.3). */
const resetBytes = 40;
const tokenBytes = 16;
/** Packets a listener answers in one second without knowing the connection. */
const answersPerSecondMax = 200;

/**
 * Makes the tokens with which a listener tells dialers that it doesn't know their connection any more. The secret
 * comes from the private key, so that the tokens are still right after a restart.
 */
export class StatelessReset {
  readonly #secret: Buffer;

  constructor(keyPem: string) {
    this.#secret = createHmac('sha256', keyPem).update('macula stateless reset').digest();
  }

  /** The token of a connection id, as quiche takes it. */
  tokenOf(connectionId: Uint8Array): bigint {
    return BigInt(`0x${this.#token(connectionId).toString('hex')}`);
  }

  /** The answer to a packet of an unknown connection; undefined when the packet is too short to be answered. */
  packetFor(connectionId: Uint8Array, packetBytes: number): Buffer | undefined {
    if (packetBytes <= resetBytes) return undefined;
    const packet = randomBytes(resetBytes);
    packet[0] = 0x40 | (packet[0]! & 0x3f);
    this.#token(connectionId).copy(packet, resetBytes - tokenBytes);
    return packet;
  }

  #token(connectionId: Uint8Array): Buffer {
    return createHmac('sha256', this.#secret).update(connectionId).digest().subarray(0, tokenBytes);
  }
}

/** Bounds answers to packets that anybody may have forged. */
export class AnswerBudget {
  #second = 0;
  #left = answersPerSecondMax;

  /** True when one more answer may be sent. */
  take(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#left = answersPerSecondMax;
    }
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }
}
