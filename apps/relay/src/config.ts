import { hostname } from 'node:os';
import type { SwimProfileName } from '@macula/swim';
import { parseRelayUrl, transportSetting } from '@macula/transport';
import { realmBytesMax, textBytesMax } from '@macula/wire';
import { RelayError, type RelayErrorCode } from './errors.js';
import { drainGraceMsDefault, openTimeoutMsDefault, sessionsMaxDefault } from './limits.js';
import { advertisedUrlBytesMax } from './membership/limits.js';
import { parseQuotaLimits, type QuotaLimitsInput } from './quota/parse-quota-limits.js';
import type { QuotaLimits } from './quota/quota-limits.js';
import { seedsMax } from './seeds/limits.js';
import { parseSeed, type Seed } from './seeds/seed.js';

/** Settings as an operator writes them; everything has a default. Plain JSON. */
export interface RelayConfigInput {
  /** `HOST:PORT` for agents and relays; port 0 takes a free one. Default `0.0.0.0:4433`. */
  readonly listen?: string | undefined;
  /**
   * Whether QUIC is used at all, to listen and to dial, beside TLS over TCP at the same port number. Default true; `MACULA_TRANSPORT=tls` in the
   * environment makes it false.
   */
  readonly quic?: boolean | undefined;
  /** `HOST:PORT`, UDP, for agents and relays that dial `quinn://`, or `https://` with `#quinn=PORT` where the other QUIC is missing; port 0 takes a free one. Default none. */
  readonly listenQuinn?: string | undefined;
  /** URLs of relays to peer with. Default none. */
  readonly peers?: readonly string[] | undefined;
  /**
   * Where to learn of the relays of a mesh, at most `seedsMax`: relay URLs, `dns:HOST[:PORT]` (A and AAAA records; port 4433 by default) or `srv:NAME`
   * (SRV records). Default none.
   */
  readonly seeds?: readonly string[] | undefined;
  /**
   * URL at which other relays of the mesh dial this one; `none`: they don't. Default: made of `listen` where that names one address, else none; a relay without
   * one dials the others.
   */
  readonly advertise?: string | undefined;
  /** How fast relays that are gone are noticed: `wan` for round trips up to 450 ms, `lan` up to 150 ms, `local` for one machine. Default `wan`. */
  readonly membershipProfile?: SwimProfileName | undefined;
  /** Ids of the relays that may peer (43 characters). Default empty: every relay may, and lets its nodes into every realm; for development, see `open`. */
  readonly peerIdentities?: readonly string[] | undefined;
  /** File with the secret that the relays of a mesh share (`macula keygen --mesh`); who proves it may peer. Default none. */
  readonly meshSecretFile?: string | undefined;
  /** PEM files with the certificates of proxies that end TLS in front of this relay. Default none. */
  readonly publicCertFiles?: readonly string[] | undefined;
  /** Whether realms that need no token, and peering without keys or a secret, are meant on an address that others can reach. Default false: the relay refuses to start. */
  readonly open?: boolean | undefined;
  /** Realms served. Default empty: every realm. */
  readonly realms?: readonly string[] | undefined;
  /** JSON file that says which realms need a token, which relays may peer and which tokens are revoked; read again when it changes. Default none. */
  readonly accessFile?: string | undefined;
  /** `HOST:PORT` of the admin server. Default none. */
  readonly admin?: string | undefined;
  /** File with the admin server's bearer token; needed when it isn't on loopback. */
  readonly adminTokenFile?: string | undefined;
  /** Directory for identity and development certificate. Default none: both live in memory only. */
  readonly dataDir?: string | undefined;
  /** PEM file of the certificate chain. Default: a self-signed development certificate. */
  readonly certFile?: string | undefined;
  /** PEM file of its private key. */
  readonly keyFile?: string | undefined;
  /** How certificates of peers that we dial are checked. Default `none`. */
  readonly tlsVerify?: 'none' | 'verify_peer' | undefined;
  /** PEM file of additional trusted certificates for `verify_peer`. */
  readonly caFile?: string | undefined;
  /** Name of this relay for people. Default: the host's name. */
  readonly label?: string | undefined;
  /** Default `info`. */
  readonly logLevel?: LogLevel | undefined;
  /** Milliseconds one OPEN may take, 100 to 60,000. Default 10,000. */
  readonly openTimeoutMs?: number | undefined;
  /** Sessions at a time, 1 to 1,000,000. Default 10,000. */
  readonly sessionsMax?: number | undefined;
  /** What each identity, realm and address may have and do. Default: see the README. */
  readonly limits?: QuotaLimitsInput | undefined;
  /** Milliseconds agents get to move before a stopping relay closes their sessions, 0 to 600,000. Default 2,000. */
  readonly drainGraceMs?: number | undefined;
}

