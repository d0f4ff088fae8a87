import type { WireCode } from './codes.js';

/** What was wrong with bytes from a peer; always the peer's fault, and nothing of the frame was used. */
export type WireErrorCode =
  /** The length is zero or above `frameBytesMax`. */
  | 'bad_frame_length'
  /** The body isn't the msgpack subset of this protocol. */
  | 'bad_body'
  /** A field is missing, or has a wrong type or size. */
  | 'bad_field'
  /** The message isn't allowed in this state. */
  | 'unexpected_message'
  /** Other major version. */
  | 'version_unsupported'
  /** A signature doesn't fit. */
  | 'bad_signature'
  /** The relay's identity isn't the pinned one. */
  | 'id_mismatch'
  /** The dialer saw another certificate than the relay has: somebody ends TLS between them. */
  | 'channel_binding_mismatch';

/** The one error class of this package. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: WireErrorCode;

  constructor(code: WireErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** The code to close the connection with. */
  get closeCode(): WireCode {
    switch (this.code) {
      case 'version_unsupported':
      case 'bad_signature':
      case 'id_mismatch':
      case 'channel_binding_mismatch':
        return this.code;
      default:
        return 'protocol_error';
    }
  }
}
