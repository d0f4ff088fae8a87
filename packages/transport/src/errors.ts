/**
 * Codes of {@link TransportError}. Who is at fault, and what to do:
 *
 * - `bad_url`: the caller; the URL can't be parsed, the message says where.
 * - `bad_certificate`: the caller; certificate or key of a listener can't be used.
 * - `bad_code`: the caller; the code of a reset or close is out of bounds. Nothing was reset or closed.
 * - `bad_setting`: the caller; an environment variable of ours has a value that it can't have.
 * - `bind_failed`: the caller or the machine; address in use or not ours.
 * - `unsupported`: the caller; this transport isn't available here (no prebuilt binding, switched off).
 * - `name_not_resolved`: DNS knows no address for the host.
 * - `refused`: nothing listens there.
 * - `unreachable`: the network says there is no way.
 * - `proxy_refused`: the HTTP proxy of the environment doesn't let us through, or is none; nothing reached the peer.
 * - `connect_timeout`: no answer within `connectTimeoutMs`.
 * - `certificate_expired`, `certificate_wrong_name`, `certificate_untrusted`, `certificate_wrong_pin`: the peer's
 *   certificate was refused.
 * - `handshake_failed`: the peer doesn't speak our protocol.
 * - `idle_timeout`: nothing was heard for the idle timeout.
 * - `reset`: the peer forgot the connection (restart).
 * - `protocol_violation`: the peer broke the protocol's or our own rules.
 * - `worker_lost`: the process with the native code ended or hung; a new one is started.
 * - `closed`: used after close.
 */
export type TransportErrorCode =
  | 'bad_url'
  | 'bad_certificate'
  | 'bad_code'
  | 'bad_setting'
  | 'bind_failed'
  | 'unsupported'
  | 'name_not_resolved'
  | 'refused'
  | 'unreachable'
  | 'proxy_refused'
  | 'connect_timeout'
  | 'certificate_expired'
  | 'certificate_wrong_name'
  | 'certificate_untrusted'
  | 'certificate_wrong_pin'
  | 'handshake_failed'
  | 'idle_timeout'
  | 'reset'
  | 'protocol_violation'
  | 'worker_lost'
  | 'closed';

/** The one error class of this package. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Wraps whatever was thrown; a TransportError passes unchanged. */
  static from(thrown: unknown, code: TransportErrorCode = 'handshake_failed'): TransportError {
    if (thrown instanceof TransportError) return thrown;
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return new TransportError(code, text, { cause: thrown });
  }
}
