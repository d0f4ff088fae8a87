import { join } from 'node:path';
import { identityFromSeed } from '@macula/crypto';
import { createAutoTransport, type Listener, type SocketAddress, type Transport } from '@macula/transport';
import { codeNumber } from '@macula/wire';
import type { Logger } from 'pino';
import type { AccessRules } from './access/access-rules.js';
import { AccessWatcher } from './access/access-watcher.js';
import { type AdminServer, startAdmin } from './admin/admin-server.js';
import { metricsText } from './admin/metrics.js';
import { hostPortText, type RelayConfig } from './config.js';
import { goodbyeLingerMs } from './limits.js';
import { relayLogger } from './logger.js';
import { opennessOf, reachableAddress, requireMeantOpen } from './meant-open.js';
import { Mesh } from './mesh.js';
import { loadSecrets, type RelaySecrets } from './secrets.js';
import { PeerCache } from './seeds/peer-cache.js';
import type { SeedResolver } from './seeds/seed-resolver.js';
import { listenUrls, meshStatus, type RelayStatus, relayVersion } from './status.js';
import { type ListenAddress, listenAsConfigured } from './transports.js';

/** What a relay runs on. */
export interface RelayParts {
  /**
   * All of them listen on the configured port but quinn, which has its own; `https:` peers are dialled with the best of them. The relay
   * closes them at its end. At least one; see `relayTransports`.
   */
  readonly transports: readonly Transport[];
  /** Identity and certificate. Default: read or made as the settings say. */
  readonly secrets?: RelaySecrets;
  /** Default: JSON lines on stderr at the configured level. */
  readonly logger?: Logger;
  /** Looks up seeds. Default: the machine's name servers. */
  readonly resolver?: SeedResolver;
  /** Milliseconds for HELLO and for a stream's OPEN. Default 5,000 each; tests shorten them. */
  readonly timeouts?: { readonly helloMs?: number; readonly openMs?: number };
}

/** A relay in this process. */
export interface RunningRelay {
  /** Its identity, 43 characters. */
  readonly id: string;
  /** Where it listens, one per transport. */
  readonly listen: readonly ListenAddress[];
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
  const secrets = parts.secrets ?? (await loadSecrets(config));
  const logger = parts.logger ?? relayLogger(config.logLevel);
  const access = await AccessWatcher.open({
    path: config.accessFile,
    settings: config,
    logger,
    check: (rules) =>
      requireMeantOpen(config, opennessOf(rules, { hasMeshSecret: secrets.meshSecret !== undefined })),
    onRules: (rules) => relay.handleRules(rules),
  });
  const peerCache = await openPeerCache(config, logger);
  const relay = new Relay(config, { ...parts, logger, access, peerCache }, secrets);
  try {
    await relay.start();
  } catch (thrown) {
    await relay.close();
    throw thrown;
  }
  return relay;
}

/** What `startRelay` adds. */
interface OwnParts {
  readonly logger: Logger;
  readonly access: AccessWatcher;
  readonly peerCache: PeerCache | undefined;
}

class Relay implements RunningRelay {
  readonly id: string;
  listen: readonly ListenAddress[] = [];
  admin: SocketAddress | undefined;
  readonly #config: RelayConfig;
  readonly #parts: RelayParts & OwnParts;
  readonly #secrets: RelaySecrets;
  readonly #logger: Logger;
  readonly #mesh: Mesh;
  readonly #startedMs = performance.now();
  readonly #dialer: Transport;
  #listeners: readonly Listener[] = [];
  #adminServer: AdminServer | undefined;
  #hasStarted = false;
  #state: 'up' | 'draining' | 'closed' = 'up';
  #closing: Promise<void> | undefined;

