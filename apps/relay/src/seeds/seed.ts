import { isIP } from 'node:net';
import { parseRelayUrl } from '@macula/transport';
import { RelayError } from '../errors.js';

/** Where a relay learns of other relays. Plain JSON. */
export type Seed =
  /** One relay, by its URL as written, with its pins. */
  | { readonly kind: 'url'; readonly url: string }
  /** The relays at all addresses of a DNS name (A and AAAA records), at one port. */
  | { readonly kind: 'dns'; readonly host: string; readonly port: number }
  /** The relays that the SRV records of a DNS name list, with their ports. */
  | { readonly kind: 'srv'; readonly name: string };

/**
 * Parses a seed: a relay URL, `dns:HOST[:PORT]` (port 4433 by default) or `srv:NAME`.
 *
 * @throws RelayError `bad_seed`
 */
export function parseSeed(text: string): Seed {
  const trimmed = text.trim();
  const [, kind, rest = ''] = /^(dns|srv):(?!\/\/)(.*)$/i.exec(trimmed) ?? [];
  switch (kind?.toLowerCase()) {
    case 'dns':
      return parseDns(text, rest);
    case 'srv':
      return { kind: 'srv', name: parseName(text, rest, 'the port of each relay stands in its SRV record') };
    default:
      return parseUrl(text, trimmed);
  }
}

/** A seed as text that {@link parseSeed} takes. */
export function seedText(seed: Seed): string {
  switch (seed.kind) {
    case 'url':
      return seed.url;
    case 'dns':
      return `dns:${seed.host}:${seed.port}`;
    case 'srv':
      return `srv:${seed.name}`;
  }
}

/**
 * A name of the DNS in lower case without the dot at its end, or undefined: labels of 1 to 63 letters, digits, hyphens and underscores, 253
 * characters at most, and no IPv4 address, not even part of one.
 */
export function dnsName(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, '');
  const isName = /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name);
  return isName && name.length <= 253 && !/(^|\.)\d+$/.test(name) ? name : undefined;
}

function parseDns(text: string, rest: string): Seed {
  const [, host = rest, portText] = /^([^:[\]]*):([^:]*)$/.exec(rest) ?? [];
  const port = portText === undefined ? portDefault : Number(portText);
  if (portText !== undefined && (!/^\d{1,5}$/.test(portText) || port < 1 || port > 65_535))
    throw bad(text, 'its port is not between 1 and 65535', 'Write it like dns:relays.example.org:4433.');
  return { kind: 'dns', host: parseName(text, host, 'there may be one port behind the name'), port };
}

function parseName(text: string, name: string, ofPort: string): string {
  const address = name.replace(/^\[(.*)\].*$/, '$1');
  if (isIP(address) !== 0) {
    const url = `https://${isIP(address) === 6 ? `[${address}]` : address}:${portDefault}`;
    throw bad(text, `${address} is an address, which needs no DNS`, `Give its URL instead: ${url}.`);
  }
  const known = dnsName(name);
  if (known !== undefined) return known;
  if (name.includes(':')) throw bad(text, `"${name}" is no name of the DNS: ${ofPort}`, forms);
  throw bad(text, `"${name}" is no name of the DNS`, forms);
}

function parseUrl(text: string, url: string): Seed {
  try {
    parseRelayUrl(url);
  } catch (cause) {
    throw bad(text, (cause as Error).message, forms, cause);
  }
  return { kind: 'url', url };
}

function bad(text: string, why: string, remedy: string, cause?: unknown): RelayError {
  return new RelayError('bad_seed', `the seed "${text}" can't be used: ${why}`, remedy, { cause });
}

const portDefault = 4433;

const forms =
  'Write it like https://relay.example.org:4433, dns:relays.example.org:4433 or srv:_macula._tcp.example.org.';
