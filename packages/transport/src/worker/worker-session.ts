import { onGivenUp } from '../core/give-up.js';
import { TransportError } from '../errors.js';
import { bulkQuantumBytes, connectTimeoutMs } from '../limits.js';
import type { SocketAddress } from '../transport.js';
import type { FrameChannel } from './frame-channel.js';
import { decodeJson, encodeJson, encodeUint32, type Frame, FrameType } from './frames.js';
import {
  type DialRequest,
  type Facts,
  fromClosedReport,
  fromFailure,
  type ListenRequest,
  readStreamMessage,
} from './messages.js';
import { WorkerConnection, type WorkerConnectionOwner } from './worker-connection.js';
import { WorkerProcess } from './worker-process.js';

/** Bulk bytes one connection gives to the pipe before the next has its turn. */
const flushBytes: number = 4 * bulkQuantumBytes;

/** Milliseconds that the report of a dial which failed in time may take from the worker; it says more than we could. */
const reportMs = 100;

/** A question to the worker that waits for its answer. */
interface Pending {
  resolve(frame: Frame): void;
  reject(error: TransportError): void;
}

/** What a session calls when the worker accepted a connection. */
export type AcceptHandler = (connection: WorkerConnection) => void;

/** One worker process from start to end, and what lives in it. */
export class WorkerSession implements WorkerConnectionOwner {
  readonly #process: WorkerProcess;
  readonly #connections: Map<number, WorkerConnection> = new Map();
  readonly #listeners: Map<number, AcceptHandler> = new Map();
  readonly #pending: Map<number, Pending> = new Map();
  readonly #flushQueue: Set<WorkerConnection> = new Set();
  #idNext = 0;
  #isFlushing = false;
  #isOver = false;