  constructor(config: RelayConfig, parts: RelayParts & OwnParts, secrets: RelaySecrets) {
    this.#config = config;
    this.#parts = parts;
    this.#secrets = secrets;
    this.#logger = parts.logger;
    const identity = identityFromSeed(secrets.seed);
    this.id = identity.id;
    this.#dialer = createAutoTransport({ transports: parts.transports });
    this.#mesh = new Mesh({
      config,
      identity,
      dialer: this.#dialer,
      caPem: secrets.caPem,
      meshSecret: bytesOf(secrets.meshSecret, 'base64url'),
      publicCertificates: (secrets.publicCertificates ?? []).map((hex) => bytesOf(hex, 'hex')!),
      logger: this.#logger,
      peerCache: parts.peerCache,
      resolver: parts.resolver,
      rules: parts.access.rules,
      nowMs: () => performance.now(),
      ...(parts.timeouts === undefined ? {} : { timeouts: parts.timeouts }),
    });
  }

  async start(): Promise<void> {
    const { listen, admin, label, quic } = this.#config;
    const { transports } = this.#parts;
    const bound = await listenAsConfigured(this.#config, transports, this.#secrets.certificate, this.#logger);
    this.#listeners = bound.map(({ listener }) => listener);
    this.listen = bound.map(({ transport, listener }) => ({
      transport: transport.name,
      ...listener.address,
    }));
    if (admin !== undefined) {
      this.#adminServer = await startAdmin(admin, this.#secrets.adminToken, {
        isReady: () => this.#state === 'up',
        metrics: () => this.metrics(),
        status: () => this.status(),
      });
      this.admin = this.#adminServer.address;
    }
    if (this.#config.dataDir === undefined) this.#logger.warn(newIdEachTime);
    this.#warnOfOpenness();
    if (!quic) this.#logger.info('QUIC is switched off');
    const at = listenUrls(this.listen);
    this.#hasStarted = true;
    this.#logger.info({ id: this.id, label, listen: at, wanted: hostPortText(listen) }, 'relay listens');
    for (const listener of this.#listeners) {
      listener.start({
        onConnection: (connection) => this.#mesh.handleConnection(connection),
        mayShakeHands: () => this.#mesh.limiter.mayShakeHands(),
      });
    }
    this.#mesh.start(this.#advertised());
  }

  handleRules(rules: AccessRules): void {
    if (rules.servesNoRealm) this.#logger.warn(servesNobody);
    this.#mesh.handleRules(rules);
  }

  /** Where other relays dial this one. */
  #advertised(): string | undefined {
    const { advertise, listen } = this.#config;
    if (advertise !== undefined) return advertise === 'none' ? undefined : advertise;
    const [bound] = this.listen;
    if (bound === undefined || listen.host === '0.0.0.0' || listen.host === '::') return undefined;
    return `https://${hostPortText({ host: listen.host, port: bound.port })}`;
  }

  #warnOfOpenness(): void {
    if (this.#parts.access.rules.servesNoRealm) this.#logger.warn(servesNobody);
    if (this.#mesh.peerAdmission.isOpen) {
      this.#logger.warn(
        'every relay that connects is admitted as a peer: it sees names and traffic sizes and lets its nodes into every realm, also those that need a token; give a mesh secret (macula relay --mesh-secret-file), --peer-id or "relays" in the access file',
      );
    }
    if (reachableAddress(this.#config) !== undefined && this.#parts.access.rules.hasOpenRealm) {
      this.#logger.warn(
        'OPEN REALM on an address that others can reach: everybody may join, take names that are free, and use this relay; only the cookie keeps them out of your nodes',
      );
    }
  }

  status(): RelayStatus {
    return {
      id: this.id,
      label: this.#config.label,
      version: relayVersion,
      uptimeMs: Math.round(performance.now() - this.#startedMs),
      state: this.#state,
      listen: listenUrls(this.listen),
      ...meshStatus(this.#mesh, performance.now()),
    };
  }

  metrics(): string {
    const uptimeMs = performance.now() - this.#startedMs;
    return metricsText(this.#mesh, { uptimeMs, listen: this.listen });
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
    this.#parts.access.close();
    const hadSessions = this.#mesh.sessions.size > 0;
    this.#mesh.close(code);
    if (hadSessions) await delay(goodbyeLingerMs + 20);
    await Promise.all(this.#listeners.map((listener) => listener.close(codeNumber(code))));
    await this.#adminServer?.close();
    await this.#parts.peerCache?.close();
    await this.#dialer.close();
    if (this.#hasStarted) this.#logger.info({ code }, 'relay closed');
  }
}

async function openPeerCache({ dataDir }: RelayConfig, logger: Logger): Promise<PeerCache | undefined> {
  if (dataDir === undefined) return undefined;
  return PeerCache.load(join(dataDir, 'peers.json'), Date.now(), (why, remedy) =>
    logger.warn({ remedy }, why),
  );
}

const newIdEachTime =
  'no data directory is given (macula relay --data): this relay has another id and certificate at each start, so neither lists nor URLs can name it';

const servesNobody = 'the access file has "realms" without an entry, so no node may join; list one';

function bytesOf(text: string | undefined, encoding: 'base64url' | 'hex'): Uint8Array | undefined {
  return text === undefined ? undefined : Uint8Array.from(Buffer.from(text, encoding));
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
