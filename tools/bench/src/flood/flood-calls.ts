/** What a child of the bench does for the flood: victims and flooder. Loaded when it is asked for. */
import { createQuicTransport, createTlsTransport, parseRelayUrl, type Transport } from '@macula/transport';
import { type FloodFigures, type FloodKind, flood } from './flooder.js';
import { Victims } from './victims.js';

const victims = new Victims();
const transports = new Map<string, Transport>();

/** Makes pairs of victims at the relay of this URL. */
export async function meet(url: string, pairs: number): Promise<null> {
  await victims.meet(transportFor(url), parseRelayUrl(url), pairs);
  return null;
}

/** Milliseconds of each round trip; null where there was no answer. */
export async function echoes(ms: number, everyMs: number): Promise<(number | null)[]> {
  return (await victims.echoes(ms, everyMs)).map((time) => (Number.isFinite(time) ? time : null));
}

/** Floods the relay of this URL. */
export function floodRelay(kind: FloodKind, url: string, ms: number): Promise<FloodFigures> {
  return flood(kind, { transport: transportFor(url), url: parseRelayUrl(url), ms });
}

function transportFor(url: string): Transport {
  const scheme = new URL(url).protocol;
  let transport = transports.get(scheme);
  if (transport === undefined)
    transports.set(scheme, (transport = scheme === 'quic:' ? createQuicTransport() : createTlsTransport()));
  return transport;
}
