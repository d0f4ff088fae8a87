import { TransportError } from './errors.js';

/** Scheme of a relay URL: `https` lets the transport be chosen, the others force one. */
export type RelayUrlScheme = 'https' | 'quic' | 'quinn' | 'tls';

/** A parsed relay URL. */
export interface RelayUrl {
  /** Canonical text, without pins. */
  readonly text: string;
  readonly scheme: RelayUrlScheme;
  /** DNS name or IP address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Accepted SHA-256 fingerprints of the leaf certificate (`#sha256=…`), 32 bytes each; empty: not pinned. */
  readonly certificatePins: readonly Uint8Array[];
  /** The relay's identity (`#id=…`), checked in HELLO; 43 characters base64url. */
  readonly identityPin: string | undefined;
}

const portDefault = 4433;
const schemes: readonly string[] = ['https', 'quic', 'quinn', 'tls'];

/**
 * Parses `https://HOST[:PORT][#sha256=HEX,…][&id=ID]` (also `quic:`, `quinn:`, `tls:`). Port 4433 when none is given.
 * @throws TransportError with code `bad_url`, saying what is wrong
 */
export function parseRelayUrl(text: string): RelayUrl {
  const match = /^([a-zA-Z]+):\/\/(.*)$/.exec(text.trim());
  if (!match) throw bad(text, 'it must look like https://relay.example.org:4433');
  const scheme = match[1]!.toLowerCase();
  if (!schemes.includes(scheme)) throw bad(text, `the scheme must be one of ${schemes.join(', ')}`);
  // `https:` makes the URL class validate host and port; an explicit :443 would vanish, so the port is taken from the text.
  let url: URL;
  try {
    url = new URL(`https://${match[2]}`);
  } catch (cause) {
    throw bad(text, 'host or port is malformed', cause);
  }
  if (url.username || url.password) throw bad(text, 'it must not contain a user name or password');
  if ((url.pathname !== '/' && url.pathname !== '') || url.search)
    throw bad(text, 'it must not have a path or query');
  const authority = match[2]!.split(/[/?#]/)[0]!;
  const portText = /:(\d+)$/.exec(authority)?.[1];
  const port = portText === undefined ? portDefault : Number(portText);
  if (port < 1 || port > 65_535) throw bad(text, 'the port must be between 1 and 65535');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === '') throw bad(text, 'the host is missing');
  const { certificatePins, identityPin } = parsePins(text, url.hash.slice(1));
  const hostText = host.includes(':') ? `[${host}]` : host;
  return {
    text: `${scheme}://${hostText}:${port}`,
    scheme: scheme as RelayUrlScheme,
    host,
    port,
    certificatePins,
    identityPin,
  };
}

function parsePins(text: string, fragment: string): Pick<RelayUrl, 'certificatePins' | 'identityPin'> {
  const certificatePins: Uint8Array[] = [];
  let identityPin: string | undefined;
  for (const part of fragment === '' ? [] : fragment.split('&')) {
    const [key, value = ''] = part.split('=', 2);
    if (key === 'sha256') {
      for (const hex of value.split(',')) certificatePins.push(parseFingerprint(text, hex));
    } else if (key === 'id') {
      if (!/^[A-Za-z0-9_-]{43}$/.test(value)) throw bad(text, 'id must be 43 characters of base64url');
      identityPin = value;
    } else {
      throw bad(text, `unknown pin "${key}", known are sha256 and id`);
    }
  }
  return { certificatePins, identityPin };
}

function parseFingerprint(text: string, hex: string): Uint8Array {
  const digits = hex.replaceAll(':', '');
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) throw bad(text, 'sha256 must be 64 hexadecimal digits');
  return Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16));
}

function bad(text: string, why: string, cause?: unknown): TransportError {
  return new TransportError('bad_url', `bad relay URL "${text}": ${why}`, { cause });
}
