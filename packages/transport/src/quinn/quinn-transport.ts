import { randomBytes } from 'node:crypto';
import { TransportError } from '../errors.js';
import { idleTimeoutMs, keepAliveMs } from '../limits.js';
import type {
  Connection,
  DialOptions,
  Listener,
  ListenOptions,
  SocketAddress,
  Transport,
} from '../transport.js';
import { dialQuinn, familyOf } from './dial.js';
import { identityOfSeed, identityText, type QuinnIdentity } from './identity.js';
import {
  loadQuinn,
  makeConfig,
  type NativeClient,
  type NativeConnection,
  type Quinn,
  type QuinnTuning,
  uint32Max,
} from './native.js';
import type { QuinnConnection } from './quinn-connection.js';
import { QuinnListener } from './quinn-listener.js';

/** Streams a peer may have open at once: quinn keeps some 90 bytes for each that might be, so this decides what a connection costs. */
const streamsMaxDefault = 440;

/** Settings of {@link createQuinnTransport}. */
export interface QuinnTransportOptions {
  /**
   * Ed25519 seed, 32 bytes, of the identity that this transport proves to its peers, dialing and listening; a listener's
   * is what `#id=` pins. Default: a random one.
   */
  readonly identitySeed?: Uint8Array;
  /** Milliseconds of silence until a connection is lost. Default `idleTimeoutMs`; the lower of both ends counts. */
  readonly idleTimeoutMs?: number;
  /** Milliseconds between pings of a dialer. Default `keepAliveMs`; must be below the idle timeout. */
  readonly keepAliveMs?: number;
  /**
   * Streams the peer may have open at once; more wait for one to end. Default 440, at least 1. An idle connection
   * takes 65 kB with 440, and 390 kB with 4096.
   */
  readonly streamsMax?: number;
}

/** A transport and who it is. */
export interface QuinnTransport extends Transport {
  readonly name: 'quinn';
  /** The identity that peers see, as in `#id=`: 43 characters of base64url. */
  readonly identity: string;
}

/**
 * QUIC on quinn, the native binding of `@chainsafe/libp2p-quic`, with sockets and packets in its own threads.
 *
 * Both ends prove an Ed25519 identity inside TLS; there are no certificate authorities. So `verify_peer` demands a pin
 * `#id=…` in the URL (`certificate_untrusted` without), `none` accepts every identity, and a wrong pin is refused in
 * both (`certificate_wrong_pin`). `caPem` and a listener's certificate aren't used.
 *
 * `certificateSha256` of a connection is not a certificate's: it is SHA-256 of `macula quinn listener identity v1`, a
 * zero byte and the listener's public key. A HELLO bound to it is bound to the identity at the other end of TLS, not to
 * one certificate: who is in between without that key still can't pass it on, while all connections to the holder
 * of the key have the same value. A pin `#sha256=…` is compared with it.
 *
 * The binding is loaded at the first `dial` or `listen`, which throw `unsupported` where there is none or where the
 * environment says `MACULA_TRANSPORT=tls`.
 * @throws TransportError with code `bad_certificate` when the seed has not 32 bytes
 */
export function createQuinnTransport(options: QuinnTransportOptions = {}): QuinnTransport {
  return new BindingTransport(options);
}

class BindingTransport implements QuinnTransport {
  readonly name = 'quinn';
  readonly identity: string;
  readonly #identity: QuinnIdentity;
  readonly #tuning: QuinnTuning;
  readonly #listeners: Set<QuinnListener> = new Set();
  readonly #connections: Set<QuinnConnection> = new Set();
  /** Endpoints for IPv4 and IPv6, made when first needed. */
  readonly #clients: (NativeClient | undefined)[] = [];
  readonly #dials: Set<(error: TransportError) => void> = new Set();
  #isClosed = false;

  constructor(options: QuinnTransportOptions) {
    this.#identity = identityOfSeed(options.identitySeed ?? randomBytes(32));
    this.identity = identityText(this.#identity.publicKey);
    this.#tuning = {
      idleTimeoutMs: options.idleTimeoutMs ?? idleTimeoutMs,
      keepAliveMs: options.keepAliveMs ?? keepAliveMs,
      streamsMax: options.streamsMax ?? streamsMaxDefault,
    };
  }

  async dial(options: DialOptions): Promise<Connection> {
    const quinn = await this.#load();
    const connection = await dialQuinn(
      {
        streamsMax: this.#tuning.streamsMax,
        connect: (address) => this.#connect(quinn, address),
        register: (cancel) => {
          this.#dials.add(cancel);
          return () => this.#dials.delete(cancel);
        },
      },
      options,
    );
    this.#connections.add(connection);
    void connection.released.then(() => this.#connections.delete(connection));
    if (this.#isClosed) connection.close(0, 'transport closed');
    return connection;
  }

  async listen(options: ListenOptions): Promise<Listener> {
    const quinn = await this.#load();
    const identity = this.#identity;
    // Dialers ping.
    const tuning = { ...this.#tuning, keepAliveMs: uint32Max };
    const listener = await QuinnListener.open(
      {
        quinn,
        identity,
        config: makeConfig(quinn, identity.privateKeyProto, tuning),
        streamsMax: tuning.streamsMax,
        onClosed: (closed) => this.#listeners.delete(closed),
      },
      options,
    );
    this.#listeners.add(listener);
    if (this.#isClosed) await listener.close();
    return listener;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#dials) cancel(new TransportError('closed', 'the transport was closed'));
    const connections = [...this.#connections];
    for (const connection of connections) connection.close(0, 'transport closed');
    await Promise.all([
      ...[...this.#listeners].map((listener) => listener.close()),
      ...connections.map((connection) => connection.released),
    ]);
    for (const client of this.#clients) client?.abort();
    this.#clients.length = 0;
  }

  async #load(): Promise<Quinn> {
    if (this.#isClosed) throw new TransportError('closed', 'the transport is closed');
    return loadQuinn();
  }

  async #connect(quinn: Quinn, address: SocketAddress): Promise<NativeConnection> {
    if (this.#isClosed) throw new TransportError('closed', 'the transport is closed');
    const family = familyOf(address.host);
    let client = this.#clients[family];
    if (!client) {
      const config = makeConfig(quinn, this.#identity.privateKeyProto, this.#tuning);
      client = new quinn.Client(config, family);
      this.#clients[family] = client;
    }
    try {
      return await client.outboundConnection(address.host, address.port);
    } catch (thrown) {
      // Its socket has failed: the next dial makes another.
      if ((thrown as Error).message === 'endpoint stopping' && this.#clients[family] === client) {
        this.#clients[family] = undefined;
      }
      throw thrown;
    }
  }
}
