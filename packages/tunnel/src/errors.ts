import { CryptoError } from '@macula/crypto';
import type { EndReason, PathCode } from './reasons.js';

/**
 * Why an operation of this package failed. Closed: adding a code is a breaking change.
 *
 * | code | who is at fault | state afterwards |
 * |---|---|---|
 * | `bad_offer` | the peer: an offer that is none | nothing was constructed |
 * | `bad_answer` | the peer: an answer that is none | the tunnel has ended |
 * | `version_unsupported` | nobody: no protocol both sides are configured for | as for `bad_offer` or `bad_answer` |
 * | `decrypt_failed` | peer, relay or configuration: other cookie, realm or names, or changed bytes | the tunnel has ended |
 * | `bad_tag` | the path: a record that is not the expected one | the tunnel has ended, nothing of it was used |
 * | `bad_length` | the path or the peer: a length out of bounds | as `bad_tag` |
 * | `bad_type` | the peer: a record type this version does not know | as `bad_tag` |
 * | `bad_record` | the peer: a record whose content is malformed | as `bad_tag` |
 * | `unexpected_record` | the peer: a record not allowed in this state | as `bad_tag` |
 * | `offset_violation` | the peer: an offset it may not name, or bytes beyond the window | as `bad_tag` |
 * | `offset_limit` | nobody: this direction has carried all the bytes it can | the tunnel has ended |
 * | `stale_epoch` | a replayed or overtaken attach, or one too many | unchanged |
 * | `not_attachable` | the initiator: this tunnel does not resume, or has ended | unchanged |
 * | `bad_option` | the caller: an option out of its documented bounds | nothing was constructed |
 * | `bad_state` | the caller: a call out of order, or more bytes than were asked for | unchanged |
 * | `internal` | this package or a primitive below it | unknown, discard the object |
 */
export type TunnelErrorCode =
  | 'bad_offer'
  | 'bad_answer'
  | 'version_unsupported'
  | 'decrypt_failed'
  | 'bad_tag'
  | 'bad_length'
  | 'bad_type'
  | 'bad_record'
  | 'unexpected_record'
  | 'offset_violation'
  | 'offset_limit'
  | 'stale_epoch'
  | 'not_attachable'
  | 'bad_option'
  | 'bad_state'
  | 'internal';

/**
 * The only error this package throws: at the caller for what the caller did, and from `Tunnel.respond` and `respondAttach` for an
 * unusable offer. What a peer does to a living tunnel comes as an `ended` output instead. Messages hold no secrets.
 */
export class TunnelError extends Error {
  override readonly name: string = 'TunnelError';
  /** Which of the closed set of reasons; see {@link TunnelErrorCode}. */
  readonly code: TunnelErrorCode;

  /**
   * @param code - the reason a program switches on.
   * @param message - a sentence for people.
   * @param options - `cause`: the underlying error, when there is one.
   */
  constructor(code: TunnelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** The code to refuse the OPEN or reset the path with. */
  get pathCode(): PathCode {
    switch (this.code) {
      case 'bad_offer':
      case 'bad_answer':
        return 'protocol_error';
      case 'version_unsupported':
      case 'decrypt_failed':
        return this.code;
      case 'stale_epoch':
        return 'superseded';
      case 'not_attachable':
        return 'unknown_tunnel';
      default:
        return 'tunnel_error';
    }
  }

  /** The reason a tunnel ends with because of this error. */
  get endReason(): EndReason {
    switch (this.code) {
      case 'bad_offer':
      case 'bad_answer':
        return 'protocol_error';
      case 'stale_epoch':
      case 'not_attachable':
      case 'bad_option':
      case 'bad_state':
      case 'internal':
        return 'tunnel_error';
      default:
        return this.code;
    }
  }

  /**
   * Turns anything that was thrown into a `TunnelError`: one that already is comes back unchanged, a `CryptoError` gets
   * the code that fits a committed path, everything else becomes `internal` with the original as `cause`.
   *
   * @param thrown - the value caught.
   */
  static from(thrown: unknown): TunnelError {
    if (thrown instanceof TunnelError) return thrown;
    if (thrown instanceof CryptoError) {
      return new TunnelError(fromCrypto[thrown.code] ?? 'internal', thrown.message, { cause: thrown });
    }
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new TunnelError('internal', message, { cause: thrown });
  }
}

/**
 * What a failure inside a handshake means: what the peer's bytes caused is `decrypt_failed`, everything else as
 * {@link TunnelError.from} says.
 *
 * @param thrown - the value caught.
 * @param message - a sentence for people.
 */
export function handshakeError(thrown: unknown, message: string): TunnelError {
  const ofPeer = thrown instanceof CryptoError && handshakeCodes.includes(thrown.code);
  return ofPeer ? new TunnelError('decrypt_failed', message, { cause: thrown }) : TunnelError.from(thrown);
}

const handshakeCodes: readonly CryptoError['code'][] = ['decrypt_failed', 'bad_point', 'bad_length'];

const fromCrypto: Readonly<Partial<Record<CryptoError['code'], TunnelErrorCode>>> = {
  decrypt_failed: 'bad_tag',
  bad_point: 'decrypt_failed',
  bad_length: 'bad_length',
  nonce_exhausted: 'offset_limit',
  bad_key: 'bad_option',
  bad_option: 'bad_option',
};
