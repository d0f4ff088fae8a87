import { readTunnelSettings, type TunnelSettings } from './tunnel-settings.js';

/** Levels of MACULA_LOG. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** What the environment sets. */
export interface Settings {
  /** `MACULA_LOG`; default `silent` beside a BEAM, which logs the events it is sent, `info` as a daemon. */
  readonly logLevel: LogLevel;
  /** `MACULA_LOCAL_SOCKETS`: `tcp` for 127.0.0.1 instead of Unix-domain sockets. */
  readonly localSockets: 'unix' | 'tcp';
  /** For joins that don't say. */
  readonly tunnels: TunnelSettings;
  /** Whether `MACULA_TRANSPORT` leaves QUIC on: not set, or `auto`. With a value that is unknown it is off, and joins fail with the reason. */
  readonly isQuicOn: boolean;
  /**
   * `MACULA_PROTOCOL1_PEERS`: names of peers, separated by commas, `*` for any characters, with which tunnels use the original,
   * weaker envelope; both ends must be set so. Default none.
   */
  readonly isProtocol1Peer: (name: string) => boolean;
}

/** Reads the settings; a value that can't be used counts as not set and is told through `warn`. */
export function readSettings(
  environment: NodeJS.ProcessEnv,
  channel: 'port' | 'socket',
  warn: (text: string) => void = () => undefined,
): Settings {
  const choose = <Choice extends string>(
    name: string,
    choices: readonly Choice[],
    fallback: Choice,
  ): Choice => {
    const value = environment[name] ?? '';
    if (value === '') return fallback;
    if ((choices as readonly string[]).includes(value)) return value as Choice;
    warn(`${name}=${value} is not one of ${choices.join(', ')}; using ${fallback}`);
    return fallback;
  };
  return {
    logLevel: choose('MACULA_LOG', logLevels, channel === 'port' ? 'silent' : 'info'),
    localSockets: choose('MACULA_LOCAL_SOCKETS', ['unix', 'tcp'], 'unix'),
    tunnels: readTunnelSettings(environment, warn),
    isQuicOn: ['', 'auto'].includes(environment.MACULA_TRANSPORT ?? ''),
    isProtocol1Peer: anyOf(environment.MACULA_PROTOCOL1_PEERS ?? ''),
  };
}

function anyOf(patternsText: string): (name: string) => boolean {
  const patterns = patternsText
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => new RegExp(`^${text.split('*').map(escapeRegExp).join('.*')}$`, 'u'));
  return (name) => patterns.some((pattern) => pattern.test(name));
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

const logLevels: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug'];
