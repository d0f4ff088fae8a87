/**
 * Noise_NNpsk0_25519_AESGCM_SHA256 (Noise rev 34, sections 7.5 and 9): two ephemeral keys authenticated by one
 * pre-shared key.
 *
 *     initiator                                    responder
 *     psk, e, payload 1  -- 32 + n + 16 bytes -->  wrong psk: decrypt_failed here
 *                        <-- 32 + n + 16 bytes --  e, ee, payload 2
 *     split() -> sendKey, receiveKey               split() -> sendKey, receiveKey
 *
 * Layout of both messages: public ephemeral (32) | sealed payload (n) | tag (16).
 *
 * Who sees message 1 can test guesses of the psk offline, so the psk must be strong: an ISK of CPace, a resumption
 * secret, never a cookie. Payload 1 has no forward secrecy and can be replayed; payload 2 has both.
 */

import { emptyBytes, requireLength } from '../bytes.js';
import { CryptoError } from '../errors.js';
import type { RandomSource } from '../random.js';
import { generateX25519, type X25519KeyPair, x25519, x25519Bytes } from '../x25519.js';
import { SymmetricState } from './symmetric-state.js';

/** The name both sides hash first. */
export const noiseProtocolName = 'Noise_NNpsk0_25519_AESGCM_SHA256';

/** Size of the pre-shared key, in bytes. */
export const noisePskBytes = 32;

/** What a message is longer than its payload, in bytes: public ephemeral and tag. */
export const noiseOverheadBytes: number = x25519Bytes + 16;

/** Longest Noise message, in bytes (Noise rev 34 section 3). */
export const noiseMessageBytesMax = 65535;

/**
 * Where a handshake stands.
 *
 * - `write`: the next call is `writeMessage`. Entered by the initiator at construction, by the responder after reading.
 * - `read`: the next call is `readMessage`. Entered by the responder at construction, by the initiator after writing.
 * - `complete`: both messages are through; the next call is `split`.
 * - `split`: the keys were handed out; nothing is left to do.
 * - `failed`: a message was refused; secrets are wiped. Start a new handshake.
 */
export type NoiseStage = 'write' | 'read' | 'complete' | 'split' | 'failed';

/** Inputs of a handshake. Both sides need equal `prologue` and `psk` and different roles. */
export interface NoiseOptions {
  /** The initiator writes first. In a macula tunnel that is the side that did *not* open the tunnel. */
  readonly role: 'initiator' | 'responder';
  /** Public context both sides must agree on, any length. Default: empty. */
  readonly prologue?: Uint8Array;
  /** {@link noisePskBytes} strong secret bytes; mixed in at once, not kept. */
  readonly psk: Uint8Array;
  /** Source of the ephemeral private key; asked once for 32 bytes, when this side writes. */
  readonly random: RandomSource;
}

/** What a completed handshake gives. */
export interface NoiseResult {
  /** Key of the records this side sends, 32 bytes. */
  readonly sendKey: Uint8Array;
  /** Key of the records this side receives, 32 bytes. */
  readonly receiveKey: Uint8Array;
  /** Hash of the whole transcript, 32 bytes, equal on both sides; public. */
  readonly handshakeHash: Uint8Array;
  /** HKDF-SHA-256(final chaining key, "macula resumption"), 32 bytes, equal on both sides; secret. */
  readonly resumptionSecret: Uint8Array;
}

/**
 * One handshake, from one side. Call order: the initiator `writeMessage`, `readMessage`, `split`; the responder
 * `readMessage`, `writeMessage`, `split`.
 */
export class NoiseNNpsk0 {
  readonly #initiator: boolean;
  readonly #random: RandomSource;
  readonly #symmetric: SymmetricState;
  #stage: NoiseStage;
  #ephemeral: X25519KeyPair | undefined;
  #remoteEphemeral: Uint8Array | undefined;

  /**
   * @param options - see {@link NoiseOptions}.
   * @throws CryptoError `bad_key` when the psk has another size.
   */
  constructor({ role, prologue = emptyBytes, psk, random }: NoiseOptions) {
    requireLength('Noise psk', psk, { expected: noisePskBytes, code: 'bad_key' });
    this.#initiator = role === 'initiator';
    this.#random = random;
    this.#stage = this.#initiator ? 'write' : 'read';
    this.#symmetric = new SymmetricState(noiseProtocolName);
    this.#symmetric.mixHash(prologue);
    this.#symmetric.mixKeyAndHash(psk);
  }

