import { checkCertificatePair } from '../certificate-pair.js';
import type { CertificatePair, Connection, Listener, ListenOptions, SocketAddress } from '../transport.js';
import type { WorkerSession } from './worker-session.js';

/** Open connections that wait for `start`; those beyond are closed. */
const waitingMax = 64;
/** Milliseconds between attempts to listen again; a killed worker's socket may take a moment to go. */
const reopenMs = 250;

/** In the parent: a listener that lives in the worker process, and moves to the next one when that is lost. */
export class WorkerListener implements Listener {
  #address: SocketAddress;
  #certificate: CertificatePair;
  readonly #onClosed: () => void;
  #session: WorkerSession | undefined;
  #id = 0;
  #waiting: Connection[] = [];
  #handlers: { onConnection(connection: Connection): void } | undefined;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ListenOptions, onClosed: () => void) {
    this.#address = { host: options.host, port: options.port };
    this.#certificate = options.certificate;
    this.#onClosed = onClosed;
  }

  get address(): SocketAddress {
    return this.#address;
  }

  /** Listens in a worker. */
  async open(session: WorkerSession): Promise<void> {
    const request = { ...this.#address, certificate: this.#certificate };
    const { id, address } = await session.listen(request, (connection) => this.#accept(connection));
    this.#session = session;
    this.#id = id;
    this.#address = address;
    if (this.#isClosed) await session.unlisten(id, 0);
  }

  /** The worker was lost: listens again in the next one, as often as it takes. */
  reopen(useSession: () => WorkerSession): void {
    this.#session = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      if (this.#isClosed) return;
      try {
        await this.open(useSession());
      } catch {
        if (!this.#isClosed) this.reopen(useSession);
      }
    }, reopenMs);
  }

  start(handlers: { onConnection(connection: Connection): void }): void {
    this.#handlers = handlers;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const connection of waiting) handlers.onConnection(connection);
  }

  setCertificate(certificate: CertificatePair): void {
    checkCertificatePair(certificate);
    this.#certificate = certificate;
    this.#session?.setCertificate(this.#id, certificate);
  }

  async close(code = 0): Promise<void> {
    if (this.#isClosed) return;
    this.abandon();
    await this.#session?.unlisten(this.#id, code);
    this.#onClosed();
  }

  /** The transport ends: nothing is opened again. */
  abandon(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #accept(connection: Connection): void {
    if (this.#handlers) this.#handlers.onConnection(connection);
    else if (this.#waiting.length < waitingMax) this.#waiting.push(connection);
    else connection.close(0, 'too many connections wait');
  }
}
