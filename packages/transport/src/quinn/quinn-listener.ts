import { plainAddress } from '../core/plain-address.js';
import { resolveHost } from '../core/resolve-host.js';
import { TransportError } from '../errors.js';
import type { Connection, Listener, ListenOptions, SocketAddress } from '../transport.js';
import { ControlChannel } from './control-channel.js';
import { bindingOf, publicKeyOfMultiaddr, type QuinnIdentity } from './identity.js';
import type { NativeConfig, NativeConnection, NativeServer, Quinn } from './native.js';
import { QuinnConnection } from './quinn-connection.js';

/** Handshakes at once, on all sockets, each up to the idle timeout; the binding keeps those beyond waiting. */
const handshakesMax = 1024;
/** Connections whose dialer has not said hello; those beyond are closed. */
const silentMax = 1024;
/** Milliseconds that a dialer may take to say hello. */
const helloMsMax = 10_000;
/** Open connections that wait for `start`; those beyond are closed. */
const waitingMax = 64;
const resolveMsMax = 10_000;
/** Milliseconds that `close` waits for the socket to be released. */
const releaseMsMax = 5000;
/** Ports tried for a listener that takes any, until one is free for both families. */
const portsTriedMax = 8;

/** What a listener needs of its transport. */
export interface ListenContext {
  readonly quinn: Quinn;
  readonly config: NativeConfig;
  readonly identity: QuinnIdentity;
  readonly streamsMax: number;
  onClosed(listener: QuinnListener): void;
}

/** Accepts connections on one UDP socket of the binding, or on two for both families: there is none that serves both. */
export class QuinnListener implements Listener {
  readonly address: SocketAddress;
  readonly #servers: readonly NativeServer[];
  readonly #context: ListenContext;
  readonly #certificateSha256: Uint8Array;
  readonly #silent: Set<NativeConnection> = new Set();
  readonly #connections: Set<QuinnConnection> = new Set();
  #waiting: Connection[] = [];
  #handlers: { onConnection(connection: Connection): void } | undefined;
  #closing: Promise<void> | undefined;

  private constructor(context: ListenContext, servers: readonly NativeServer[], host: string) {
    this.#context = context;
    this.#servers = servers;
    this.address = { host, port: servers[0]!.port() };
    this.#certificateSha256 = bindingOf(context.identity.publicKey);
    for (const server of servers) {
      for (let index = 0; index < handshakesMax / servers.length; index++)
        void this.#acceptConnections(server);
    }
  }

  /** Binds the socket. */
  static async open(context: ListenContext, { host, port }: ListenOptions): Promise<QuinnListener> {
    try {
      const [address] = await resolveHost(host, resolveMsMax);
      return new QuinnListener(context, await bind(context, address!, port), address!);
    } catch (cause) {
      throw new TransportError('bind_failed', `can't listen on ${host} port ${port}`, { cause });
    }
  }

  start(handlers: { onConnection(connection: Connection): void }): void {
    this.#handlers = handlers;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const connection of waiting) handlers.onConnection(connection);
  }

  setCertificate(): void {
    // The identity takes the certificate's place.
  }

  close(code = 0): Promise<void> {
    this.#closing ??= this.#close(code);
    return this.#closing;
  }

  async #close(code: number): Promise<void> {
    const connections = [...this.#connections];
    for (const connection of connections) connection.close(code, 'listener closed');
    await Promise.all(connections.map((connection) => connection.released));
    // A dialer that vanished in its handshake keeps the socket for three probe timeouts, 3 s and on a busy machine more.
    const released = Promise.all(this.#servers.map((server) => server.abort()));
    await Promise.race([released, new Promise((resolve) => setTimeout(resolve, releaseMsMax).unref())]);
    this.#context.onClosed(this);
  }

  async #acceptConnections(server: NativeServer): Promise<void> {
    while (true) {
      try {
        const native = await server.inboundConnection();
        if (this.#closing || this.#silent.size >= silentMax) native.abort();
        else void this.#admit(native);
      } catch (thrown) {
        // Anything else is a handshake that failed.
        if (this.#closing || (thrown as Error).message === 'server closed') return;
      }
    }
  }

  async #admit(native: NativeConnection): Promise<void> {
    this.#silent.add(native);
    const timer = setTimeout(() => native.abort(), helloMsMax);
    try {
      const multiaddr = native.remoteMultiaddr();
      const peerPublicKey = publicKeyOfMultiaddr(multiaddr);
      const control = new ControlChannel(await native.inboundStream());
      await control.expectHello();
      if (this.#closing) throw new TransportError('closed', 'the listener is closed');
      const { streamsMax } = this.#context;
      const facts = {
        transport: 'quinn',
        role: 'listener',
        remoteAddress: addressOf(multiaddr),
        certificateSha256: this.#certificateSha256,
      } as const;
      this.#announce(new QuinnConnection(facts, { native, control, streamsMax, peerPublicKey }));
    } catch {
      native.abort();
    } finally {
      clearTimeout(timer);
      this.#silent.delete(native);
    }
  }

  #announce(connection: QuinnConnection): void {
    this.#connections.add(connection);
    void connection.released.then(() => {
      this.#connections.delete(connection);
      this.#waiting = this.#waiting.filter((waiting) => waiting !== connection);
    });
    if (this.#handlers) this.#handlers.onConnection(connection);
    else if (this.#waiting.length < waitingMax) this.#waiting.push(connection);
    else connection.close(0, 'too many connections wait');
  }
}

/** `::` means IPv4 too, on the same port. */
async function bind(
  { quinn, config }: ListenContext,
  host: string,
  port: number,
): Promise<readonly NativeServer[]> {
  for (let triesLeft = portsTriedMax; ; triesLeft--) {
    const server = new quinn.Server(config, host, port);
    if (host !== '::') return [server];
    try {
      return [server, new quinn.Server(config, '0.0.0.0', server.port())];
    } catch (thrown) {
      await server.abort();
      if (port !== 0 || triesLeft <= 1) throw thrown;
    }
  }
}

/** Of `/ip4/ADDRESS/udp/PORT/…`. */
function addressOf(multiaddr: string): SocketAddress {
  const [, , host = '', , port = ''] = multiaddr.split('/');
  return { host: plainAddress(host), port: Number(port) };
}