/** What is logged, at least. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Checked settings with every default filled in. */
export interface RelayConfig {
  readonly listen: HostPort;
  readonly quic: boolean;
  readonly listenQuinn: HostPort | undefined;
  readonly peers: readonly string[];
  readonly seeds: readonly Seed[];
  /** A URL without pins, or `none`; undefined: see what it listens at. */
  readonly advertise: string | undefined;
  readonly membershipProfile: SwimProfileName;
  readonly peerIdentities: readonly string[];
  readonly meshSecretFile: string | undefined;
  readonly publicCertFiles: readonly string[];
  readonly open: boolean;
  readonly realms: readonly string[];
  readonly accessFile: string | undefined;
  readonly admin: HostPort | undefined;
  readonly adminTokenFile: string | undefined;
  readonly dataDir: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly tlsVerify: 'none' | 'verify_peer';
  readonly caFile: string | undefined;
  readonly label: string;
  readonly logLevel: LogLevel;
  readonly openTimeoutMs: number;
  readonly sessionsMax: number;
  readonly limits: QuotaLimits;
  readonly drainGraceMs: number;
}

/** Where to bind. */
export interface HostPort {
  /** Host name or IP address without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * Checks settings and fills in the defaults.
 * @param environment - where `MACULA_TRANSPORT` is looked up; default `process.env`
 * @throws RelayError `bad_config`, `bad_listen_address`, `bad_peer_url` or `bad_seed`
 */
export function parseRelayConfig(
  input: unknown,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): RelayConfig {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new RelayError('bad_config', 'the configuration is not an object', 'Pass an object of settings.');
  }
  const fields = new Settings(input as Record<string, unknown>);
  const isQuicWanted = fields.boolean('quic', true);
  const quic = isQuicWanted && !isQuicSwitchedOff(environment);
  const listenQuinn = optional(fields.text('listenQuinn'), (text) =>
    parseHostPort('listenQuinn', text, 'bad_listen_address'),
  );
  if (listenQuinn !== undefined && !isQuicWanted) {
    const remedy = 'Leave out listenQuinn, which is QUIC, too.';
    throw new RelayError('bad_config', 'listenQuinn is given although quic is false', remedy);
  }
  const config: RelayConfig = {
    listen: parseHostPort('listen', fields.text('listen') ?? '0.0.0.0:4433', 'bad_listen_address'),
    quic,
    // The switch in the environment is for everything, without a change of the settings.
    listenQuinn: quic ? listenQuinn : undefined,
    peers: fields.texts('peers').map(parsePeer),
    seeds: parseSeeds(fields.texts('seeds')),
    advertise: optional(fields.text('advertise'), parseAdvertised),
    membershipProfile: fields.oneOf('membershipProfile', ['local', 'lan', 'wan'], 'wan'),
    peerIdentities: fields.texts('peerIdentities').map(parsePeerIdentity),
    meshSecretFile: fields.text('meshSecretFile'),
    publicCertFiles: fields.texts('publicCertFiles'),
    open: fields.boolean('open', false),
    realms: fields.texts('realms').map(parseRealm),
    accessFile: fields.text('accessFile'),
    admin: optional(fields.text('admin'), (text) => parseHostPort('admin', text, 'bad_listen_address')),
    adminTokenFile: fields.text('adminTokenFile'),
    dataDir: fields.text('dataDir'),
    certFile: fields.text('certFile'),
    keyFile: fields.text('keyFile'),
    tlsVerify: fields.oneOf('tlsVerify', ['none', 'verify_peer'], 'none'),
    caFile: fields.text('caFile'),
    label: (fields.text('label') ?? hostname()).slice(0, textBytesMax / 4),
    logLevel: fields.oneOf('logLevel', ['debug', 'info', 'warn', 'error', 'silent'], 'info'),
    openTimeoutMs: fields.count('openTimeoutMs', openTimeoutMsDefault, 100, 60_000),
    sessionsMax: fields.count('sessionsMax', sessionsMaxDefault, 1, 1_000_000),
    limits: parseQuotaLimits(fields.any('limits')),
    drainGraceMs: fields.count('drainGraceMs', drainGraceMsDefault, 0, 600_000),
  };
  fields.refuseUnknown();
  if ((config.certFile === undefined) !== (config.keyFile === undefined)) {
    throw new RelayError(
      'bad_config',
      'only one of certFile and keyFile is given',
      'Give both, or none for a development certificate.',
    );
  }
  return config;
}

