import { EnvelopeV1Opener, type RandomSource, sealFrameV1, wipe } from '@macula/crypto';
import { concatBytes, equalBytes } from '../bytes.js';
import { TunnelError } from '../errors.js';
import { tunnelIdBytes } from '../limits.js';
import type { Channel } from './channel.js';

/** What an envelope channel needs: the static key, and what binds its envelopes to one tunnel and direction. */
export interface EnvelopeChannelOptions {
  /** The tunnel key, 32 bytes, copied. */
  readonly tunnelKey: Uint8Array;
  /** 32 bytes. */
  readonly tunnelId: Uint8Array;
  /** Which direction this side sends in. */
  readonly role: 'initiator' | 'responder';
  /** Asked for 12 bytes for each envelope, the nonce. */
  readonly random: RandomSource;
}

/**
 * Protocol 1: envelopes under the static tunnel key. Envelope format and weaknesses are in `@macula/crypto`; plaintext:
 *
 *     0                32                  33
 *     | tunnel id (32) | direction u8      | record …
 *                        1 initiator to responder, 2 responder to initiator
 *
 * The first 33 bytes make envelopes of other tunnels and reflected ones `bad_tag`. Replayed, reordered and dropped
 * ones show in the records' offsets, as far as they carry any; forward secrecy this protocol can't have.
 */
export class EnvelopeChannel implements Channel {
  readonly #tunnelKey: Uint8Array;
  readonly #random: RandomSource;
  readonly #sendHead: Uint8Array;
  readonly #receiveHead: Uint8Array;
  readonly #opener: EnvelopeV1Opener;

  /**
   * @param options - see {@link EnvelopeChannelOptions}.
   * @throws CryptoError `bad_key`.
   */
  constructor({ tunnelKey, tunnelId, role, random }: EnvelopeChannelOptions) {
    const fromInitiator = concatBytes([tunnelId, Uint8Array.of(1)]);
    const fromResponder = concatBytes([tunnelId, Uint8Array.of(2)]);
    this.#tunnelKey = Uint8Array.from(tunnelKey);
    this.#random = random;
    this.#sendHead = role === 'initiator' ? fromInitiator : fromResponder;
    this.#receiveHead = role === 'initiator' ? fromResponder : fromInitiator;
    this.#opener = new EnvelopeV1Opener(this.#tunnelKey);
  }

  seal(parts: readonly Uint8Array[]): Uint8Array[] {
    return sealFrameV1(this.#tunnelKey, concatBytes([this.#sendHead, ...parts]), this.#random);
  }

  push(chunk: Uint8Array): void {
    this.#opener.push(chunk);
  }

  next(): Uint8Array[] | undefined {
    const pieces = this.#opener.next();
    if (pieces === undefined) return undefined;
    const plaintext = pieces.length === 1 ? pieces[0]! : concatBytes(pieces);
    if (!equalBytes(plaintext.subarray(0, envelopeHeadBytes), this.#receiveHead)) {
      throw new TunnelError('bad_tag', 'envelope of another tunnel or direction');
    }
    return [plaintext.subarray(envelopeHeadBytes)];
  }

  get bufferedBytes(): number {
    return this.#opener.bufferedBytes;
  }

  wipe(): void {
    wipe(this.#tunnelKey);
  }
}

const envelopeHeadBytes: number = tunnelIdBytes + 1;
