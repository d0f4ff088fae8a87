/**
 * Why an operation of this package failed. Closed: adding a code is a breaking change.
 *
 * | code | who is at fault | state afterwards |
 * |---|---|---|
 * | `decrypt_failed` | the peer or the path: wrong key, damaged, replayed or reordered bytes | a stream opener or handshake has failed for good; a single envelope has changed nothing |
 * | `bad_point` | the peer: a public share that is no group element, or gives the identity | a handshake has failed for good; CPace has changed nothing |
 * | `bad_length` | the peer (a claimed length out of bounds) or the caller (an argument of the wrong size) | an opener has failed for good; otherwise unchanged |
 * | `bad_key` | the caller, or the peer for a public key or identity id it sent | unchanged |
 * | `nonce_exhausted` | nobody: this direction has sealed or opened its last record | unchanged, no further record is possible |
 * | `bad_state` | the caller: a method called out of order | unchanged |
 * | `bad_option` | the caller: an option out of its documented bounds | nothing was constructed |
 * | `bad_random` | the caller: the random source returned too few, too many or unusable bytes | unchanged |
 * | `token_missing` | the peer: the realm wants a token and there is none | unchanged, as after every `token_` code |
 * | `token_malformed` | the peer, or the issuer: no token of this kind, a claim out of its bounds, or made for another service than macula | |
 * | `token_wrong_algorithm` | the peer: another `alg` than EdDSA, such as `none` or an HMAC with the public key as its secret | |
 * | `token_unknown_issuer` | the peer, or the operator: its issuer is not among those that are trusted | |
 * | `token_bad_signature` | the peer: the named issuer has not signed these bytes | |
 * | `token_expired` | the peer: its time is over | |
 * | `token_not_yet_valid` | the peer: its time has not begun, or one of the two clocks is wrong | |
 * | `token_revoked` | the peer: the operator has taken it back | |
 * | `token_wrong_realm` | the peer: it is for another realm | |
 * | `token_wrong_name` | the peer: none of its patterns fits the name | |
 * | `token_wrong_identity` | the peer: it is bound to another identity | |
 * | `internal` | this package: a primitive threw where it should not | unknown, discard the object |
 */
export type CryptoErrorCode =
  | 'decrypt_failed'
  | 'bad_point'
  | 'bad_length'
  | 'bad_key'
  | 'nonce_exhausted'
  | 'bad_state'
  | 'bad_option'
  | 'bad_random'
  | TokenErrorCode
  | 'internal';

/** The codes that are about a realm token. They travel under the same names, so a relay passes them on as they are. */
export type TokenErrorCode =
  | 'token_missing'
  | 'token_malformed'
  | 'token_wrong_algorithm'
  | 'token_unknown_issuer'
  | 'token_bad_signature'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_revoked'
  | 'token_wrong_realm'
  | 'token_wrong_name'
  | 'token_wrong_identity';

/**
 * Whether a code is about a token, so that the one who showed it is told.
 *
 * @param code - any code of this package.
 */
export function isTokenErrorCode(code: CryptoErrorCode): code is TokenErrorCode {
  return code.startsWith('token_');
}

/**
 * The only error this package throws. Its message never contains key material, plaintext or a cookie, so it may be
 * logged.
 */
export class CryptoError extends Error {
  override readonly name: string = 'CryptoError';
  /** Which of the closed set of reasons; see {@link CryptoErrorCode}. */
  readonly code: CryptoErrorCode;

  /**
   * @param code - the reason a program switches on.
   * @param message - a sentence for people.
   * @param options - `cause`: the underlying error, when there is one.
   */
  constructor(code: CryptoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /**
   * Turns anything that was thrown into a `CryptoError`: one that already is comes back unchanged, everything else
   * becomes `internal` with the original as `cause`.
   *
   * @param thrown - the value caught.
   */
  static from(thrown: unknown): CryptoError {
    if (thrown instanceof CryptoError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new CryptoError('internal', message, { cause: thrown });
  }
}
