import { identityFromSeed } from '@macula/crypto';
import { type Listener, type SocketAddress, type Transport, TransportError } from '@macula/transport';
import { codeNumber } from '@macula/wire';
import type { Logger } from 'pino';
import { type AdminServer, startAdmin } from './admin/admin-server.js';
import { metricsText } from './admin/metrics.js';
import { hostPortText, type RelayConfig } from './config.js';
import { RelayError } from './errors.js';
import { goodbyeLingerMs } from './limits.js';
import { relayLogger } from './logger.js';
import { Mesh } from './mesh.js';
import { loadSecrets, type RelaySecrets } from './secrets.js';
import { listenTexts, meshStatus, type RelayStatus, relayVersion } from './status.js';

/** What a relay runs on. */
export interface RelayParts {
  /** All of them listen on the configured port; the relay closes them at its end. At least one. */
  readonly transports: readonly Transport[];
  /** Identity and certificate. Default: read or made as the settings say. */
  readonly secrets?: RelaySecrets;
  /** Default: JSON lines on stderr at the configured level. */
  readonly logger?: Logger;
  /** Milliseconds for HELLO and for a stream's OPEN. Default 5,000 each; tests shorten them. */
  readonly timeouts?: { readonly helloMs?: number; readonly openMs?: number };
}

/** A relay in this process. */
export interface RunningRelay {
  /** Its identity, 43 characters. */
  readonly id: string;
  /** Where it listens, one per transport. */
  readonly listen: readonly SocketAddress[];
  /** Where its admin server listens. */
  readonly admin: SocketAddress | undefined;
  status(): RelayStatus;
  /** Prometheus text. */
  metrics(): string;
  /** Tells everybody to move, waits until the agents have gone or `drainGraceMs` is over, then closes. */
  drain(): Promise<void>;
  /** Closes at once; with code `shutdown` unless it drains. */
  close(): Promise<void>;
}

/**
 * Starts a relay in this process; `superviseRelay` runs one in a watched process of its own.
 * @throws RelayError when it can't listen or its files are unusable; nothing is left running then
 */
export async function startRelay(config: RelayConfig, parts: RelayParts): Promise<RunningRelay> {
  const relay = new Relay(config, parts, parts.secrets ?? (await loadSecrets(config)));
  try {
    await relay.start();
  } catch (thrown) {
    await relay.close();
    throw thrown;
  }
  return relay;
}

class Relay implements RunningRelay {
  readonly id: string;
  listen: readonly SocketAddress[] = [];
  admin: SocketAddress | undefined;
  readonly #config: RelayConfig;
  readonly #parts: RelayParts;
  readonly #secrets: RelaySecrets;
  readonly #logger: Logger;
  readonly #mesh: Mesh;
  readonly #startedMs = performance.now();
  readonly #listeners: Listener[] = [];
  #adminServer: AdminServer | undefined;
  #state: 'up' | 'draining' | 'closed' = 'up';
  #closing: Promise<void> | undefined;

  constructor(config: RelayConfig, parts: RelayParts, secrets: RelaySecrets) {
    this.#config = config;
    this.#parts = parts;
    this.#secrets = secrets;
    this.#logger = parts.logger ?? relayLogger(config.logLevel);
    const identity = identityFromSeed(secrets.seed);
    this.id = identity.id;
    this.#mesh = new Mesh({
      config,
      identity,
      transports: parts.transports,
      caPem: secrets.caPem,
      logger: this.#logger,
      nowMs: () => performance.now(),
      ...(parts.timeouts === undefined ? {} : { timeouts: parts.timeouts }),
    });
  }

  async start(): Promise<void> {
    const { listen, admin, label } = this.#config;
    for (const transport of this.#parts.transports) await this.#listenOn(transport);
    this.listen = this.#listeners.map((listener) => listener.address);
    if (admin !== undefined) {
      this.#adminServer = await startAdmin(admin, this.#secrets.adminToken, {
        isReady: () => this.#state === 'up',
        metrics: () => this.metrics(),
        status: () => this.status(),
      });
      this.admin = this.#adminServer.address;
    }
    if (this.#config.peerIdentities.length === 0) {
      this.#logger.warn(
        'every relay that connects is admitted as a peer and sees names and traffic sizes; set peerIdentities in production',
      );
    }
    const at = listenTexts(this.listen);
    this.#logger.info({ id: this.id, label, listen: at, wanted: hostPortText(listen) }, 'relay listens');
    for (const listener of this.#listeners) {
      listener.start({ onConnection: (connection) => this.#mesh.handleConnection(connection) });
    }
    this.#mesh.start();
  }

  status(): RelayStatus {
    return {
      id: this.id,
      label: this.#config.label,
      version: relayVersion,
      uptimeMs: Math.round(performance.now() - this.#startedMs),
      state: this.#state,
      listen: listenTexts(this.listen),
      ...meshStatus(this.#mesh),
    };
  }

  metrics(): string {
    return metricsText(this.#mesh, performance.now() - this.#startedMs);
  }

  async drain(): Promise<void> {
    if (this.#state === 'up') {
      this.#state = 'draining';
      this.#logger.info({ sessions: this.#mesh.sessions.size }, 'draining');
      this.#mesh.drain();
      const untilMs = performance.now() + this.#config.drainGraceMs;
      while (this.#mesh.agents > 0 && performance.now() < untilMs) await delay(20);
    }
    await this.close();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const code = this.#state === 'draining' ? 'draining' : 'shutdown';
    this.#state = 'closed';
    const hadSessions = this.#mesh.sessions.size > 0;
    this.#mesh.close(code);
    if (hadSessions) await delay(goodbyeLingerMs + 20);
    await Promise.all(this.#listeners.map((listener) => listener.close(codeNumber(code))));
    await this.#adminServer?.close();
    await Promise.all(this.#parts.transports.map((transport) => transport.close()));
    this.#logger.info({ code }, 'relay closed');
  }

  /** The first transport may take a free port; the others take the same number. */
  async #listenOn(transport: Transport): Promise<void> {
    const { host } = this.#config.listen;
    const port = this.#listeners[0]?.address.port ?? this.#config.listen.port;
    try {
      const { certificate } = this.#secrets;
      this.#listeners.push(await transport.listen({ host, port, certificate }));
    } catch (thrown) {
      throw listenError(TransportError.from(thrown, 'bind_failed'), hostPortText({ host, port }));
    }
  }
}

function listenError(error: TransportError, at: string): RelayError {
  const options = { cause: error };
  const text = `${at}: ${error.message}`;
  if (error.code === 'bad_certificate') {
    return new RelayError('bad_certificate', text, 'Give a PEM certificate and its own key.', options);
  }
  if (error.code === 'unsupported') {
    return new RelayError(
      'transport_unavailable',
      text,
      'Choose another transport on this machine.',
      options,
    );
  }
  if (/in use|EADDRINUSE/i.test(`${error.message} ${String(error.cause ?? '')}`)) {
    return new RelayError('port_in_use', text, 'Stop the other process, or choose another port.', options);
  }
  return new RelayError('bad_listen_address', text, 'Give an address of this machine.', options);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
