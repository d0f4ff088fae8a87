import { isAtom, isBinary, mapGet, type Term, type TermMap, textOf } from '@macula/dist-protocol';
import { parseRelayUrl, type RelayUrl } from '@macula/transport';
import { realmBytesMax } from '@macula/wire';
import type { JoinError } from '../control/messages.js';
import { connectTimeoutMsMax, relaysMax, windowMsMax } from '../limits.js';
import {
  isTunnelSetting,
  optionName,
  type TunnelSettingName,
  type TunnelSettings,
  tunnelSettingRange,
  windowMsOf,
} from '../tunnel-settings.js';

/** What a join asks for. */
export interface JoinOptions {
  readonly relays: readonly RelayUrl[];
  readonly realm: string;
  /** Undefined: the node's name. */
  readonly identity: string | undefined;
  readonly tlsVerify: 'none' | 'verify_peer';
  /** File with the token of the realm; undefined: `MACULA_TOKEN_FILE`, or none. */
  readonly tokenFile: string | undefined;
  readonly tunnels: TunnelSettings;
  readonly connectTimeoutMs: number;
  readonly persistent: boolean;
  /** Equal for joins that mean the same mesh: how long a caller waits does not count. */
  readonly sameMesh: string;
}

/** Reads the options one by one; the first wrong one is the answer for the user. `defaults`: for those about tunnels that aren't there. */
export function parseJoinOptions(
  map: TermMap,
  defaults: TunnelSettings,
): JoinOptions | (JoinError & { code: 'bad_option' }) {
  try {
    const relayTexts = relayList(mapGet(map, 'relays'));
    const relays = relayTexts.map(relayUrl);
    const realm = text(map, { name: 'realm', bytesMax: realmBytesMax });
    const identity = isAbsent(mapGet(map, 'identity'))
      ? undefined
      : text(map, { name: 'identity', bytesMax: identityBytesMax });
    const tlsVerify = verify(mapGet(map, 'tls_verify'));
    const tokenFile = isAbsent(mapGet(map, 'token_file'))
      ? undefined
      : text(map, { name: 'token_file', bytesMax: pathBytesMax });
    const tunnels = tunnelSettings(map, defaults);
    return {
      relays,
      realm,
      identity,
      tlsVerify,
      tokenFile,
      tunnels,
      connectTimeoutMs: milliseconds(mapGet(map, 'connect_timeout')),
      persistent: boolean(mapGet(map, 'persistent'), 'persistent'),
      sameMesh: JSON.stringify([relayTexts, realm, identity ?? null, tlsVerify, tokenFile ?? null, tunnels]),
    };
  } catch (thrown) {
    if (thrown instanceof BadOption) return { code: 'bad_option', name: thrown.option, why: thrown.message };
    throw thrown;
  }
}

/** Longest identity label: 255 characters of up to four bytes, as a node name. */
const identityBytesMax = 1020;

/** Longest path of a file, bytes. */
const pathBytesMax = 4096;

function isAbsent(term: Term | undefined): boolean {
  return term === undefined || isAtom(term, 'undefined');
}

class BadOption extends Error {
  readonly option: string;

  constructor(option: string, why: string) {
    super(why);
    this.option = option;
  }
}

function relayList(term: Term | undefined): string[] {
  if (!Array.isArray(term) || term.length === 0)
    throw new BadOption('relays', 'it must be a list of at least one URL');
  if (term.length > relaysMax) throw new BadOption('relays', `it must not have more than ${relaysMax} URLs`);
  return (term as readonly Term[]).map((url) => {
    const relay = isBinary(url) ? textOf(url) : undefined;
    if (relay === undefined)
      throw new BadOption('relays', 'each URL must be a binary: <<"https://relay.example.org:4433">>');
    return relay;
  });
}

function relayUrl(url: string): RelayUrl {
  try {
    return parseRelayUrl(url);
  } catch (thrown) {
    throw new BadOption('relays', thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function text(map: TermMap, { name, bytesMax }: { name: string; bytesMax: number }): string {
  const term = mapGet(map, name);
  const value = isBinary(term) ? textOf(term) : undefined;
  if (value === undefined || value === '' || value.includes('\0'))
    throw new BadOption(name, 'it must be a binary with text');
  if (Buffer.byteLength(value) > bytesMax)
    throw new BadOption(name, `it must not be longer than ${bytesMax} bytes`);
  return value;
}

function verify(term: Term | undefined): 'none' | 'verify_peer' {
  if (isAtom(term) && (term.name === 'none' || term.name === 'verify_peer')) return term.name;
  throw new BadOption('tls_verify', 'it must be none or verify_peer');
}

function tunnelSettings(map: TermMap, defaults: TunnelSettings): TunnelSettings {
  const read = (name: TunnelSettingName): number => {
    const term = mapGet(map, optionName(name));
    if (isAbsent(term)) return defaults[name];
    if (isTunnelSetting(name, term)) return term;
    throw new BadOption(optionName(name), `it must be ${tunnelSettingRange(name)}`);
  };
  const settings: TunnelSettings = {
    distTimeout: read('distTimeout'),
    reconnectInterval: read('reconnectInterval'),
    reconnectMaxAttempts: read('reconnectMaxAttempts'),
    backpressureHwm: read('backpressureHwm'),
    standbySessions: read('standbySessions'),
  };
  if (windowMsOf(settings) <= windowMsMax) return settings;
  const why = `reconnect_interval x reconnect_max_attempts must not be more than ${windowMsMax} milliseconds`;
  throw new BadOption(optionName('reconnectMaxAttempts'), why);
}

function milliseconds(term: Term | undefined): number {
  if (typeof term !== 'number' || term < 1 || term > connectTimeoutMsMax)
    throw new BadOption('connect_timeout', `it must be 1 to ${connectTimeoutMsMax} milliseconds`);
  return term;
}

function boolean(term: Term | undefined, name: string): boolean {
  if (isAtom(term, 'true')) return true;
  if (isAtom(term, 'false')) return false;
  throw new BadOption(name, 'it must be true or false');
}
