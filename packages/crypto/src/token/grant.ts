import { CryptoError } from '../errors.js';
import type { TokenLimits } from './claims.js';
import { matchesNamePattern } from './name-pattern.js';

/** What a verified token allows. */
export interface RealmGrant {
  readonly realm: string;
  /** See {@link grantsName}. */
  readonly patterns: readonly string[];
  /** From then on it is void, milliseconds since 1970; the tolerance for clocks is in it. */
  readonly notAfterMs: number;
  /** What it is revoked by, `jti`. */
  readonly tokenId: string;
  /** The identity that alone may use it. */
  readonly subject: string | undefined;
  readonly limits: TokenLimits;
  /** Id of the identity that signed it. */
  readonly issuer: string;
}

/** What a session wants. */
export interface TokenWish {
  readonly realm: string;
  /** All the names it advertises; none is fine. */
  readonly names: readonly string[];
  /** Id of the identity it has proven. */
  readonly identity: string;
}

/**
 * Checks that a grant allows what a session wants.
 *
 * @param grant - from `verifyToken`.
 * @param wish - what the session's HELLO says.
 * @throws CryptoError `token_wrong_realm`, `token_wrong_identity` or `token_wrong_name`
 */
export function requireGranted(grant: RealmGrant, { realm, names, identity }: TokenWish): void {
  if (grant.realm !== realm) {
    const message = `the token is for the realm "${grant.realm}", not for "${realm}"`;
    throw new CryptoError('token_wrong_realm', message);
  }
  if (grant.subject !== undefined && grant.subject !== identity) {
    const message = `the token is bound to the identity ${grant.subject}, this is ${identity}`;
    throw new CryptoError('token_wrong_identity', message);
  }
  const refused = names.find((name) => !grantsName(grant, name));
  if (refused !== undefined) {
    const message = `the token does not allow the name "${cut(refused)}", but ${cut(grant.patterns.join(', '))}`;
    throw new CryptoError('token_wrong_name', message);
  }
}

/**
 * Whether a grant allows a node name; for names that come after the HELLO.
 *
 * @param grant - from `verifyToken`.
 * @param name - the node's name.
 */
export function grantsName(grant: Pick<RealmGrant, 'patterns'>, name: string): boolean {
  return grant.patterns.some((pattern) => matchesNamePattern(pattern, name));
}

/** Messages travel in at most a KiB. */
function cut(text: string): string {
  return text.length <= shownLengthMax ? text : `${text.slice(0, shownLengthMax)}…`;
}

const shownLengthMax = 200;
