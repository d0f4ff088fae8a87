import { TransportError } from '../errors.js';
import type { Listener, ListenOptions, Transport } from '../transport.js';

/** Ports tried when any will do: the one that is free for the first transport may be taken for the next. */
const portTriesMax = 16;

/** One of several listeners with the same port number. */
export interface ListenerOf {
  readonly transport: Transport;
  readonly listener: Listener;
}

/**
 * Listens with every transport on the same host and port number. With port 0 the first one takes a free port and the others the
 * same number; where that is taken another one is tried, 16 times at most. A transport that isn't available here
 * (`unsupported`) is left out and told.
 * @throws TransportError with the first failure, or with the last `unsupported` when no transport is left; nothing stays bound then
 */
export async function listenTogether(
  transports: readonly Transport[],
  options: ListenOptions,
  onUnavailable: (transport: Transport, error: TransportError) => void = () => {},
): Promise<readonly ListenerOf[]> {
  const unavailable = new Map<Transport, TransportError>();
  for (let tries = 1; ; tries++) {
    const bound: ListenerOf[] = [];
    try {
      for (const transport of transports) {
        if (unavailable.has(transport)) continue;
        const port = bound[0]?.listener.address.port ?? options.port;
        try {
          bound.push({ transport, listener: await transport.listen({ ...options, port }) });
        } catch (thrown) {
          const error = TransportError.from(thrown, 'bind_failed');
          if (error.code !== 'unsupported') throw error;
          unavailable.set(transport, error);
          onUnavailable(transport, error);
        }
      }
    } catch (thrown) {
      await Promise.all(bound.map(({ listener }) => listener.close()));
      const isOtherPortFine = options.port === 0 && bound.length > 0 && tries < portTriesMax;
      if (isOtherPortFine && (thrown as TransportError).code === 'bind_failed') continue;
      throw thrown;
    }
    if (bound.length > 0) return bound;
    throw (
      [...unavailable.values()].at(-1) ?? new TransportError('unsupported', 'no transport to listen with')
    );
  }
}
