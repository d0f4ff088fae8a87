/**
 * Why two nodes don't get connected. Nothing is left of the attempt.
 *
 * | code | at fault | meaning and remedy |
 * |---|---|---|
 * | `wrong_cookie` | either | the peer doesn't know the cookie, or closed when it saw that this node doesn't: use the same one |
 * | `not_allowed` | peer | the peer allows no connection with this node (`net_kernel:allow/1`), or this node lacks a flag that it needs |
 * | `simultaneous` | nobody | both dialled each other and the other's attempt goes on, or is through already: wait for that one |
 * | `already_connected` | nobody | the peer has a connection with this node that it holds for alive: use that one |
 * | `missing_flags` | peer | the peer can't do what OTP 25 and later can: update it |
 * | `old_version` | peer | the handshake of OTP 22 and before: update it |
 * | `malformed` | peer | a message that is none, or not the next one: it is no node, or broken |
 * | `message_too_long` | peer | a message of more than 1,500 bytes, or as much before it was the peer's turn: it is no node, or broken |
 * | `invalid_name` | who has the name | a node name without exactly one `@`, longer than an atom, or not in Latin-1; none, where no names are given |
 * | `wrong_name` | peer | another node than the one that was dialled answered: the address belongs to another node |
 * | `closed` | peer | the connection ended in the middle: dial again |
 * | `timed_out` | peer | the handshake took longer than it may: dial again, or allow more time |
 * | `unasked` | caller | `decide` or `answerAlive` with an answer that nobody has asked for; thrown, and nothing has changed |
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
  | 'timed_out'
  | 'unasked';

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
