import { TunnelError } from '../errors.js';
import { dataBytesMax, localChunkBytesMax } from '../limits.js';
import type { TunnelRecord } from '../record-codec.js';
import { GrowingBound } from './growing-bound.js';
import type { RingBudget } from './ring-budget.js';
import { SendBuffer } from './send-buffer.js';

/** Bounds of a {@link SendHalf}, in bytes. */
export interface SendHalfOptions {
  /** Unacknowledged and unsent bytes together at which reading pauses; the bound grows up to this. */
  readonly ringBytesMax: number;
  /** Unsent bytes at which reading pauses. */
  readonly unsentBytesMax: number;
  /** Bytes this direction may carry. */
  readonly offsetLimit: number;
  /** What the ring shares with others. Default: nothing. */
  readonly ringBudget?: RingBudget | undefined;
}

/** The direction from the local socket to the peer: ring, peer's window, end of stream, when to pause reading. */
export class SendHalf {
  readonly #options: SendHalfOptions;
  readonly #buffer = new SendBuffer();
  readonly #bound: GrowingBound;
  /** `open`: more may be written; `finished`: FIN comes behind the data; `sent`, `acked`: FIN has gone, has arrived. */
  #fin: 'open' | 'finished' | 'sent' | 'acked' = 'open';
  /** Whether FIN has ever gone: then it may be acknowledged, also while it is to be sent again. */
  #finWasSent = false;
  /** Most that was ever sent: more can't be acknowledged. */
  #sentMax = 0;
  #isCleared = false;
  #edge = 0;
  #paused = false;

  /**
   * @param options - see {@link SendHalfOptions}.
   */
  constructor(options: SendHalfOptions) {
    this.#options = options;
    this.#bound = new GrowingBound(options.ringBytesMax, options.ringBudget);
  }

  /** Bytes written and not yet sent, or to be sent again. */
  get unsentBytes(): number {
    return this.#buffer.end - this.#buffer.sent;
  }

  /** Bytes held: written and not yet acknowledged. */
  get ringBytes(): number {
    return this.#buffer.end - this.#buffer.acked;
  }

  /** Data bytes sent so far; those sent again count once. */
  get sentBytes(): number {
    return this.#isCleared ? this.#sentMax : Math.max(this.#sentMax, this.#buffer.sent);
  }

  /** How far the peer has acknowledged, FIN counted. */
  get ackedOffset(): number {
    return this.#fin === 'acked' ? this.#buffer.acked + 1 : this.#buffer.acked;
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
    if (this.ringBytes + bytes.length > this.#bound.bytes + localChunkBytesMax) {
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
   * @param rttMs - smallest round trip of the path, once measured.
   * @param nowMs - monotonic time.
   * @throws TunnelError `offset_violation`.
   */
  handleAck(
    { received, edge }: { readonly received: number; readonly edge: number },
    rttMs: number | undefined,
    nowMs: number,
  ): void {
    if (received < this.ackedOffset || edge < this.#edge) {
      throw new TunnelError('offset_violation', `ACK of ${received}, acked ${this.ackedOffset}`);
    }
    this.#acknowledge(received);
    this.#edge = edge;
    this.#bound.observe(this.#buffer.acked, rttMs, nowMs);
  }

  /**
   * Goes on over another path: what the peer has not received is sent again. What it says was true when it said so;
   * acknowledgements that came later over the old path count too.
   *
   * @param attach - from the peer's ATTACH, as in ACK.
   * @throws TunnelError `offset_violation`.
   */
  handleAttach({ received, edge }: { readonly received: number; readonly edge: number }): void {
    this.#sentMax = this.sentBytes;
    this.#acknowledge(Math.max(received, this.ackedOffset));
    this.#edge = Math.max(edge, this.#edge);
    this.#buffer.rewind(this.#buffer.acked);
    if (this.#fin === 'sent') this.#fin = 'finished';
  }

  /** The next DATA or FIN the window allows, or `undefined`. */
  next(): TunnelRecord | undefined {
    const start = this.#buffer.sent;
    const bytes = this.#buffer.take(Math.min(dataBytesMax, this.#edge - start));
    if (bytes.length > 0) return { kind: 'data', start, bytes };
    if (this.#fin !== 'finished' || this.unsentBytes > 0) return undefined;
    this.#fin = 'sent';
    this.#finWasSent = true;
    return { kind: 'fin', offset: start };
  }

  /** Whether reading from the local socket has to pause or may go on, when that has changed. */
  pauseChange(): 'pause_local' | 'resume_local' | undefined {
    const { unsentBytesMax } = this.#options;
    const ringBytesMax = this.#bound.bytes;
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

  /** Forgets all bytes; what was sent stays what it was. */
  clear(): void {
    this.#sentMax = this.sentBytes;
    this.#isCleared = true;
    this.#buffer.clear();
    this.#bound.release();
  }

  #acknowledge(received: number): void {
    const sent = this.sentBytes;
    if (received > sent + (this.#finWasSent ? 1 : 0)) {
      throw new TunnelError('offset_violation', `${received} acknowledged, ${sent} sent`);
    }
    if (received > sent) this.#fin = 'acked';
    this.#buffer.acknowledge(Math.max(this.#buffer.acked, Math.min(received, sent)));
  }
}
