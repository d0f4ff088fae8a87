import { TransportError, type TransportErrorCode } from '../errors.js';
import type { DialFailure } from './race.js';

/**
 * One error for all that failed: code of the one that says most about what to repair, texts of all. A wrong certificate says
 * more than a refusal, and that more than silence.
 */
export function tellingError(failures: readonly DialFailure[]): TransportError {
  const sorted = [...failures].sort((a, b) => rank(a.error.code) - rank(b.error.code));
  const [first] = sorted;
  if (first === undefined) return new TransportError('unsupported', 'there is nothing to dial with');
  const texts = new Set(sorted.map(({ error }) => error.message));
  if (texts.size === 1) return first.error;
  const text = sorted
    .map(({ name, error }) => (name === '' ? error.message : `${name}: ${error.message}`))
    .join('; ');
  return new TransportError(first.error.code, text, { cause: first.error });
}

function rank(code: TransportErrorCode): number {
  const index = mostTellingFirst.indexOf(code);
  return index < 0 ? mostTellingFirst.length : index;
}

/** Codes that a dial can end with; others come last. */
const mostTellingFirst: readonly TransportErrorCode[] = [
  'closed',
  'bad_setting',
  'bad_url',
  'certificate_wrong_pin',
  'certificate_expired',
  'certificate_wrong_name',
  'certificate_untrusted',
  'proxy_refused',
  'handshake_failed',
  'protocol_violation',
  'name_not_resolved',
  'refused',
  'reset',
  'unreachable',
  'connect_timeout',
  'idle_timeout',
  'worker_lost',
];
