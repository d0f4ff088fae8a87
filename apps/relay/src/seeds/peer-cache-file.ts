import { parseIdentityId } from '@macula/crypto';
import { parseRelayUrl } from '@macula/transport';
import { RelayError } from '../errors.js';
import { cachedPeerAgeMsMax, cachedPeersMax } from './limits.js';

/** A relay that was seen in the mesh. */
export interface CachedPeer {
  /** Its identity, 43 characters. */
  readonly id: string;
  /** Where it can be dialled: a relay URL in canonical form, without pins. */
  readonly url: string;
  /** Milliseconds since 1970 at which it was last seen. */
  readonly seenMs: number;
}

/**
 * The text of a file with these relays:
 *
 * ```json
 * { "version": 1, "peers": [{ "id": "ID", "url": "https://relay.example.org:4433", "seenMs": 1798761600000 }] }
 * ```
 */
export function peerCacheText(peers: readonly CachedPeer[]): string {
  return `${JSON.stringify({ version, peers })}\n`;
}

/**
 * Parses such a text; fields that it doesn't know are ignored. What was not seen for `cachedPeerAgeMsMax` is left out, and what was seen in the future,
 * since the clock was wrong then or is now, was seen now.
 *
 * @param text - of the file.
 * @param nowMs - milliseconds since 1970.
 * @returns the last seen first, each once, at most `cachedPeersMax`.
 * @throws RelayError `data_dir_unusable` when anything of it is wrong
 */
export function parsePeerCache(text: string, nowMs: number): readonly CachedPeer[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad(`is not JSON: ${(cause as Error).message}`);
  }
  if (!isObject(value)) throw bad('is no JSON object');
  if (value.version !== version) throw bad(`has not version ${version}`);
  if (!Array.isArray(value.peers)) throw bad('has no list of peers');
  const peers = value.peers
    .map((item: unknown, index) => {
      const { id, url, seenMs } = parsePeer(item, index);
      return { id, url, seenMs: Math.min(seenMs, nowMs) };
    })
    .filter(({ seenMs }) => nowMs - seenMs <= cachedPeerAgeMsMax);
  return lastSeenFirst(peers);
}

/** Whether a file with this relay can be read again. */
export function isCachedPeer({ id, url, seenMs }: CachedPeer): boolean {
  return isId(id) && isPlainUrl(url) && isTime(seenMs);
}

/** The last seen first, each id once, at most `cachedPeersMax`. */
export function lastSeenFirst(peers: Iterable<CachedPeer>): readonly CachedPeer[] {
  const sorted = [...peers].sort((a, b) => b.seenMs - a.seenMs);
  const ids = new Set<string>();
  return sorted.filter(({ id }) => !ids.has(id) && ids.add(id)).slice(0, cachedPeersMax);
}

function parsePeer(value: unknown, index: number): CachedPeer {
  const field = `peers[${index}]`;
  if (!isObject(value)) throw bad(`has a ${field} that is no object`);
  const { id, url, seenMs } = value;
  if (typeof id !== 'string' || !isId(id)) throw bad(`has a ${field}.id that is no id of a relay`);
  if (typeof url !== 'string' || !isPlainUrl(url))
    throw bad(`has a ${field}.url that is no relay URL without pins`);
  if (typeof seenMs !== 'number' || !isTime(seenMs)) throw bad(`has a ${field}.seenMs that is no time`);
  return { id, url, seenMs };
}

function isId(text: string): boolean {
  try {
    parseIdentityId(text);
    return true;
  } catch {
    return false;
  }
}

function isPlainUrl(text: string): boolean {
  try {
    return text.length <= urlCharactersMax && parseRelayUrl(text).text === text;
  } catch {
    return false;
  }
}

function isTime(ms: number): boolean {
  return Number.isSafeInteger(ms) && ms >= 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bad(why: string): RelayError {
  return new RelayError(
    'data_dir_unusable',
    why,
    'Nothing is to be done: it is written anew when a relay is seen.',
  );
}

/** A scheme, a name of 253 characters and a port, and some to spare: `cachedPeersMax` of them fit into the file. */
const urlCharactersMax = 512;

const version = 1;
