import { TransportError, type TransportErrorCode } from '../errors.js';
import type { ConnectionClosed } from '../transport.js';

/** What the message of quinn's `ConnectionError` means. */
export function closedInfo(thrown: unknown): ConnectionClosed {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const lost = (code: TransportErrorCode): ConnectionClosed => ({
    kind: 'lost',
    error: new TransportError(code, `the connection was lost: ${text}`, { cause: thrown }),
  });
  // Without the control message: the peer was in a hurry, its process ended or its listener was aborted.
  if (text.startsWith('closed by peer')) return { kind: 'peer', code: 0, reason: '' };
  if (text === 'timed out') return lost('idle_timeout');
  if (text === 'reset by peer') return lost('reset');
  if (text === 'closed') return lost('closed');
  return lost('protocol_violation');
}
