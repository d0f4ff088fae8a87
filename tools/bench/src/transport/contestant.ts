import type { CertificatePair } from '@macula/transport';

/**
 * Something that moves bytes over one stream between two processes, in the same shape for transports and for what they
 * are compared with:
 *
 * ```text
 *   bulk  dialer writes N bytes 'B' in pieces of 64 KiB and ends; the listener answers with the count in decimal and ends
 *   echo  dialer writes 64 bytes 'E', the listener sends them back; one after the other
 * ```
 *
 * The first byte tells the listener which of the two it is. Each measurement has a connection of its own, so that what one leaves
 * behind (congestion window, timers) does not help the next.
 */
export interface Contestant {
  /** Listens on a free port of 127.0.0.1 until the process ends. */
  listen(certificate: CertificatePair): Promise<number>;
  dial(port: number, certificate: CertificatePair): Promise<Dialed>;
  /** Processes besides this one that work for it. */
  readonly helperPids?: () => readonly number[];
}

/** A connection to the listener. */
export interface Dialed {
  /** Milliseconds from the first write until the listener's answer. */
  bulk(bytes: number): Promise<number>;
  /** Milliseconds of each round trip. */
  echo(count: number): Promise<number[]>;
  close(): Promise<void> | void;
}

/** Bytes written at once in bulk: 64 KiB. */
export const pieceBytes: number = 64 * 1024;
/** Bytes of one echo. */
export const echoBytes = 64;
/** Bytes of UDP payload at most, for everything on QUIC. */
export const udpPayloadBytes = 1350;

/** First byte of a stream, 'B': the bytes are counted. */
export const bulkByte = 0x42;
/** First byte of a stream, 'E': the bytes are sent back. */
export const echoByte = 0x45;
/** First byte of a stream, 'R': the listener resets it. */
export const resetByte = 0x52;

/** Never changed, so it may be written again and again. */
export const bulkPiece: Uint8Array = Buffer.alloc(pieceBytes, bulkByte);
/** Never changed either. */
export const echoMessage: Uint8Array = Buffer.alloc(echoBytes, echoByte);

/** Pieces of `bulkPiece` that make up `bytes`. */
export function* bulkPieces(bytes: number): Generator<Uint8Array, void> {
  for (let left = bytes; left > 0; left -= pieceBytes)
    yield left >= pieceBytes ? bulkPiece : bulkPiece.subarray(0, left);
}

/** @throws Error when the listener has counted something else than was sent */
export function checkCount(answer: Buffer, bytes: number): void {
  if (answer.toString() !== String(bytes)) throw new Error(`the listener got "${answer}" of ${bytes} bytes`);
}

/** Times round trips: call it with each piece that comes back. */
export class EchoClock {
  readonly timesMs: number[] = [];
  readonly #count: number;
  #startedMs = 0;
  #missing = 0;

  constructor(count: number) {
    this.#count = count;
  }

  get isDone(): boolean {
    return this.timesMs.length >= this.#count;
  }

  /** A message is about to be written. */
  start(): void {
    this.#missing = echoBytes;
    this.#startedMs = performance.now();
  }

  /** True when a message has come back whole. */
  handleBytes(count: number): boolean {
    this.#missing -= count;
    if (this.#missing > 0) return false;
    this.timesMs.push(performance.now() - this.#startedMs);
    return true;
  }
}
