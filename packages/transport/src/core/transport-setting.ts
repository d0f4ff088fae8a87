import { TransportError } from '../errors.js';

/** What `MACULA_TRANSPORT` says: `auto` chooses by itself, `tls` turns QUIC off everywhere (both bindings). */
export type TransportSetting = 'auto' | 'tls';

/**
 * Reads `MACULA_TRANSPORT`; `auto` when it isn't set or empty.
 * @param environment - default `process.env`
 * @throws TransportError with code `bad_setting` for every other value, so that a misspelt switch isn't taken for none
 */
export function transportSetting(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): TransportSetting {
  const value = environment.MACULA_TRANSPORT || 'auto';
  if (value === 'auto' || value === 'tls') return value;
  throw new TransportError('bad_setting', `MACULA_TRANSPORT=${value} is not one of auto, tls`);
}

/**
 * Called before native QUIC code is loaded or a process for it is started: the one place where the switch is looked at.
 * @throws TransportError with code `unsupported` when QUIC is switched off, `bad_setting` when that can't be told
 */
export function requireQuicOn(): void {
  if (transportSetting() === 'tls') {
    throw new TransportError('unsupported', 'QUIC is switched off by MACULA_TRANSPORT=tls');
  }
}
