import { totalBytes } from '../bytes.js';
import { TunnelError } from '../errors.js';
import { ackDelayMs, acksPerWindow } from '../limits.js';
import type { TunnelRecord } from '../record-codec.js';
import { GrowingBound } from './growing-bound.js';
import type { RingBudget } from './ring-budget.js';

/** Bounds of a {@link ReceiveHalf}, in bytes. */
export interface ReceiveHalfOptions {
  /** Most bytes delivered and not yet accepted by the local socket; the window grows up to this. */
  readonly windowBytesMax: number;
  /** Bytes this direction may carry. */
  readonly offsetLimit: number;
  /** What the window shares with others. Default: nothing. */
  readonly ringBudget?: RingBudget | undefined;
}

/**
 * The direction from the peer to the local socket: which bytes are next, how many more the peer may send, when to
 * acknowledge. An acknowledgement covers what the local socket's kernel accepted, not what was delivered to the shell.
 *
 *     accepted ─────── delivered ─────── edge = accepted + window
 *        | in the shell    | peer may send  |
 */
export class ReceiveHalf {
  readonly #options: ReceiveHalfOptions;
  readonly #window: GrowingBound;
  #accepted = 0;
  #delivered = 0;
  #finished = false;
  /** What the last ACK said, FIN counted. */
  #acknowledged = 0;
  #edge: number;
  #ackAtMs: number | undefined;
  #ackDue = false;

  /**
   * @param options - see {@link ReceiveHalfOptions}.
   */
  constructor(options: ReceiveHalfOptions) {
    this.#options = options;
    this.#window = new GrowingBound(options.windowBytesMax, options.ringBudget);
    this.#edge = this.#window.bytes;
  }

  /** Offset up to which the peer was last allowed to send. */
  get edge(): number {
    return this.#edge;
  }

  /** Data bytes delivered so far. */
  get deliveredBytes(): number {
    return this.#delivered;
  }

  /** Bytes delivered and not yet accepted. */
  get waitingBytes(): number {
    return this.#delivered - this.#accepted;
  }

  /** Whether an ACK should go out with the next chance. */
  get ackDue(): boolean {
    return this.#ackDue;
  }

  /** When a waiting acknowledgement becomes due. */
  get ackAtMs(): number | undefined {
    return this.#ackDue ? undefined : this.#ackAtMs;
  }

  /**
   * Takes a DATA record: bytes known already are dropped.
   *
   * @param data - offset of the first byte, and the bytes.
   * @returns the bytes to deliver; none when all were known.
   * @throws TunnelError `offset_violation` for a gap, for bytes beyond the window or behind FIN; `offset_limit`.
   */
  handleData({
    start,
    bytes,
  }: {
    readonly start: number;
    readonly bytes: readonly Uint8Array[];
  }): Uint8Array[] {
    const end = start + totalBytes(bytes);
    if (start > this.#delivered || end > this.#edge || (this.#finished && end > this.#delivered)) {
      const state = `delivered ${this.#delivered}, edge ${this.#edge}`;
      throw new TunnelError('offset_violation', `DATA from ${start} to ${end}, ${state}`);
    }
    if (end > this.#options.offsetLimit) {
      throw new TunnelError('offset_limit', `more than ${this.#options.offsetLimit} bytes in one direction`);
    }
    const fresh = dropBytes(bytes, this.#delivered - start);
    this.#delivered = Math.max(this.#delivered, end);
    return fresh;
  }

  /**
   * Takes a FIN record.
   *
   * @param offset - how many bytes the stream has.
   * @param nowMs - monotonic time.
   * @returns whether the end is new.
   * @throws TunnelError `offset_violation` when it is not where the data ends.
   */
  handleFin(offset: number, nowMs: number): boolean {
    if (offset !== this.#delivered) {
      throw new TunnelError('offset_violation', `FIN at ${offset}, delivered ${this.#delivered}`);
    }
    const isNew = !this.#finished;
    this.#finished = true;
    this.#planAck(nowMs);
    return isNew;
  }

  /**
   * The local socket's kernel accepted bytes, in the order they were delivered.
   *
   * @param byteCount - how many more.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_state` when more were accepted than delivered.
   */
  accept(byteCount: number, nowMs: number): void {
    if (byteCount < 0 || byteCount > this.waitingBytes) {
      throw new TunnelError('bad_state', `${byteCount} bytes accepted of ${this.waitingBytes}`);
    }
    this.#accepted += byteCount;
    this.#planAck(nowMs);
  }

  /**
   * Makes a waiting acknowledgement due when its time has come.
   *
   * @param nowMs - monotonic time.
   */
  handleTimeout(nowMs: number): void {
    if (this.#ackAtMs !== undefined && nowMs >= this.#ackAtMs) this.#ackDue = true;
  }

  /** An ACK is due whatever has changed: the peer attached and knows an older state. */
  acknowledgeSoon(): void {
    this.#ackDue = true;
  }

  /**
   * The ACK to send now; it opens the window further.
   *
   * @param rttMs - smallest round trip of the path, once measured.
   * @param nowMs - monotonic time.
   */
  ack(rttMs: number | undefined, nowMs: number): TunnelRecord {
    this.#ackDue = false;
    this.#ackAtMs = undefined;
    this.#window.observe(this.#accepted, rttMs, nowMs);
    this.#acknowledged = this.#received;
    this.#edge = this.#accepted + this.#window.bytes;
    return { kind: 'ack', received: this.#acknowledged, edge: this.#edge };
  }

  /** The ATTACH to send on another path. As long as that has not committed, it doesn't count as an acknowledgement. */
  attach(): TunnelRecord {
    this.#edge = this.#accepted + this.#window.bytes;
    return { kind: 'attach', received: this.#received, edge: this.#edge };
  }

  /** Gives the window back to those it is shared with: nothing is delivered any more. */
  release(): void {
    this.#window.release();
  }

  get #received(): number {
    return this.#finished && this.#accepted === this.#delivered ? this.#accepted + 1 : this.#accepted;
  }

  #planAck(nowMs: number): void {
    const news = this.#received - this.#acknowledged;
    if (news === 0) return;
    this.#ackAtMs ??= nowMs + ackDelayMs;
    if (news * acksPerWindow >= this.#window.bytes) this.#ackDue = true;
  }
}

function dropBytes(pieces: readonly Uint8Array[], byteCount: number): Uint8Array[] {
  let toDrop = byteCount;
  const rest: Uint8Array[] = [];
  for (const piece of pieces) {
    if (toDrop < piece.length) rest.push(toDrop === 0 ? piece : piece.subarray(toDrop));
    toDrop = Math.max(0, toDrop - piece.length);
  }
  return rest;
}
