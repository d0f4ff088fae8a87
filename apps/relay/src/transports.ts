import {
  createQuicTransport,
  createQuinnTransport,
  createTlsTransport,
  type Listener,
  listenTogether,
  type SocketAddress,
  type Transport,
  TransportError,
} from '@macula/transport';
import type { Logger } from 'pino';
import { hostPortText, type RelayConfig } from './config.js';
import { RelayError } from './errors.js';
import type { RelaySecrets } from './secrets.js';

/** A listener's address and what it speaks. */
export interface ListenAddress extends SocketAddress {
  readonly transport: Transport['name'];
}

/**
 * What a relay runs on outside of tests: QUIC in this process, TLS, and quinn, which proves the relay's own identity so that `#id=` is the same for
 * all; TLS alone when the settings say so. No native code is loaded before a transport listens or dials.
 */
export function relayTransports(config: RelayConfig, { seed }: Pick<RelaySecrets, 'seed'>): Transport[] {
  const tls = createTlsTransport();
  return config.quic ? [createQuicTransport(), tls, createQuinnTransport({ identitySeed: seed })] : [tls];
}

/**
 * Listens as the settings say: with all transports but quinn on one port number, and with quinn on its own if it has one. A
 * transport that isn't available on this machine is left out with a warning, unless it is the only one or was asked for by name.
 * @throws RelayError; nothing stays bound then
 */
export async function listenAsConfigured(
  { listen, listenQuinn }: RelayConfig,
  transports: readonly Transport[],
  certificate: RelaySecrets['certificate'],
  logger: Logger,
): Promise<readonly { readonly transport: Transport; readonly listener: Listener }[]> {
  const isQuinn = ({ name }: Transport): boolean => name === 'quinn';
  const onUnavailable = ({ name }: Transport, error: TransportError): void =>
    logger.warn({ transport: name, why: error.message }, `${name} isn't available here; going on without it`);
  const together = transports.filter((transport) => !isQuinn(transport));
  const listeners = await listenTogether(together, { ...listen, certificate }, onUnavailable).catch(
    (thrown: unknown) => {
      throw listenError(thrown, hostPortText(listen));
    },
  );
  if (listenQuinn === undefined) return listeners;
  try {
    const quinn = await listenTogether(transports.filter(isQuinn), { ...listenQuinn, certificate });
    return [...listeners, ...quinn];
  } catch (thrown) {
    await Promise.all(listeners.map(({ listener }) => listener.close()));
    throw listenError(thrown, `listenQuinn ${hostPortText(listenQuinn)}`);
  }
}

function listenError(thrown: unknown, at: string): RelayError {
  const error = TransportError.from(thrown, 'bind_failed');
  const options = { cause: error };
  const text = `${at}: ${error.message}`;
  if (error.code === 'bad_certificate') {
    return new RelayError('bad_certificate', text, 'Give a PEM certificate and its own key.', options);
  }
  if (error.code === 'unsupported') {
    const remedy = 'Choose another transport on this machine.';
    return new RelayError('transport_unavailable', text, remedy, options);
  }
  if (/in use|EADDRINUSE/i.test(`${error.message} ${String(error.cause ?? '')}`)) {
    return new RelayError('port_in_use', text, 'Stop the other process, or choose another port.', options);
  }
  return new RelayError('bad_listen_address', text, 'Give an address of this machine.', options);
}