  /** @param onLost called once, after all connections were told */
  constructor(entry: URL | string, argument: string, onLost: (why: string) => void) {
    this.#process = new WorkerProcess(entry, argument, {
      onFrame: (frame) => this.#handle(frame),
      onDrain: () => this.#flush(),
      onLost: (why) => {
        this.#end(
          new TransportError('worker_lost', `the process with the native QUIC code was lost: ${why}`),
        );
        onLost(why);
      },
    });
  }

  get channel(): FrameChannel {
    return this.#process.channel;
  }

  /** Process id of the worker. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  async dial(request: DialRequest, signal?: AbortSignal): Promise<WorkerConnection> {
    const id = this.#takeId();
    const answer = this.#ask(id, FrameType.dial, request);
    const giveUp = (error: TransportError): void => {
      this.#pending.get(id)?.reject(error);
      if (this.#pending.delete(id)) {
        this.channel.send(FrameType.close, id, 0, encodeJson({ code: 0, reason: 'given up' }));
      }
    };
    // The worker's own limit begins when it has read the request: one that is starting or hangs has not.
    const timeoutMs = request.connectTimeoutMs ?? connectTimeoutMs;
    const late = new TransportError('connect_timeout', `no answer from ${request.urlText} in time`);
    const timer = setTimeout(giveUp, timeoutMs + reportMs, late);
    const forget = onGivenUp(signal, giveUp);
    await answer.finally(() => {
      clearTimeout(timer);
      forget();
    });
    // Made when the answer came, so that no frame behind it is lost.
    return (
      this.#connections.get(id) ?? Promise.reject(new TransportError('closed', 'the connection is closed'))
    );
  }

  /** Answers the listener's name in frames and its address. */
  async listen(
    request: ListenRequest,
    onAccept: AcceptHandler,
  ): Promise<{ id: number; address: SocketAddress }> {
    const id = this.#takeId();
    this.#listeners.set(id, onAccept);
    try {
      const { payload } = await this.#ask(id, FrameType.listen, request);
      return { id, address: decodeJson(payload) };
    } catch (thrown) {
      this.#listeners.delete(id);
      throw thrown;
    }
  }

  setCertificate(listenerId: number, certificate: ListenRequest['certificate']): void {
    this.channel.send(FrameType.certificate, listenerId, 0, encodeJson(certificate));
  }

  /** Resolves when the listener's socket is closed. */
  async unlisten(listenerId: number, code: number): Promise<void> {
    if (this.#isOver) return;
    await this.#ask(listenerId, FrameType.unlisten, encodeUint32(code)).catch(() => {});
    this.#listeners.delete(listenerId);
  }

  /** Closes all connections, and ends the worker. */
  async close(): Promise<void> {
    if (this.#isOver) return this.#process.exited;
    for (const connection of [...this.#connections.values()]) connection.close(0, 'transport closed');
    this.#end(new TransportError('closed', 'the transport was closed'));
    await this.#process.stop();
  }

  scheduleFlush(connection: WorkerConnection): void {
    this.#flushQueue.add(connection);
    if (this.#isFlushing || this.#isOver) return;
    this.#isFlushing = true;
    setImmediate(this.#flushSoon);
  }

  forget(connection: WorkerConnection): void {
    this.#connections.delete(connection.wireId);
    this.#flushQueue.delete(connection);
  }

  readonly #flushSoon = (): void => {
    this.#isFlushing = false;
    this.#flush();
  };

  #flush(): void {
    // In turn; a connection that has more goes to the back.
    for (const connection of this.#flushQueue) {
      if (!this.channel.takesBulk) return;
      this.#flushQueue.delete(connection);
      if (connection.flush(flushBytes)) this.#flushQueue.add(connection);
    }
  }

  #handle(frame: Frame): void {
    const { type, connection: id, payload } = frame;
    switch (type) {
      case FrameType.dialed:
        // Given up meanwhile: the worker is told to close it.
        if (!this.#pending.has(id)) break;
        this.#connections.set(id, new WorkerConnection(this, id, 'dialer', decodeJson<Facts>(payload)));
        this.#answer(frame);
        break;
      case FrameType.listening:
      case FrameType.unlistened:
        this.#answer(frame);
        break;
      case FrameType.failed:
        this.#pending.get(id)?.reject(fromFailure(decodeJson(payload)));
        this.#pending.delete(id);
        break;
      case FrameType.accepted: {
        const connection = new WorkerConnection(this, id, 'listener', decodeJson<Facts>(payload));
        this.#connections.set(id, connection);
        this.#listeners.get(frame.stream)?.(connection);
        break;
      }
      case FrameType.closed:
        this.#connections.get(id)?.handleClosed(fromClosedReport(decodeJson(payload)));
        break;
      case FrameType.stats:
        this.#connections.get(id)?.handleStats(payload);
        break;
      case FrameType.renewal:
        this.#connections.get(id)?.renewalDue();
        break;
      case FrameType.datagram:
        this.#connections.get(id)?.handleDatagram(payload);
        break;
      default: {
        const message = readStreamMessage(frame);
        if (message) this.#connections.get(id)?.handleMessage(message);
      }
    }
  }

  #ask(
    id: number,
    type: typeof FrameType.dial | typeof FrameType.listen | typeof FrameType.unlisten,
    request: unknown,
  ): Promise<Frame> {
    if (this.#isOver) return Promise.reject(new TransportError('closed', 'the worker has ended'));
    this.channel.send(type, id, 0, Buffer.isBuffer(request) ? request : encodeJson(request));
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  #answer(frame: Frame): void {
    this.#pending.get(frame.connection)?.resolve(frame);
    this.#pending.delete(frame.connection);
  }

  #takeId(): number {
    const id = this.#idNext;
    this.#idNext += 2;
    return id;
  }

  #end(error: TransportError): void {
    this.#isOver = true;
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
    for (const connection of [...this.#connections.values()])
      connection.handleClosed({ kind: 'lost', error });
    this.#connections.clear();
    this.#flushQueue.clear();
  }
}