  /** Where the handshake stands. */
  get stage(): NoiseStage {
    return this.#stage;
  }

  /**
   * Makes this side's message.
   *
   * @param payload - travels sealed in it, at most {@link noiseMessageBytesMax} - {@link noiseOverheadBytes} bytes.
   * @throws CryptoError `bad_state` when it is not this side's turn, `bad_length` when the payload is too long,
   *   `bad_random` when the source misbehaves, `bad_point` when the peer's ephemeral has low order.
   */
  writeMessage(payload: Uint8Array): Uint8Array {
    this.#requireStage('write');
    if (payload.length > noiseMessageBytesMax - noiseOverheadBytes) {
      throw new CryptoError('bad_length', 'Noise payload too long');
    }
    const ephemeral = generateX25519(this.#random);
    return this.#failOnError(() => {
      this.#ephemeral = ephemeral;
      this.#mixEphemeral(ephemeral.publicKey);
      this.#mixSharedSecret();
      const sealed = this.#symmetric.encryptAndHash(payload);
      this.#stage = this.#initiator ? 'read' : 'complete';
      return Buffer.concat([ephemeral.publicKey, sealed]);
    });
  }

  /**
   * Takes the peer's message. Any refusal ends this handshake: it can't be retried with other bytes.
   *
   * @param message - exactly one whole message.
   * @returns the payload.
   * @throws CryptoError `bad_state` when it is not the peer's turn, `bad_length` when the message is too short or too
   *   long, `bad_point` when its ephemeral has low order, `decrypt_failed` when psk, prologue or bytes differ.
   */
  readMessage(message: Uint8Array): Uint8Array {
    this.#requireStage('read');
    return this.#failOnError(() => {
      if (message.length < noiseOverheadBytes || message.length > noiseMessageBytesMax) {
        throw new CryptoError('bad_length', `Noise message of ${message.length} bytes`);
      }
      const remoteEphemeral = Uint8Array.from(message.subarray(0, x25519Bytes));
      this.#remoteEphemeral = remoteEphemeral;
      this.#mixEphemeral(remoteEphemeral);
      this.#mixSharedSecret();
      const payload = this.#symmetric.decryptAndHash(message.subarray(x25519Bytes));
      this.#stage = this.#initiator ? 'complete' : 'write';
      return payload;
    });
  }

  /**
   * Hands out the keys, once, and wipes the handshake.
   *
   * @throws CryptoError `bad_state` when the handshake is not complete or was split before.
   */
  split(): NoiseResult {
    this.#requireStage('complete');
    const [initiatorKey, responderKey] = this.#symmetric.split();
    const result: NoiseResult = {
      sendKey: this.#initiator ? initiatorKey : responderKey,
      receiveKey: this.#initiator ? responderKey : initiatorKey,
      handshakeHash: this.#symmetric.handshakeHash,
      resumptionSecret: this.#symmetric.exportSecret('macula resumption'),
    };
    this.#end('split');
    return result;
  }

  /** Token `e` in a psk handshake: the public ephemeral goes into transcript and keys. */
  #mixEphemeral(publicKey: Uint8Array): void {
    this.#symmetric.mixHash(publicKey);
    this.#symmetric.mixKey(publicKey);
  }

  /** Token `ee` of message 2; in message 1 only one ephemeral exists yet. */
  #mixSharedSecret(): void {
    if (this.#ephemeral === undefined || this.#remoteEphemeral === undefined) return;
    const shared = x25519(this.#ephemeral.privateKey, this.#remoteEphemeral);
    this.#symmetric.mixKey(shared);
    shared.fill(0);
  }

  #failOnError<T>(step: () => T): T {
    try {
      return step();
    } catch (thrown) {
      this.#end('failed');
      throw CryptoError.from(thrown);
    }
  }

  #requireStage(expected: NoiseStage): void {
    if (this.#stage !== expected) {
      throw new CryptoError('bad_state', `handshake is at ${this.#stage}, not at ${expected}`);
    }
  }

  #end(stage: 'split' | 'failed'): void {
    this.#symmetric.wipe();
    this.#ephemeral = undefined;
    this.#stage = stage;
  }
}
