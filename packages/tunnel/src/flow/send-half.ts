import { TunnelError } from '../errors.js';
import { dataBytesMax, localChunkBytesMax } from '../limits.js';
import type { TunnelRecord } from '../record-codec.js';
import { SendBuffer } from './send-buffer.js';

/** Bounds of a {@link SendHalf}, in bytes. */
export interface SendHalfOptions {
  /** Unacknowledged and unsent bytes together at which reading pauses. */
  readonly ringBytesMax: number;
  /** Unsent bytes at which reading pauses. */
  readonly unsentBytesMax: number;
  /** Bytes this direction may carry. */
  readonly offsetLimit: number;
}

/** The direction from the local socket to the peer: ring, peer's window, end of stream, when to pause reading. */
export class SendHalf {
  readonly #options: SendHalfOptions;
  readonly #buffer = new SendBuffer();
  /** `open`: more may be written; `finished`: FIN comes behind the data; `sent`, `acked`: FIN has gone, has arrived. */
  #fin: 'open' | 'finished' | 'sent' | 'acked' = 'open';
  #edge = 0;
  #paused = false;

  /**
   * @param options - see {@link SendHalfOptions}.
   */
  constructor(options: SendHalfOptions) {
    this.#options = options;
  }

  /** Bytes written and not yet sent. */
  get unsentBytes(): number {
    return this.#buffer.end - this.#buffer.sent;
  }

  /** Bytes held: written and not yet acknowledged. */
  get ringBytes(): number {
    return this.#buffer.end - this.#buffer.acked;
  }

  /** Data bytes sent so far. */
  get sentBytes(): number {
    return this.#buffer.sent;
  }

  /** Whether something was sent that the peer has not acknowledged. */
  get outstanding(): boolean {
    return this.#buffer.sent > this.#buffer.acked || this.#fin === 'sent';
  }

  /** Whether all that was written has been sent, FIN included where there is one. */
  get drained(): boolean {
    return this.unsentBytes === 0 && this.#fin !== 'finished';
  }

  /**
   * Takes bytes of the local socket.
   *
   * @param bytes - belong to the tunnel from now on.
   * @throws TunnelError `bad_state` after {@link finish} or when reading should long have paused; `offset_limit` when
   *   the direction can't carry them. Nothing was taken then.
   */
  write(bytes: Uint8Array): void {
    if (this.#fin !== 'open') throw new TunnelError('bad_state', 'local data after its end');
    if (this.ringBytes + bytes.length > this.#options.ringBytesMax + localChunkBytesMax) {
      throw new TunnelError('bad_state', 'local data in spite of pause_local');
    }
    if (this.#buffer.end + bytes.length > this.#options.offsetLimit) {
      throw new TunnelError('offset_limit', `more than ${this.#options.offsetLimit} bytes in one direction`);
    }
    this.#buffer.write(bytes);
  }

  /** The local socket is at its end: FIN follows the data. Again: nothing. */
  finish(): void {
    if (this.#fin === 'open') this.#fin = 'finished';
  }

  /**
   * The peer's first window.
   *
   * @param edge - offset up to which may be sent.
   */
  open(edge: number): void {
    this.#edge = edge;
  }

  /**
   * Takes an acknowledgement.
   *
   * @param ack - `received` counts FIN as one byte; `edge` never goes back.
   * @throws TunnelError `offset_violation`.
   */
  handleAck({ received, edge }: { readonly received: number; readonly edge: number }): void {
    const { acked, sent } = this.#buffer;
    const finBytes = this.#fin === 'sent' || this.#fin === 'acked' ? 1 : 0;
    const ackedAll = this.#fin === 'acked' ? acked + 1 : acked;
    if (received < ackedAll || received > sent + finBytes || edge < this.#edge) {
      throw new TunnelError('offset_violation', `ACK of ${received}, acked ${ackedAll}, sent ${sent}`);
    }
    this.#edge = edge;
    if (received > sent) this.#fin = 'acked';
    this.#buffer.acknowledge(Math.min(received, sent));
  }

  /** The next DATA or FIN the window allows, or `undefined`. */
  next(): TunnelRecord | undefined {
    const start = this.#buffer.sent;
    const bytes = this.#buffer.take(Math.min(dataBytesMax, this.#edge - start));
    if (bytes.length > 0) return { kind: 'data', start, bytes };
    if (this.#fin !== 'finished' || this.unsentBytes > 0) return undefined;
    this.#fin = 'sent';
    return { kind: 'fin', offset: start };
  }

  /** Whether reading from the local socket has to pause or may go on, when that has changed. */
  pauseChange(): 'pause_local' | 'resume_local' | undefined {
    const { ringBytesMax, unsentBytesMax } = this.#options;
    if (!this.#paused && (this.unsentBytes >= unsentBytesMax || this.ringBytes >= ringBytesMax)) {
      this.#paused = true;
      return 'pause_local';
    }
    if (this.#paused && this.unsentBytes <= unsentBytesMax / 2 && this.ringBytes <= ringBytesMax * 0.75) {
      this.#paused = false;
      return 'resume_local';
    }
    return undefined;
  }

  /** Forgets all bytes. */
  clear(): void {
    this.#buffer.clear();
  }
}
