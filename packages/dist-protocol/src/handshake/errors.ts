/**
 * Why two nodes don't get connected. Nothing is left of the attempt.
 *
 * | code | at fault | meaning |
 * |---|---|---|
 * | `wrong_cookie` | either | the peer doesn't know the cookie, or closed when it saw that this node doesn't |
 * | `not_allowed` | peer | the peer allows no connection with this node (`net_kernel:allow/1`) |
 * | `simultaneous` | nobody | both dialled each other and the other's attempt goes on |
 * | `already_connected` | nobody | the peer has a connection with this node that it holds for alive |
 * | `missing_flags` | peer | the peer can't do what OTP 25 and later can |
 * | `old_version` | peer | the handshake of OTP 22 and before |
 * | `malformed` | peer | a message that is none, or not the next one |
 * | `message_too_long` | peer | a handshake message of more than 1,500 bytes |
 * | `invalid_name` | peer | a node name without exactly one `@`, or longer than an atom |
 * | `wrong_name` | peer | another node than the one that was dialled answered |
 * | `closed` | peer | the connection ended in the middle |
 * | `timed_out` | peer | the handshake took longer than it may |
 */
export type HandshakeErrorCode =
  | 'wrong_cookie'
  | 'not_allowed'
  | 'simultaneous'
  | 'already_connected'
  | 'missing_flags'
  | 'old_version'
  | 'malformed'
  | 'message_too_long'
  | 'invalid_name'
  | 'wrong_name'
  | 'closed'
  | 'timed_out';

/** The error of a {@link Handshake}. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';

  constructor(
    /** What happened; see {@link HandshakeErrorCode}. */
    readonly code: HandshakeErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
