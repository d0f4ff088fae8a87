import {
  cpaceFinish,
  cpaceStart,
  deriveFirstPsk,
  NoiseNNpsk0,
  noiseOverheadBytes,
  wipe,
} from '@macula/crypto';
import { AttachKeys } from '../attach/attach-keys.js';
import { concatBytes, readUint16 } from '../bytes.js';
import { EnvelopeChannel } from '../channel/envelope-channel.js';
import { RecordChannel } from '../channel/record-channel.js';
import { handshakeError, TunnelError } from '../errors.js';
import { tunnelIdHalfBytes } from '../limits.js';
import { encodeAnswer, encodeAnswerHead } from './answer.js';
import { channelIdentifier, joinTunnelId, noisePrologue } from './context.js';
import type { Established, HandshakeOptions } from './established.js';
import { decodeOffer, type FirstOffer, offerKinds } from './offer.js';

/** What a responder's handshake needs beside {@link HandshakeOptions}. */
export interface ResponderHandshakeOptions extends HandshakeOptions {
  /** Random at process start, 16 bytes. */
  readonly bootId: Uint8Array;
}

/**
 * The responder's side of the first handshake: `answer`, then `push` the first bytes of the path until it returns what
 * was established. It is the *initiator* of Noise.
 */
export class ResponderHandshake {
  /** What goes into OPEN_OK. */
  readonly answer: Uint8Array;
  readonly #options: ResponderHandshakeOptions;
  readonly #tunnelId: Uint8Array;
  readonly #noise: NoiseNNpsk0 | undefined;
  #received: Uint8Array = new Uint8Array(0);

  /**
   * Takes a few milliseconds in protocol 2: slow down who asks too often.
   *
   * @param options - see {@link ResponderHandshakeOptions}.
   * @param offerBytes - from OPEN.
   * @throws TunnelError `bad_offer`, `version_unsupported`, or `decrypt_failed` for a share that is none.
   */
  constructor(options: ResponderHandshakeOptions, offerBytes: Uint8Array) {
    this.#options = options;
    const { protocol, bootId, random } = options;
    const offer = decodeOffer(offerBytes);
    if (offer.kind === 'attach' || offer.kind === 'hint')
      throw new TunnelError('bad_offer', 'the offer is of a tunnel that exists');
    const idHalf = Uint8Array.from(random(tunnelIdHalfBytes));
    this.#tunnelId = joinTunnelId({ initiator: offer.idHalf, responder: idHalf });
    const head = encodeAnswerHead({ version: protocol, idHalf, bootId });
    if (offer.kind === 'envelope') {
      if (protocol !== 1) throw new TunnelError('version_unsupported', 'protocol 1 is not configured here');
      this.answer = head;
      return;
    }
    if (protocol !== 2 || !offer.versions.includes(2)) {
      throw new TunnelError('version_unsupported', 'no offered version is configured here');
    }
    const started = this.#startNoise(offer, offerBytes, head);
    this.#noise = started.noise;
    this.answer = encodeAnswer({ head, share: started.share, message1: started.message1 });
  }

  /**
   * Takes bytes of the path, until the handshake is finished.
   *
   * @param chunk - any part of the stream.
   * @returns what was established and the bytes behind the handshake, or `undefined` when more are needed.
   * @throws TunnelError `decrypt_failed`.
   */
  push(chunk: Uint8Array): { readonly established: Established; readonly rest: Uint8Array } | undefined {
    if (this.#noise === undefined) return { established: this.#establishedV1(), rest: chunk };
    this.#received = this.#received.length === 0 ? chunk : concatBytes([this.#received, chunk]);
    if (this.#received.length < 2) return undefined;
    const messageBytes = readUint16(this.#received, 0);
    if (messageBytes !== noiseOverheadBytes) {
      throw new TunnelError('decrypt_failed', `Noise message 2 of ${messageBytes} bytes`);
    }
    if (this.#received.length < 2 + messageBytes) return undefined;
    const established = this.#finish(this.#noise, this.#received.subarray(2, 2 + messageBytes));
    return { established, rest: this.#received.subarray(2 + messageBytes) };
  }

  #startNoise(
    offer: FirstOffer,
    offerBytes: Uint8Array,
    head: Uint8Array,
  ): { readonly noise: NoiseNNpsk0; readonly share: Uint8Array; readonly message1: Uint8Array } {
    const { parties, tunnelKey, random } = this.#options;
    const { share, secret } = cpaceStart({
      password: tunnelKey,
      channelIdentifier: channelIdentifier(parties),
      sessionId: offer.idHalf,
      random,
    });
    try {
      const isk = cpaceFinish({
        role: 'responder',
        secret,
        ownShare: share,
        peerShare: offer.share,
        sessionId: offer.idHalf,
        initiatorData: offerBytes,
        responderData: head,
      });
      const psk = deriveFirstPsk(isk);
      const prologue = noisePrologue({
        versions: offer.versions,
        kind: offerKinds.first,
        parties,
        tunnelId: this.#tunnelId,
        epoch: offer.epoch,
      });
      const noise = new NoiseNNpsk0({ role: 'initiator', prologue, psk, random });
      wipe(isk);
      wipe(psk);
      return { noise, share, message1: noise.writeMessage(new Uint8Array(0)) };
    } finally {
      wipe(secret);
    }
  }

  #finish(noise: NoiseNNpsk0, message2: Uint8Array): Established {
    try {
      noise.readMessage(message2);
    } catch (cause) {
      throw handshakeError(cause, 'the path changed the handshake');
    }
    const { sendKey, receiveKey, resumptionSecret } = noise.split();
    const { parties, random, rekeyEveryRecords } = this.#options;
    const rekey = rekeyEveryRecords === undefined ? {} : { rekeyEveryRecords };
    const tunnelId = this.#tunnelId;
    const channel = new RecordChannel({ sendKey, receiveKey, ...rekey });
    const attachKeys = new AttachKeys({ tunnelId, secret: resumptionSecret, parties, random, ...rekey });
    return { tunnelId, channel, greeting: [], peerBootId: undefined, attachKeys };
  }

  #establishedV1(): Established {
    const { tunnelKey, random } = this.#options;
    const channel = new EnvelopeChannel({ tunnelKey, tunnelId: this.#tunnelId, role: 'responder', random });
    return { tunnelId: this.#tunnelId, channel, greeting: [], peerBootId: undefined };
  }
}
