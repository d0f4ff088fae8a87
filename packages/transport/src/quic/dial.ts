import { isIP, isIPv6 } from 'node:net';
import { type DialAddress, dialAddresses } from '../core/dial-addresses.js';
import { onGivenUp } from '../core/give-up.js';
import { describeAddress } from '../core/resolve-host.js';
import type { Ticket, TicketCache } from '../core/ticket-cache.js';
import { TransportError } from '../errors.js';
import type { DialOptions, SocketAddress } from '../transport.js';
import { certificateFailure, checkPeerCertificate } from './certificates.js';
import type { Config, NativeConnection, Quiche } from './native.js';
import { QuicConnection } from './quic-connection.js';
import { QuicPump } from './quic-pump.js';
import { ConnectionTickets } from './session.js';
import { UdpSocket } from './udp-socket.js';

/** Refusals in a row, with nothing heard in between, after which an open connection counts as forgotten. */
const refusalsMax = 3;

/**
 * Milliseconds until a refused connection is tried again: Linux reports a refusal before the packets that came first,
 * such as the peer's close, so these must have their turn.
 */
const refusedRetryMs = 20;

/** What a dialer needs of its transport. */
export interface DialContext {
  readonly quiche: Quiche;
  readonly keepAliveMs: number;
  readonly tickets: TicketCache;
  configFor(options: DialOptions): Config;
  /** Called with what ends the dialing or the connection when the transport closes; answers how to take it back. */
  register(closable: { close(): Promise<void> }): () => void;
}

/** Dials the addresses of the URL's host. */
export function dialQuic(context: DialContext, options: DialOptions): Promise<QuicConnection> {
  // For whichever address answers; the others can't read it.
  const ticket = context.tickets.take(options);
  return dialAddresses(options.url, options, (remote, attempt) =>
    dialAddress(context, attempt, remote, ticket),
  );
}

async function dialAddress(
  context: DialContext,
  options: Parameters<DialAddress<QuicConnection>>[1],
  remote: SocketAddress,
  ticket: Ticket | undefined,
): Promise<QuicConnection> {
  const { quiche } = context;
  const { host } = options.url;
  const config = context.configFor(options);
  const socket = await UdpSocket.open({ host: isIPv6(remote.host) ? '::' : '0.0.0.0', port: 0 }, remote);
  const native = connectNative();
  return new Promise((resolve, reject) => {
    const tickets = new ConnectionTickets(native, context.tickets, options);
    if (ticket) tickets.offer(ticket.session);
    let refusals = 0;
    let retryTimer: NodeJS.Timeout | undefined;
    const fail = (error: TransportError): void => {
      reject(error);
      pump.lose(error);
    };
    const timer = setTimeout(() => {
      fail(new TransportError('connect_timeout', `no answer from ${describeAddress(remote)} in time`));
    }, options.connectTimeoutMs);
    const pump = new QuicPump(quiche, native, socket, {
      onEstablished: () => {
        clearTimeout(timer);
        try {
          const certificateSha256 = checkPeerCertificate(native.peerCertChain(), options);
          pump.connection = new QuicConnection(
            { transport: 'quic', role: 'dialer', remoteAddress: remote, certificateSha256 },
            pump,
          );
        } catch (thrown) {
          reject(TransportError.from(thrown));
          pump.close(0, Buffer.from('certificate refused'));
          return;
        }
        tickets.handleAccepted();
        pump.startKeepAlive(context.keepAliveMs);
        resolve(pump.connection);
      },
      onOver: (info) => {
        clearTimeout(timer);
        forget();
        clearTimeout(retryTimer);
        unregister();
        void socket.close();
        if (pump.connection) return;
        const localErrorCode = native.localError()?.errorCode ?? 0;
        const refused = certificateFailure(localErrorCode, native.peerCertChain(), host);
        const ended = new TransportError(
          'handshake_failed',
          'the peer closed the connection in the handshake',
        );
        reject(refused ?? (info.kind === 'lost' ? info.error : ended));
      },
    });
    const forget = onGivenUp(options.signal, (error) => {
      if (!pump.connection) fail(error);
    });
    const unregister = context.register({
      close: async () => {
        if (pump.connection) pump.connection.close(0, 'transport closed');
        else fail(new TransportError('closed', 'the transport was closed'));
        await socket.close();
      },
    });
    socket.start(
      (packet, from) => {
        refusals = 0;
        pump.handlePacket(packet, { host: from.address, port: from.port });
        if (!pump.isOver) tickets.look();
      },
      (error) => {
        const code = (error as NodeJS.ErrnoException).code;
        if (!pump.connection) {
          if (code === 'ECONNREFUSED') {
            fail(
              new TransportError('refused', `nothing listens at ${describeAddress(remote)}`, {
                cause: error,
              }),
            );
          } else if (code === 'ENETUNREACH' || code === 'EHOSTUNREACH') {
            fail(new TransportError('unreachable', `no way to ${describeAddress(remote)}`, { cause: error }));
          }
          return;
        }
        // Anybody on the way can make one of these; a peer that is gone makes one for each packet.
        if (code !== 'ECONNREFUSED' || retryTimer) return;
        refusals++;
        if (refusals >= refusalsMax) {
          pump.lose(
            new TransportError('reset', `nothing listens at ${describeAddress(remote)} any more`, {
              cause: error,
            }),
          );
        } else {
          retryTimer = setTimeout(() => {
            retryTimer = undefined;
            pump.ping();
          }, refusedRetryMs);
        }
      },
    );
    pump.schedule();
  });

  function connectNative(): NativeConnection {
    try {
      // Meanwhile the dial may have been given up.
      if (options.signal?.aborted) throw new TransportError('closed', 'the attempt was given up');
      // An empty connection id: the peer can't announce further ones, and so can't hang this process (see README).
      const scid = Buffer.alloc(0);
      const serverName = isIP(host) ? null : host;
      return quiche.Connection.connect(serverName, scid, socket.local, remote, config);
    } catch (thrown) {
      void socket.close();
      throw TransportError.from(thrown);
    }
  }
}
