import { CryptoError, type CryptoErrorCode } from '../errors.js';
import { parseIdentityId } from '../identity.js';
import {
  tokenIdBytes,
  tokenNameBytesMax,
  tokenPatternsMax,
  tokenRealmBytesMax,
  tokenTimeSecondsMax,
} from './limits.js';

/** What a token says, under the names of RFC 7519 where it has one. Times are whole seconds since 1970. */
export interface TokenClaims {
  /** The realm it opens, 1 to `tokenRealmBytesMax` bytes. */
  readonly realm: string;
  /** Patterns of the node names it allows, 1 to `tokenPatternsMax`; `*` stands for any characters. */
  readonly names: readonly string[];
  /** From then on it is void. */
  readonly exp: number;
  /** Until then it is void; before `exp`. Default: valid at once. */
  readonly nbf?: number | undefined;
  /** When it was made; for people. */
  readonly iat?: number | undefined;
  /** What it is revoked by: `tokenIdBytes` random bytes in base64url. */
  readonly jti: string;
  /** Id of the identity that alone may show it. Default: whoever has it. */
  readonly sub?: string | undefined;
  /** What its sessions may use, together. Default: what the relay allows. */
  readonly limits?: TokenLimits | undefined;
}

/** Upper bounds, each a whole number from 1; what is left out is not bounded here. */
export interface TokenLimits {
  /** Sessions at a time. */
  readonly sessions?: number;
  /** Names at a time. */
  readonly names?: number;
  /** Tunnels at a time. */
  readonly tunnels?: number;
  /** Streams opened at a time. */
  readonly streams?: number;
  /** Bytes of tunnels per second, both directions. */
  readonly bytesPerSecond?: number;
}

/** The names of {@link TokenLimits}. */
export const tokenLimitNames: readonly (keyof TokenLimits)[] = [
  'sessions',
  'names',
  'tunnels',
  'streams',
  'bytesPerSecond',
];

/**
 * Reads the claims out of a value of unknown shape. Claims that this version doesn't know are passed over; limits that it
 * doesn't know are refused, since it couldn't hold the bearer to them.
 *
 * @param value - parsed JSON.
 * @param code - what to throw: `token_malformed` for a peer's token, `bad_option` for a caller's claims.
 * @throws CryptoError `code`, naming the claim
 */
export function parseClaims(value: unknown, code: CryptoErrorCode): TokenClaims {
  if (!isRecord(value)) throw new CryptoError(code, 'the claims of a token are one object');
  const claims: TokenClaims = {
    realm: text(value.realm, { claim: 'realm', bytesMax: tokenRealmBytesMax, code }),
    names: patterns(value.names, code),
    exp: requiredTime(value.exp, { claim: 'exp', code }),
    nbf: time(value.nbf, { claim: 'nbf', code }),
    iat: time(value.iat, { claim: 'iat', code }),
    jti: tokenId(value.jti, code),
    sub: value.sub === undefined ? undefined : subject(value.sub, code),
    limits: value.limits === undefined ? undefined : parseTokenLimits(value.limits, code),
  };
  if (claims.nbf !== undefined && claims.nbf >= claims.exp)
    throw new CryptoError(code, 'the token ends (exp) before it begins (nbf)');
  return claims;
}

/**
 * Reads {@link TokenLimits} out of a value of unknown shape; a relay's access file has them as well.
 *
 * @param value - parsed JSON.
 * @param code - what to throw.
 * @throws CryptoError `code`, naming the limit
 */
export function parseTokenLimits(value: unknown, code: CryptoErrorCode): TokenLimits {
  if (!isRecord(value)) throw new CryptoError(code, 'limits must be an object');
  for (const [name, limit] of Object.entries(value)) {
    if (!(tokenLimitNames as readonly string[]).includes(name))
      throw new CryptoError(code, `limits has the unknown entry ${JSON.stringify(name.slice(0, 40))}`);
    if (!Number.isSafeInteger(limit) || (limit as number) < 1)
      throw new CryptoError(code, `limits.${name} must be a whole number from 1`);
  }
  return { ...value };
}

/**
 * Whether a text is the id of a token: {@link tokenIdBytes} bytes in the one base64url spelling they have.
 *
 * @param value - what may be one.
 */
export function isTokenId(value: unknown): value is string {
  if (typeof value !== 'string' || value.length !== Math.ceil((tokenIdBytes * 4) / 3)) return false;
  const bytes = Buffer.from(value, 'base64url');
  return bytes.length === tokenIdBytes && bytes.toString('base64url') === value;
}

/** Whether it is an object in JSON's sense. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Claim {
  readonly claim: string;
  readonly code: CryptoErrorCode;
}

function text(value: unknown, { claim, bytesMax, code }: Claim & { readonly bytesMax: number }): string {
  const fits = typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= bytesMax;
  if (!fits) throw new CryptoError(code, `${claim} must be text of 1 to ${bytesMax} bytes`);
  return value as string;
}

function patterns(value: unknown, code: CryptoErrorCode): readonly string[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > tokenPatternsMax)
    throw new CryptoError(code, `names must be a list of 1 to ${tokenPatternsMax} patterns`);
  return value.map((item) => text(item, { claim: 'each of names', bytesMax: tokenNameBytesMax, code }));
}

function time(value: unknown, claim: Claim): number | undefined {
  return value === undefined ? undefined : requiredTime(value, claim);
}

function requiredTime(value: unknown, { claim, code }: Claim): number {
  const fits = Number.isInteger(value) && (value as number) >= 0 && (value as number) <= tokenTimeSecondsMax;
  if (!fits) throw new CryptoError(code, `${claim} must be whole seconds from 0 to ${tokenTimeSecondsMax}`);
  return value as number;
}

function tokenId(value: unknown, code: CryptoErrorCode): string {
  if (!isTokenId(value)) throw new CryptoError(code, `jti must be ${tokenIdBytes} bytes in base64url`);
  return value;
}

function subject(value: unknown, code: CryptoErrorCode): string {
  try {
    parseIdentityId(value as string);
  } catch (cause) {
    throw new CryptoError(code, 'sub must be the id of an identity', { cause });
  }
  return value as string;
}
