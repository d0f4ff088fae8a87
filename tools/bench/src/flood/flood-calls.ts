/** What a child of the bench does for the flood. Loaded when it is asked for. */
import { createQuicTransport, createTlsTransport, parseRelayUrl, type Transport } from '@macula/transport';
import { type FloodFigures, type FloodKind, flood } from './flooder.js';

const transports = new Map<string, Transport>();

let stop = new AbortController();

/** Floods the relay of this URL for so many milliseconds, or until {@link stopFlood}. */
export function floodRelay(kind: FloodKind, url: string, ms: number): Promise<FloodFigures> {
  stop = new AbortController();
  const target = { transport: transportFor(url), url: parseRelayUrl(url) };
  return flood(kind, { ...target, ms, signal: stop.signal });
}

/** Ends the flood that is under way. */
export async function stopFlood(): Promise<null> {
  stop.abort();
  return null;
}

function transportFor(url: string): Transport {
  const scheme = new URL(url).protocol;
  let transport = transports.get(scheme);
  if (transport === undefined)
    transports.set(scheme, (transport = scheme === 'quic:' ? createQuicTransport() : createTlsTransport()));
  return transport;
}
