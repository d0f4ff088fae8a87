import { deriveAttachPsk, NoiseNNpsk0, type NoiseOptions, type RandomSource, wipe } from '@macula/crypto';
import { RecordChannel } from '../channel/record-channel.js';
import { handshakeError, TunnelError } from '../errors.js';
import { noisePrologue, type Parties } from '../handshake/context.js';
import type { Established } from '../handshake/established.js';
import { type AttachOffer, encodeOffer, offeredVersions, offerKinds } from '../handshake/offer.js';
import { decodeAttachAnswer, encodeAttachAnswer } from './attach-answer.js';

/** What the keys of further paths come from. */
export interface AttachKeysOptions {
  /** 32 bytes. */
  readonly tunnelId: Uint8Array;
  /** The resumption secret of the first handshake, 32 bytes; belongs to the keys from now on. */
  readonly secret: Uint8Array;
  /** As this side knows them. */
  readonly parties: Parties;
  /** Source of the Noise ephemerals. */
  readonly random: RandomSource;
  /** Records under one key, equal at both ends. Default: 2^20. */
  readonly rekeyEveryRecords?: number;
}

/**
 * The handshakes of all further paths of one tunnel: Noise with fresh ephemerals and
 * psk = HKDF(resumption secret, "attach" ‖ epoch). The secret never changes, so that no lost message puts the two sides
 * out of step; forward secrecy comes from the ephemerals.
 *
 *     initiator                                    responder
 *     offer: Noise message 1   ── OPEN ─────────▶  refuses it when it isn't from somebody with the secret
 *     established              ◀─ OPEN_OK ───────  answer: Noise message 2; established
 *
 * The initiator is the one of Noise here, unlike in the first handshake: the secret is strong, so message 1 gives nothing away.
 */
export class AttachKeys {
  readonly #options: AttachKeysOptions;
  #isWiped = false;

  /**
   * @param options - see {@link AttachKeysOptions}.
   */
  constructor(options: AttachKeysOptions) {
    this.#options = options;
  }

  /** 32 bytes. */
  get tunnelId(): Uint8Array {
    return this.#options.tunnelId;
  }

  /** Source of unpredictable bytes, for what else an attach needs. */
  get random(): RandomSource {
    return this.#options.random;
  }

  /**
   * Begins an attach at the initiator.
   *
   * @param epoch - 1 to 2^32 - 1, never used before.
   * @throws CryptoError `bad_random` when the source misbehaves.
   */
  initiate(epoch: number): AttachInitiator {
    const noise = this.#noise('initiator', { versions: offeredVersions, epoch });
    const message1 = noise.writeMessage(new Uint8Array(0));
    const { tunnelId } = this.#options;
    const offer = encodeOffer({ kind: 'attach', versions: offeredVersions, epoch, tunnelId, message1 });
    return new AttachInitiator(offer, (message2) => {
      noise.readMessage(message2);
      return this.#established(noise);
    });
  }

  /**
   * Answers an attach at the responder. Costs little for an offer without the secret.
   *
   * @param offer - its epoch is for the caller to judge.
   * @throws TunnelError `version_unsupported`, `decrypt_failed`.
   */
  respond(offer: AttachOffer): AttachResponder {
    if (!offer.versions.includes(2)) {
      throw new TunnelError('version_unsupported', 'no offered version is configured here');
    }
    try {
      const noise = this.#noise('responder', offer);
      noise.readMessage(offer.message1);
      const answer = encodeAttachAnswer(noise.writeMessage(new Uint8Array(0)));
      return new AttachResponder(answer, this.#established(noise));
    } catch (cause) {
      throw handshakeError(cause, 'the attach is not of this tunnel, or was changed');
    }
  }

  /** Overwrites the secret; nothing can be attached any more. */
  wipe(): void {
    this.#isWiped = true;
    wipe(this.#options.secret);
  }

  #noise(
    role: NoiseOptions['role'],
    { versions, epoch }: { readonly versions: Uint8Array; readonly epoch: number },
  ): NoiseNNpsk0 {
    if (this.#isWiped) throw new TunnelError('internal', 'the resumption secret is wiped');
    const { parties, tunnelId, secret, random } = this.#options;
    const psk = deriveAttachPsk(secret, epoch);
    const prologue = noisePrologue({ versions, kind: offerKinds.attach, parties, tunnelId, epoch });
    const noise = new NoiseNNpsk0({ role, prologue, psk, random });
    wipe(psk);
    return noise;
  }

  #established(noise: NoiseNNpsk0): Established {
    const { tunnelId, rekeyEveryRecords } = this.#options;
    const { sendKey, receiveKey, resumptionSecret } = noise.split();
    wipe(resumptionSecret); // the first handshake's stays
    const channel = new RecordChannel({
      sendKey,
      receiveKey,
      ...(rekeyEveryRecords === undefined ? {} : { rekeyEveryRecords }),
    });
    return { tunnelId, channel, greeting: [], peerBootId: undefined };
  }
}

/** The initiator's side of one attach handshake: `offer`, then `finish` with the answer. */
export class AttachInitiator {
  /** What goes into OPEN. */
  readonly offer: Uint8Array;
  readonly #read: (message2: Uint8Array) => Established;

  /**
   * @param offer - the encoded offer.
   * @param read - takes Noise message 2, once.
   */
  constructor(offer: Uint8Array, read: (message2: Uint8Array) => Established) {
    this.offer = offer;
    this.#read = read;
  }

  /**
   * Takes the answer of OPEN_OK. Call it once.
   *
   * @param answer - the whole answer.
   * @throws TunnelError `bad_answer`, `version_unsupported` or `decrypt_failed`.
   */
  finish(answer: Uint8Array): Established {
    const message2 = decodeAttachAnswer(answer);
    try {
      return this.#read(message2);
    } catch (cause) {
      throw handshakeError(cause, 'the answer is not of this tunnel, or was changed');
    }
  }
}

/** The responder's side of one attach handshake, which is over with the answer. */
export class AttachResponder {
  /** What goes into OPEN_OK. */
  readonly answer: Uint8Array;
  /** Keys of the path. That the initiator is alive is shown by its first record only: an offer can be replayed. */
  readonly established: Established;

  /**
   * @param answer - the encoded answer.
   * @param established - what the handshake gave.
   */
  constructor(answer: Uint8Array, established: Established) {
    this.answer = answer;
    this.established = established;
  }
}
