import { TunnelError } from '../errors.js';
import type { OutputQueue } from '../outputs.js';
import type { TunnelRecord } from '../record-codec.js';
import { Liveness } from './liveness.js';
import { ReceiveHalf, type ReceiveHalfOptions } from './receive-half.js';
import { SendHalf, type SendHalfOptions } from './send-half.js';

/** The records that flow once both sides are ready. */
export type FlowRecord = Exclude<TunnelRecord, { kind: 'ready' | 'end' }>;

/**
 * The stream between the two READYs and the ENDs: both directions' offsets and windows, acknowledgements, liveness,
 * and in which order records go out.
 */
export class RecordFlow {
  /** Local socket to peer. */
  readonly send: SendHalf;
  /** Peer to local socket. */
  readonly receive: ReceiveHalf;
  readonly #outputs: OutputQueue;
  #liveness: Liveness | undefined;
  /** Number of the last PING not yet answered; older ones are not, so that a flood of PINGs costs nothing. */
  #pongDue: number | undefined;

  /**
   * @param options - bounds of both directions.
   * @param outputs - where deliveries and pauses go.
   */
  constructor(options: SendHalfOptions & ReceiveHalfOptions, outputs: OutputQueue) {
    this.send = new SendHalf(options);
    this.receive = new ReceiveHalf(options);
    this.#outputs = outputs;
  }

  /** Silence watch; `undefined` before {@link start}. */
  get liveness(): Liveness | undefined {
    return this.#liveness;
  }

  /**
   * Both sides are ready: records may flow.
   *
   * @param nowMs - monotonic time.
   */
  start(nowMs: number): void {
    this.#liveness = new Liveness(nowMs);
  }

  /**
   * Takes one record that its state allows.
   *
   * @param record - verified and decoded.
   * @param nowMs - monotonic time.
   * @throws TunnelError `offset_violation` or `offset_limit`; nothing of the record was used then.
   */
  handle(record: FlowRecord, nowMs: number): void {
    switch (record.kind) {
      case 'data':
        this.#outputs.deliver(this.receive.handleData(record));
        return;
      case 'fin':
        if (this.receive.handleFin(record.offset, nowMs)) this.#outputs.push({ kind: 'deliver_end' });
        return;
      case 'ack':
        this.send.handleAck(record);
        return;
      case 'ping':
        this.#pongDue = record.number;
        return;
      case 'pong':
        this.#liveness?.handlePong(record.number, nowMs);
        return;
    }
  }

  /**
   * The records to send now: what is due of PONG, ACK and PING, then at most one of DATA and FIN.
   *
   * @param nowMs - monotonic time.
   */
  next(nowMs: number): TunnelRecord[] {
    const records: TunnelRecord[] = [];
    if (this.#pongDue !== undefined) records.push({ kind: 'pong', number: this.#pongDue });
    this.#pongDue = undefined;
    if (this.receive.ackDue) records.push(this.receive.ack());
    if (this.#liveness?.pingDue) records.push({ kind: 'ping', number: this.#liveness.ping(nowMs) });
    const data = this.send.next();
    if (data !== undefined) records.push(data);
    return records;
  }

  /**
   * Draws the conclusions of what has changed: pauses or resumes reading, watches for acknowledgements.
   *
   * @param nowMs - monotonic time.
   */
  refresh(nowMs: number): void {
    this.#liveness?.setOutstanding(this.send.outstanding, nowMs);
    const change = this.send.pauseChange();
    if (change !== undefined) this.#outputs.push({ kind: change });
  }
}

/**
 * Narrows a record to one of the flow.
 *
 * @param record - any record.
 * @throws TunnelError `internal` for READY and END, which the tunnel handles itself.
 */
export function flowRecord(record: TunnelRecord): FlowRecord {
  if (record.kind === 'ready' || record.kind === 'end') throw new TunnelError('internal', record.kind);
  return record;
}
