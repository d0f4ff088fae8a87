import type { StreamMessage } from '../core/credit-connection.js';
import type { Connection, Stream } from '../transport.js';
import type { FrameChannel } from './frame-channel.js';
import { encodeDoubles, encodeJson, FrameType } from './frames.js';
import { sendStreamMessage, toClosedReport, workerWindowBytes } from './messages.js';

/** A stream of the native transport and the flow control towards the parent. */
interface BridgedStream {
  readonly stream: Stream;
  /** Bytes the parent still takes. */
  credit: number;
  /** Bytes written for which the parent has no credit back yet. */
  written: number;
  /** The native stream takes no more for now. */
  isFull: boolean;
}

/** In the worker: carries one connection of the native transport to the parent. */
export class BridgeConnection {
  readonly #channel: FrameChannel;
  readonly #id: number;
  readonly #connection: Connection;
  readonly #streams: Map<number, BridgedStream> = new Map();
  #wireIdNext = 1;

  constructor(channel: FrameChannel, id: number, connection: Connection, onClosed: () => void) {
    this.#channel = channel;
    this.#id = id;
    this.#connection = connection;
    connection.start({
      onStream: (stream) => {
        const wireId = this.#wireIdNext;
        this.#wireIdNext += 2;
        this.#send({ kind: 'open', stream: wireId, priority: stream.priority });
        this.#bridge(wireId, stream);
      },
      onDatagram: (bytes) => {
        if (channel.takesBulk) channel.send(FrameType.datagram, id, 0, bytes);
      },
      onRenewalDue: () => channel.send(FrameType.renewal, id),
      onClosed: (info) => {
        this.sendStats();
        this.#streams.clear();
        channel.send(FrameType.closed, id, 0, encodeJson(toClosedReport(info)));
        onClosed();
      },
    });
  }

  /** What the parent says about a stream; late messages mean nothing. */
  handleMessage(message: StreamMessage): void {
    if (message.kind === 'open') {
      this.#open(message.stream, message.priority);
      return;
    }
    const bridged = this.#streams.get(message.stream);
    if (!bridged) return;
    const { stream } = bridged;
    switch (message.kind) {
      case 'data':
        bridged.isFull = !stream.write(message.bytes);
        bridged.written += message.bytes.length;
        this.#giveCredit(message.stream, bridged);
        break;
      case 'end':
        stream.end();
        break;
      case 'reset':
        this.#streams.delete(message.stream);
        stream.reset(message.code);
        break;
      case 'credit':
        bridged.credit += message.bytes;
        if (bridged.credit > 0) stream.resume();
        break;
      case 'priority':
        stream.priority = message.priority;
        break;
    }
  }

  sendDatagram(bytes: Uint8Array): void {
    this.#connection.sendDatagram(bytes);
  }

  close(code: number, reason: string): void {
    this.#connection.close(code, reason);
  }

  sendStats(): void {
    const { rttMs, bytesSent, bytesReceived, packetsLost } = this.#connection.stats();
    const payload = encodeDoubles(rttMs ?? Number.NaN, bytesSent, bytesReceived, packetsLost);
    this.#channel.send(FrameType.stats, this.#id, 0, payload);
  }

  #open(wireId: number, priority: 'control' | 'bulk'): void {
    try {
      this.#bridge(wireId, this.#connection.openStream({ priority }));
    } catch {
      // Closed; the parent will hear of it.
    }
  }

  #bridge(wireId: number, stream: Stream): void {
    const bridged: BridgedStream = { stream, credit: workerWindowBytes, written: 0, isFull: false };
    this.#streams.set(wireId, bridged);
    stream.start({
      onData: (bytes) => {
        bridged.credit -= bytes.length;
        this.#send({ kind: 'data', stream: wireId, bytes });
        if (bridged.credit <= 0) stream.pause();
      },
      onEnd: () => this.#send({ kind: 'end', stream: wireId }),
      onDrain: () => {
        bridged.isFull = false;
        this.#giveCredit(wireId, bridged);
      },
      onClosed: (reason) => {
        this.#streams.delete(wireId);
        if (reason.kind === 'reset' && !reason.local)
          this.#send({ kind: 'reset', stream: wireId, code: reason.code });
      },
    });
  }

  #giveCredit(wireId: number, bridged: BridgedStream): void {
    if (bridged.isFull || bridged.written < workerWindowBytes / 4) return;
    this.#send({ kind: 'credit', stream: wireId, bytes: bridged.written });
    bridged.written = 0;
  }

  #send(message: StreamMessage): void {
    sendStreamMessage(this.#channel, this.#id, message);
  }
}
