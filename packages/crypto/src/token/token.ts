/**
 * Realm tokens: who shows one may use some names in one realm for some time. A token is a JWT (RFC 7519) signed with
 * Ed25519 (RFC 8037):
 *
 * ```text
 *   header  { "alg": "EdDSA", "typ": "JWT", "kid": issuer's identity id }
 *   claims  { "iss": same as kid, "aud": "macula", "realm", "names", "exp", "jti", and more: see TokenClaims }
 * ```
 *
 * Call order at a relay: {@link verifyToken} says that it is genuine and in time, `requireGranted` that it allows what the
 * session wants; whether it was revoked only the relay knows.
 */

import { CryptoError } from '../errors.js';
import { identityFromSeed, parseIdentityId } from '../identity.js';
import { parseClaims, type TokenClaims } from './claims.js';
import type { RealmGrant } from './grant.js';
import { type DecodedJws, decodeJws, parseJsonObject, signJws, verifyJws } from './jws.js';
import { clockToleranceMsDefault, tokenBytesMax } from './limits.js';

/** What {@link issueToken} signs, and with what. */
export interface IssueTokenOptions {
  /** Seed of the issuing identity, `identitySeedBytes`. */
  readonly issuerSeed: Uint8Array;
  readonly claims: TokenClaims;
}

/**
 * Makes a token.
 *
 * @param options - issuer and claims.
 * @returns at most `tokenBytesMax` characters; the same for the same options.
 * @throws CryptoError `bad_option` when a claim is out of its bounds or the token gets too long, `bad_key` when the seed has
 *   another size
 */
export async function issueToken({ issuerSeed, claims }: IssueTokenOptions): Promise<string> {
  const { id } = identityFromSeed(issuerSeed);
  const checked = parseClaims(claims, 'bad_option');
  const payload = new TextEncoder().encode(JSON.stringify({ iss: id, aud: audience, ...checked }));
  const text = await signJws(issuerSeed, { alg: 'EdDSA', typ: 'JWT', kid: id }, payload);
  if (text.length > tokenBytesMax) {
    const message = `the token has ${text.length} bytes, at most ${tokenBytesMax}; give it fewer or shorter patterns`;
    throw new CryptoError('bad_option', message);
  }
  return text;
}

/** What a token says of itself. Anybody can have written it. */
export interface InspectedToken {
  /** Id of the identity that is said to have signed it. */
  readonly issuer: string;
  readonly claims: TokenClaims;
}

/**
 * Reads a token WITHOUT checking signature, issuer or times: for people who want to see what is in it, never to decide
 * anything.
 *
 * @param text - the token.
 * @throws CryptoError `token_malformed` or `token_wrong_algorithm`
 */
export function inspectToken(text: string): InspectedToken {
  const { header, payload } = decodeJws(text);
  const issuer = parseHeader(header);
  return { issuer, claims: parsePayload(payload, issuer) };
}

/** What {@link verifyToken} goes by. */
export interface VerifyTokenOptions {
  /** Ids of the identities whose tokens count. */
  readonly issuers: Iterable<string>;
  /** Now, milliseconds since 1970. */
  readonly nowMs: number;
  /** By how much the issuer's clock may differ. Default 60,000. */
  readonly clockToleranceMs?: number;
}

/**
 * Checks that a token is one of ours, signed by a trusted issuer and in time. Nothing it says is looked at before its
 * signature was right.
 *
 * @param text - what a peer sent.
 * @param options - issuers and time.
 * @throws CryptoError `token_malformed`, `token_wrong_algorithm`, `token_unknown_issuer`, `token_bad_signature`,
 *   `token_expired` or `token_not_yet_valid`
 */
export async function verifyToken(text: string, options: VerifyTokenOptions): Promise<RealmGrant> {
  const { issuers, nowMs, clockToleranceMs = clockToleranceMsDefault } = options;
  const { header, payload } = decodeJws(text);
  const issuer = parseHeader(header);
  if (![...issuers].includes(issuer)) {
    throw new CryptoError('token_unknown_issuer', `tokens of the issuer ${issuer} are not accepted`);
  }
  await verifyJws(text, issuer);
  const claims = parsePayload(payload, issuer);
  const notAfterMs = claims.exp * 1000 + clockToleranceMs;
  if (nowMs >= notAfterMs) {
    throw new CryptoError('token_expired', `the token expired at ${isoTime(claims.exp)}`);
  }
  if (claims.nbf !== undefined && nowMs < claims.nbf * 1000 - clockToleranceMs) {
    throw new CryptoError('token_not_yet_valid', `the token is valid from ${isoTime(claims.nbf)} on`);
  }
  return {
    realm: claims.realm,
    patterns: claims.names,
    notAfterMs,
    tokenId: claims.jti,
    subject: claims.sub,
    limits: claims.limits ?? {},
    issuer,
  };
}

/**
 * The issuer's id. Nothing else may be in the header: members such as `jwk` or `crit` would change what a signature means.
 */
function parseHeader(header: DecodedJws['header']): string {
  const { alg, typ, kid, ...others } = header;
  if (alg !== 'EdDSA') {
    const shown = typeof alg === 'string' ? JSON.stringify(alg.slice(0, 20)) : 'none at all';
    throw new CryptoError('token_wrong_algorithm', `a token is signed with EdDSA, this one says ${shown}`);
  }
  if (typ !== 'JWT' || typeof kid !== 'string' || Object.keys(others).length > 0)
    throw new CryptoError(
      'token_malformed',
      'the header of a token has alg, typ "JWT" and kid, nothing else',
    );
  try {
    parseIdentityId(kid);
  } catch (cause) {
    throw new CryptoError('token_malformed', 'kid is not the id of an identity', { cause });
  }
  return kid;
}

function parsePayload(payload: Uint8Array, issuer: string): TokenClaims {
  const { iss, aud, ...claims } = parseJsonObject(payload);
  if (iss !== issuer) throw new CryptoError('token_malformed', 'iss is another identity than kid');
  if (aud !== audience) throw new CryptoError('token_malformed', `the token is not for ${audience} (aud)`);
  return parseClaims(claims, 'token_malformed');
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

const audience = 'macula';
