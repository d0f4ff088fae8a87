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
  /** Of an `https:` URL: the relay's UDP port for quinn (`#quinn=…`). */
  readonly quinnPort: number | undefined;
}

const portDefault = 4433;
const schemes: readonly string[] = ['https', 'quic', 'quinn', 'tls'];

/**
 * Parses `https://HOST[:PORT][#sha256=HEX,…][&id=ID][&quinn=PORT]` (also `quic:`, `quinn:`, `tls:`). Port 4433 when none is given.
 * @throws TransportError with code `bad_url`, saying what is wrong
 */
export function parseRelayUrl(text: string): RelayUrl {
  const match = /^([a-zA-Z]+):\/\/(.*)$/.exec(text.trim());
  if (!match) throw bad(text, 'it must look like https://relay.example.org:4433');
  const scheme = match[1]!.toLowerCase();
  if (!schemes.includes(scheme)) throw bad(text, `the scheme must be one of ${schemes.join(', ')}`);
  // The URL class would leave them out, and the port is read from the text.
  if (/[\s\p{Cc}]/u.test(match[2]!)) throw bad(text, 'host or port is malformed');
  const authority = match[2]!.split(/[/\\?#]/)[0]!;
  // The URL class would skip further slashes and find a host after them.
  if (authority === '') throw bad(text, 'the host is missing');
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
  const portText = /:(\d+)$/.exec(authority)?.[1];
  const port = portText === undefined ? portDefault : Number(portText);
  if (port < 1 || port > 65_535) throw bad(text, 'the port must be between 1 and 65535');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === '') throw bad(text, 'the host is missing');
  const fragment = parseFragment(text, url.hash.slice(1));
  if (fragment.quinnPort !== undefined && scheme !== 'https')
    throw bad(text, 'quinn=PORT belongs to an https:// URL, where the transport is chosen');
  if (fragment.quinnPort !== undefined && fragment.identityPin === undefined)
    throw bad(text, 'quinn=PORT needs id=ID too, since quinn has no certificate authorities');
  return {
    text: `${scheme}://${hostText(host)}:${port}`,
    scheme: scheme as RelayUrlScheme,
    host,
    port,
    ...fragment,
  };
}

/** The same relay's `quinn:` URL, if it names the port; pinned by its identity alone, since quinn has no certificates to pin. */
export function quinnUrlOf({ host, quinnPort, ...rest }: RelayUrl): RelayUrl | undefined {
  if (quinnPort === undefined) return undefined;
  const text = `quinn://${hostText(host)}:${quinnPort}`;
  return { ...rest, text, scheme: 'quinn', host, port: quinnPort, quinnPort: undefined, certificatePins: [] };
}

type Fragment = Pick<RelayUrl, 'certificatePins' | 'identityPin' | 'quinnPort'>;

function parseFragment(text: string, fragment: string): Fragment {
  const certificatePins: Uint8Array[] = [];
  let identityPin: string | undefined;
  let quinnPort: number | undefined;
  for (const part of fragment === '' ? [] : fragment.split('&')) {
    const [key, value = ''] = part.split('=', 2);
    if (key === 'sha256') {
      for (const hex of value.split(',')) certificatePins.push(parseFingerprint(text, hex));
    } else if (key === 'id') {
      if (!/^[A-Za-z0-9_-]{43}$/.test(value)) throw bad(text, 'id must be 43 characters of base64url');
      identityPin = value;
    } else if (key === 'quinn') {
      if (!/^\d{1,5}$/.test(value) || Number(value) < 1 || Number(value) > 65_535)
        throw bad(text, 'quinn must be a port between 1 and 65535');
      quinnPort = Number(value);
    } else {
      throw bad(text, `"${key}" is unknown, known are sha256, id and quinn`);
    }
  }
  return { certificatePins, identityPin, quinnPort };
}

function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function parseFingerprint(text: string, hex: string): Uint8Array {
  const digits = hex.replaceAll(':', '');
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) throw bad(text, 'sha256 must be 64 hexadecimal digits');
  return Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16));
}

function bad(text: string, why: string, cause?: unknown): TransportError {
  return new TransportError('bad_url', `bad relay URL "${text}": ${why}`, { cause });
}
