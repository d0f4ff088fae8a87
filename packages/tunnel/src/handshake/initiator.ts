import {
  type CPaceStarted,
  cpaceFinish,
  cpaceStart,
  deriveFirstPsk,
  NoiseNNpsk0,
  wipe,
} from '@macula/crypto';
import { AttachKeys } from '../attach/attach-keys.js';
import { concatBytes, uint16 } from '../bytes.js';
import { EnvelopeChannel } from '../channel/envelope-channel.js';
import { RecordChannel } from '../channel/record-channel.js';
import { handshakeError, TunnelError } from '../errors.js';
import { tunnelIdHalfBytes } from '../limits.js';
import { type Answer, decodeAnswer, type FirstAnswer } from './answer.js';
import { channelIdentifier, joinTunnelId, noisePrologue } from './context.js';
import type { Established, HandshakeOptions } from './established.js';
import { encodeOffer, offeredVersions, offerKinds } from './offer.js';

/**
 * The initiator's side of the first handshake: `offer`, then `finish` with the answer. It is the *responder* of Noise,
 * which saves a round trip: Noise message 1 already comes with the answer, and says at once whether the keys agree.
 */
export class InitiatorHandshake {
  /** What goes into OPEN. */
  readonly offer: Uint8Array;
  readonly #options: HandshakeOptions;
  readonly #idHalf: Uint8Array;
  readonly #cpace: CPaceStarted | undefined;

  /**
   * Takes a few milliseconds in protocol 2.
   *
   * @param options - see {@link HandshakeOptions}.
   * @throws CryptoError `bad_random` when the source misbehaves.
   */
  constructor(options: HandshakeOptions) {
    this.#options = options;
    const idHalf = Uint8Array.from(options.random(tunnelIdHalfBytes));
    this.#idHalf = idHalf;
    if (options.protocol === 1) {
      this.offer = encodeOffer({ kind: 'envelope', idHalf });
      return;
    }
    this.#cpace = cpaceStart({
      password: options.tunnelKey,
      channelIdentifier: channelIdentifier(options.parties),
      sessionId: idHalf,
      random: options.random,
    });
    const share = this.#cpace.share;
    this.offer = encodeOffer({ kind: 'first', versions: offeredVersions, epoch: 0, idHalf, share });
  }

  /**
   * Takes the answer of OPEN_OK. Call it once.
   *
   * @param bytes - the whole answer.
   * @returns the channel, and in `greeting` what must be sent before the first record.
   * @throws TunnelError `bad_answer`, `version_unsupported`, or `decrypt_failed` when cookie, realm or names differ.
   */
  finish(bytes: Uint8Array): Established {
    const answer: Answer = decodeAnswer(bytes);
    const tunnelId = joinTunnelId({ initiator: this.#idHalf, responder: answer.idHalf });
    if (answer.kind === 'envelope' && this.#options.protocol === 1) {
      const { tunnelKey, random } = this.#options;
      const channel = new EnvelopeChannel({ tunnelKey, tunnelId, role: 'initiator', random });
      return { tunnelId, channel, greeting: [], peerBootId: answer.bootId };
    }
    if (answer.kind === 'envelope' || this.#cpace === undefined) {
      throw new TunnelError('version_unsupported', 'the answer is of a protocol that was not offered');
    }
    return this.#finishFirst(this.#cpace, answer, tunnelId);
  }

  #finishFirst(cpace: CPaceStarted, answer: FirstAnswer, tunnelId: Uint8Array): Established {
    const { parties, random, rekeyEveryRecords } = this.#options;
    try {
      const isk = cpaceFinish({
        role: 'initiator',
        secret: cpace.secret,
        ownShare: cpace.share,
        peerShare: answer.share,
        sessionId: this.#idHalf,
        initiatorData: this.offer,
        responderData: answer.head,
      });
      const psk = deriveFirstPsk(isk);
      const prologue = noisePrologue({
        versions: offeredVersions,
        kind: offerKinds.first,
        parties,
        tunnelId,
        epoch: 0,
      });
      const noise = new NoiseNNpsk0({ role: 'responder', prologue, psk, random });
      wipe(isk);
      wipe(psk);
      noise.readMessage(answer.message1);
      const message2 = noise.writeMessage(new Uint8Array(0));
      const { sendKey, receiveKey, resumptionSecret } = noise.split();
      const rekey = rekeyEveryRecords === undefined ? {} : { rekeyEveryRecords };
      const channel = new RecordChannel({ sendKey, receiveKey, ...rekey });
      const attachKeys = new AttachKeys({ tunnelId, secret: resumptionSecret, parties, random, ...rekey });
      const greeting = [concatBytes([uint16(message2.length), message2])];
      return { tunnelId, channel, greeting, peerBootId: answer.bootId, attachKeys };
    } catch (cause) {
      throw handshakeError(cause, 'cookie, realm or node names differ');
    } finally {
      wipe(cpace.secret);
    }
  }
}