/** `HOST:PORT` as text; an IPv6 address gets brackets. */
export function hostPortText({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function parseHostPort(setting: string, text: string, code: RelayErrorCode): HostPort {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new RelayError(
      code,
      `${setting} "${text}" is not HOST:PORT`,
      'Write it like 0.0.0.0:4433 or [::]:4433.',
    );
  }
  return { host: (match[1] ?? match[2])!, port };
}

function isQuicSwitchedOff(environment: Readonly<Record<string, string | undefined>>): boolean {
  try {
    return transportSetting(environment) === 'tls';
  } catch (cause) {
    const remedy = 'Set it to tls to turn QUIC off, or unset it.';
    throw RelayError.from(cause, 'bad_config', remedy);
  }
}

function parsePeer(url: string): string {
  try {
    parseRelayUrl(url);
  } catch (cause) {
    throw RelayError.from(cause, 'bad_peer_url', 'Write it like https://relay.example.org:4433.');
  }
  return url;
}

function parseAdvertised(text: string): string {
  if (text === 'none') return text;
  const remedy = `Write it like https://relay.example.org:4433, at most ${advertisedUrlBytesMax} bytes, or none.`;
  try {
    const { text: url, host } = parseRelayUrl(text);
    if (host === '0.0.0.0' || host === '::')
      throw new RelayError('bad_config', `advertise "${text}" names no host that can be dialled`, remedy);
    if (Buffer.byteLength(url) <= advertisedUrlBytesMax) return url;
  } catch (cause) {
    throw RelayError.from(cause, 'bad_config', remedy);
  }
  throw new RelayError('bad_config', `advertise "${text}" is too long`, remedy);
}

function parseSeeds(texts: readonly string[]): readonly Seed[] {
  if (texts.length <= seedsMax) return texts.map(parseSeed);
  const remedy = 'Give one name of the DNS that has the addresses of all relays: dns:relays.example.org.';
  throw new RelayError('bad_seed', `there are ${texts.length} seeds, more than ${seedsMax}`, remedy);
}

function parsePeerIdentity(id: string): string {
  if (/^[A-Za-z0-9_-]{43}$/.test(id)) return id;
  throw new RelayError(
    'bad_config',
    `"${id}" in peerIdentities is not a relay id`,
    'Copy the 43 characters that the other relay prints when it starts (also: macula id).',
  );
}

function parseRealm(realm: string): string {
  if (realm !== '' && Buffer.byteLength(realm) <= realmBytesMax) return realm;
  throw new RelayError('bad_config', `"${realm}" is not a realm`, `A realm has 1 to ${realmBytesMax} bytes.`);
}

function optional<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}

/** Reads settings one by one and remembers which were asked for. */
class Settings {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #known = new Set<string>();

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  text(name: string): string | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value.trim() === '') throw bad(name, 'must be text that is not empty');
    return value;
  }

  texts(name: string): string[] {
    const value = this.#take(name) ?? [];
    if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
      throw bad(name, 'must be a list of texts');
    }
    return value as string[];
  }

  oneOf<T extends string>(name: string, values: readonly T[], fallback: T): T {
    const value = this.#take(name) ?? fallback;
    if (!values.includes(value as T)) throw bad(name, `must be one of ${values.join(', ')}`);
    return value as T;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.#take(name) ?? fallback;
    if (typeof value !== 'boolean') throw bad(name, 'must be true or false');
    return value;
  }

  count(name: string, fallback: number, min: number, max: number): number {
    const value = this.#take(name) ?? fallback;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      throw bad(name, `must be a whole number between ${min} and ${max}`);
    }
    return value;
  }

  /** For who checks it himself. */
  any(name: string): unknown {
    return this.#take(name);
  }

  refuseUnknown(): void {
    for (const [name, value] of Object.entries(this.#values)) {
      if (value !== undefined && !this.#known.has(name)) throw bad(name, 'is not a setting of the relay');
    }
  }

  #take(name: string): unknown {
    this.#known.add(name);
    return this.#values[name];
  }
}

function bad(setting: string, why: string): RelayError {
  return new RelayError('bad_config', `${setting} ${why}`, 'See the table of settings in the README.');
}
