import { checkCertificatePair } from '../certificate-pair.js';
import { requireQuicOn } from '../core/transport-setting.js';
import { TransportError } from '../errors.js';
import type { QuicTransportOptions } from '../quic/quic-transport.js';
import type { Connection, DialOptions, Listener, ListenOptions, Transport } from '../transport.js';
import type { DialRequest } from './messages.js';
import { WorkerListener } from './worker-listener.js';
import { WorkerSession } from './worker-session.js';

/** Settings of {@link createWorkerTransport}. */
export interface WorkerTransportOptions extends QuicTransportOptions {
  /** Called when a worker process was started, for logs. */
  readonly onWorkerStarted?: (pid: number | undefined) => void;
  /** Called when a worker was lost; its connections have ended with `worker_lost`. */
  readonly onWorkerLost?: (why: string) => void;
  /** Module that the worker process runs. Default: the built one of this package. */
  readonly workerEntry?: URL | string;
}

/**
 * QUIC in a process of its own: native code that crashes or hangs takes nothing with it. This process speaks pure
 * JavaScript and kills the worker after `workerSilenceMsMax` without heartbeat; then its connections end with
 * `worker_lost`, and the next `dial` or `listen` starts a new one. Listeners are opened again by themselves, at the
 * same address.
 */
export function createWorkerTransport(options: WorkerTransportOptions = {}): Transport {
  return new WorkerTransport(options);
}

class WorkerTransport implements Transport {
  readonly name = 'quic';
  readonly #options: WorkerTransportOptions;
  readonly #listeners: Set<WorkerListener> = new Set();
  /** The last one is the one in use, if any; lost ones stay until their process is gone. */
  readonly #sessions: Set<WorkerSession> = new Set();
  #session: WorkerSession | undefined;
  #isClosed = false;

  constructor(options: WorkerTransportOptions) {
    this.#options = options;
  }

  async dial(options: DialOptions): Promise<Connection> {
    const session = this.#use();
    const request: DialRequest = {
      urlText: options.url.text,
      pins: options.url.certificatePins.map((pin) => Buffer.from(pin).toString('hex')),
      tlsVerify: options.tlsVerify,
      ...(options.caPem ? { caPem: options.caPem } : {}),
      ...(options.connectTimeoutMs === undefined ? {} : { connectTimeoutMs: options.connectTimeoutMs }),
    };
    return session.dial(request, options.signal);
  }

  async listen(options: ListenOptions): Promise<Listener> {
    checkCertificatePair(options.certificate);
    const session = this.#use();
    const listener = new WorkerListener(options, () => this.#listeners.delete(listener));
    await listener.open(session);
    this.#listeners.add(listener);
    return listener;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#session = undefined;
    for (const listener of this.#listeners) listener.abandon();
    this.#listeners.clear();
    await Promise.all([...this.#sessions].map((session) => session.close()));
  }

  #use(): WorkerSession {
    if (this.#isClosed) throw new TransportError('closed', 'the transport is closed');
    requireQuicOn();
    this.#session ??= this.#start();
    return this.#session;
  }

  #start(): WorkerSession {
    const {
      onWorkerStarted,
      onWorkerLost,
      workerEntry = new URL('./main.js', import.meta.url),
      ...quicOptions
    } = this.#options;
    const session = new WorkerSession(workerEntry, JSON.stringify(quicOptions), (why) => {
      if (this.#session === session) this.#session = undefined;
      void session.close().then(() => this.#sessions.delete(session));
      onWorkerLost?.(why);
      if (!this.#isClosed) for (const listener of this.#listeners) listener.reopen(() => this.#use());
    });
    this.#sessions.add(session);
    onWorkerStarted?.(session.pid);
    return session;
  }
}
