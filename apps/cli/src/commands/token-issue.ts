import { randomBytes } from 'node:crypto';
import { type TokenClaims, type TokenLimits, tokenIdBytes } from '@macula/crypto';
import { CliError } from '../errors.js';

/** Options of `macula token issue` as Commander gives them. */
export interface TokenIssueOptions {
  readonly key: string;
  readonly realm: string;
  readonly name: readonly string[];
  /** Seconds. */
  readonly valid?: number;
  /** Seconds since 1970. */
  readonly notBefore?: number;
  readonly sub?: string;
  readonly sessions?: number;
  readonly names?: number;
  readonly tunnels?: number;
  readonly streams?: number;
  readonly bytesPerSecond?: number;
}

/** `macula token issue`: prints the token and nothing else. */
export async function runTokenIssueCommand(options: TokenIssueOptions): Promise<void> {
  const [{ loadSeed }, { CryptoError, issueToken }] = await Promise.all([
    import('@macula/relay'),
    import('@macula/crypto'),
  ]);
  const remedy =
    'Restore it from a backup, or make another with macula keygen and list its id under "issuers".';
  const issuerSeed = await loadSeed(options.key, remedy);
  if (issuerSeed === undefined)
    throw new CliError(
      'failed',
      `there is no key file ${options.key}`,
      `Make it: macula keygen ${options.key}`,
    );
  try {
    const token = await issueToken({ issuerSeed, claims: claimsOf(options, Date.now()) });
    process.stdout.write(`${token}\n`);
  } catch (thrown) {
    const { code, message } = CryptoError.from(thrown);
    if (code !== 'bad_option') throw thrown;
    throw new CliError('usage', message, 'See macula token issue --help.', { cause: thrown });
  }
}

function claimsOf(options: TokenIssueOptions, nowMs: number): TokenClaims {
  const { realm, name, valid, notBefore, sub, sessions, names, tunnels, streams, bytesPerSecond } = options;
  const iat = Math.floor(nowMs / 1000);
  const limits = definedOf({ sessions, names, tunnels, streams, bytesPerSecond });
  return {
    realm,
    names: name,
    exp: (notBefore ?? iat) + (valid ?? validSecondsDefault),
    nbf: notBefore,
    iat,
    jti: freshTokenId(),
    sub,
    limits: Object.keys(limits).length === 0 ? undefined : limits,
  };
}

/** None that begins with a dash: `token revoke` would take it for an option. */
function freshTokenId(): string {
  const id = randomBytes(tokenIdBytes).toString('base64url');
  return id.startsWith('-') ? freshTokenId() : id;
}

function definedOf(limits: Readonly<Record<keyof TokenLimits, number | undefined>>): TokenLimits {
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined));
}

/** 30 days. */
const validSecondsDefault = 30 * 86_400;
