import { type AttachInitiator, AttachResponder } from '../attach/attach-keys.js';
import { TunnelError } from '../errors.js';
import type { Established, HandshakeOptions } from '../handshake/established.js';
import { InitiatorHandshake } from '../handshake/initiator.js';
import { ResponderHandshake, type ResponderHandshakeOptions } from '../handshake/responder.js';
import { decodeRecord, encodeRecord, type TunnelRecord } from '../record-codec.js';

/** What a path begins with. */
export type PathHandshake = InitiatorHandshake | ResponderHandshake | AttachInitiator | AttachResponder;

/** Which path it is, and until when an attach may be pending. */
export interface PathNumbers {
  /** Number of the path at this side. */
  readonly id: number;
  /** 0 for the first path, else the attach's. */
  readonly epoch: number;
  /** Monotonic milliseconds; means nothing once the path is active. */
  readonly deadlineMs: number;
}

/**
 * One path of a tunnel: its handshake, then its sealed records in both directions. Knows nothing of what the records
 * mean. Errors of a handshake or record are final for the path.
 */
export class Path {
  /** Number of the path at this side; the first is 0. */
  readonly id: number;
  /** 0 for the first path, else the attach's. */
  readonly epoch: number;
  /** Until when an attach may be pending, monotonic milliseconds. */
  readonly deadlineMs: number;
  /** Whether this side has finished its half: nothing can be sent any more. */
  ownHalfEnded = false;
  /** Whether the peer's half is at its end. */
  peerHalfEnded = false;
  readonly #handshake: PathHandshake;
  #established: Established | undefined;
  #isBroken = false;
  /** Sealed and not yet taken. */
  #pieces: Uint8Array[] = [];
  #recordsIn = 0;
  #recordsOut = 0;

  /**
   * @param numbers - see {@link PathNumbers}.
   * @param handshake - begun.
   */
  constructor({ id, epoch, deadlineMs }: PathNumbers, handshake: PathHandshake) {
    this.id = id;
    this.epoch = epoch;
    this.deadlineMs = deadlineMs;
    this.#handshake = handshake;
    if (handshake instanceof AttachResponder) this.#established = handshake.established;
  }

  /**
   * The path a tunnel's first OPEN asks for.
   *
   * @param options - see {@link HandshakeOptions}.
   * @throws TunnelError `internal` when the random source misbehaves.
   */
  static initiate(options: HandshakeOptions): Path {
    return ownErrors(() => new Path(first, new InitiatorHandshake(options)));
  }

  /**
   * The path a tunnel's first OPEN brought.
   *
   * @param options - see {@link ResponderHandshakeOptions}.
   * @param offer - from OPEN.
   * @throws TunnelError `bad_offer`, `version_unsupported`, `decrypt_failed`, or `internal` when the random source
   *   misbehaves.
   */
  static respond(options: ResponderHandshakeOptions, offer: Uint8Array): Path {
    return ownErrors(() => new Path(first, new ResponderHandshake(options, offer)));
  }

  /** What goes into OPEN; `undefined` at the responder. */
  get offer(): Uint8Array | undefined {
    return 'offer' in this.#handshake ? this.#handshake.offer : undefined;
  }

  /** What goes into OPEN_OK; `undefined` at the initiator. */
  get answer(): Uint8Array | undefined {
    return 'answer' in this.#handshake ? this.#handshake.answer : undefined;
  }

  /** What the handshake gave; `undefined` until it is through. */
  get established(): Established | undefined {
    return this.#established;
  }

  /** Whether something came that was no record: nothing more can be read, sealing goes on. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Records opened. */
  get recordsIn(): number {
    return this.#recordsIn;
  }

  /** Records sealed. */
  get recordsOut(): number {
    return this.#recordsOut;
  }

  /**
   * Initiator: the answer of OPEN_OK, once.
   *
   * @param answer - the whole answer.
   * @throws TunnelError `bad_answer`, `version_unsupported` or `decrypt_failed`.
   */
  handleAnswer(answer: Uint8Array): void {
    if (!('offer' in this.#handshake) || this.#established !== undefined) {
      throw new TunnelError('internal', 'no answer is expected');
    }
    this.#established = this.#handshake.finish(answer);
    this.#pieces.push(...this.#established.greeting);
  }

  /**
   * Takes received bytes: of the handshake, then of records.
   *
   * @param bytes - any part of the stream; belong to the path from now on.
   * @throws TunnelError `decrypt_failed` from the handshake.
   */
  push(bytes: Uint8Array): void {
    if (this.#established !== undefined) {
      this.#established.channel.push(bytes);
    } else if (this.#handshake instanceof ResponderHandshake) {
      const result = this.#handshake.push(bytes);
      if (result === undefined) return;
      this.#established = result.established;
      this.#established.channel.push(result.rest);
    }
  }

  /**
   * The next record, verified and decoded, or `undefined` when more bytes are needed.
   *
   * @throws TunnelError or CryptoError when there is no such record; the path is broken then.
   */
  next(): TunnelRecord | undefined {
    try {
      const plaintext = this.#established?.channel.next();
      if (plaintext === undefined) return undefined;
      this.#recordsIn++;
      return decodeRecord(plaintext);
    } catch (thrown) {
      this.#isBroken = true;
      throw thrown;
    }
  }

  /**
   * Seals a record behind those that wait to be taken.
   *
   * @param record - what to send.
   * @throws TunnelError `internal` before the handshake is through; CryptoError `nonce_exhausted`.
   */
  seal(record: TunnelRecord): void {
    if (this.#established === undefined) throw new TunnelError('internal', 'no keys to seal with');
    for (const piece of this.#established.channel.seal(encodeRecord(record))) this.#pieces.push(piece);
    this.#recordsOut++;
  }

  /** What was sealed since the last call, in order, or `undefined`. */
  take(): Uint8Array[] | undefined {
    if (this.#pieces.length === 0) return undefined;
    const taken = this.#pieces;
    this.#pieces = [];
    return taken;
  }

  /** Overwrites the keys; nothing is sealed or opened any more. What was sealed can still be taken. */
  wipe(): void {
    this.#established?.channel.wipe();
  }
}

/** Runs a handshake's first step; its errors become errors of this package. */
function ownErrors<T>(step: () => T): T {
  try {
    return step();
  } catch (thrown) {
    throw TunnelError.from(thrown);
  }
}

const first: PathNumbers = { id: 0, epoch: 0, deadlineMs: Number.POSITIVE_INFINITY };
