import { TunnelError } from '../errors.js';
import type { OutputQueue } from '../outputs.js';
import type { TunnelRecord } from '../record-codec.js';
import { Liveness } from './liveness.js';
import { ReceiveHalf, type ReceiveHalfOptions } from './receive-half.js';
import { SendHalf, type SendHalfOptions } from './send-half.js';

/** The records that flow once both sides are ready. */
export type FlowRecord = Exclude<TunnelRecord, { kind: 'ready' | 'end' | 'attach' | 'gone' | 'relays' }>;

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
  #relaysDue: readonly string[] | undefined;
  #resumes = false;

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
   * @param resumes - whether silence leads to another path, or to the tunnel's end.
   */
  start(nowMs: number, resumes: boolean): void {
    this.#resumes = resumes;
    this.#liveness = new Liveness(nowMs, resumes);
  }

  /**
   * Another path carries the records now: round trips are measured anew, and the peer gets to know what was received.
   *
   * @param nowMs - monotonic time.
   */
  switchPath(nowMs: number): void {
    this.#liveness = new Liveness(nowMs, this.#resumes);
    this.#pongDue = undefined;
    this.receive.acknowledgeSoon();
  }

  /**
   * Tells the peer this side's relays with the next chance.
   *
   * @param relays - checked.
   */
  tellRelays(relays: readonly string[]): void {
    this.#relaysDue = relays;
  }

  /**
   * Takes one record that its state allows.
   *
   * @param record - verified and decoded.
   * @param nowMs - monotonic time.
   * @returns whether it is a PONG that answers the last PING.
   * @throws TunnelError `offset_violation` or `offset_limit`; nothing of the record was used then.
   */
  handle(record: FlowRecord, nowMs: number): boolean {
    switch (record.kind) {
      case 'data':
        this.#outputs.deliver(this.receive.handleData(record));
        return false;
      case 'fin':
        if (this.receive.handleFin(record.offset, nowMs)) this.#outputs.push({ kind: 'deliver_end' });
        return false;
      case 'ack':
        this.send.handleAck(record, this.#liveness?.rttMinMs, nowMs);
        return false;
      case 'ping':
        this.#pongDue = record.number;
        return false;
      case 'pong':
        return this.#liveness?.handlePong(record.number, nowMs) ?? false;
    }
  }

  /**
   * The records to send now: what is due of PONG, ACK, PING and RELAYS, then at most one of DATA and FIN.
   *
   * @param nowMs - monotonic time.
   */
  next(nowMs: number): TunnelRecord[] {
    const records: TunnelRecord[] = [];
    if (this.#pongDue !== undefined) records.push({ kind: 'pong', number: this.#pongDue });
    this.#pongDue = undefined;
    if (this.receive.ackDue) records.push(this.receive.ack(this.#liveness?.rttMinMs, nowMs));
    if (this.#liveness?.pingDue) records.push({ kind: 'ping', number: this.#liveness.ping(nowMs) });
    if (this.#relaysDue !== undefined) records.push({ kind: 'relays', relays: this.#relaysDue });
    this.#relaysDue = undefined;
    const data = this.send.next();
    if (data !== undefined) records.push(data);
    return records;
  }

  /**
   * Watches for acknowledgements, where some are to come.
   *
   * @param endSent - whether END waits for its answer.
   * @param nowMs - monotonic time.
   */
  watch(endSent: boolean, nowMs: number): void {
    this.#liveness?.setOutstanding(endSent || this.send.outstanding, nowMs);
  }

  /** Pauses or resumes reading from the local socket, as what has changed wants it. */
  regulate(): void {
    const change = this.send.pauseChange();
    if (change !== undefined) this.#outputs.push({ kind: change });
  }
}

/**
 * Narrows a record to one of the flow.
 *
 * @param record - any record.
 * @throws TunnelError `internal` for a record that the tunnel handles itself.
 */
export function flowRecord(record: TunnelRecord): FlowRecord {
  switch (record.kind) {
    case 'data':
    case 'ack':
    case 'fin':
    case 'ping':
    case 'pong':
      return record;
    default:
      throw new TunnelError('internal', record.kind);
  }
}
