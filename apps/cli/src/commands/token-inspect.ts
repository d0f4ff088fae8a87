import type { InspectedToken } from '@macula/crypto';
import { readToken, tokenFailure } from '../token-text.js';

/** Options of `macula token inspect` as Commander gives them. */
export interface TokenInspectOptions {
  readonly issuer?: readonly string[];
  readonly json: boolean;
}

/**
 * `macula token inspect TOKEN|-`: prints what a token says. Only with `--issuer` is it checked, and then a token that doesn't hold is an
 * error.
 */
export async function runTokenInspectCommand(argument: string, options: TokenInspectOptions): Promise<void> {
  const { inspectToken, verifyToken } = await import('@macula/crypto');
  const text = await readToken(argument, process.stdin);
  const nowMs = Date.now();
  try {
    const token = inspectToken(text);
    if (options.issuer !== undefined) await verifyToken(text, { issuers: options.issuer, nowMs });
    const shown = { isVerified: options.issuer !== undefined, nowMs };
    process.stdout.write(options.json ? json(token, shown.isVerified) : table(token, shown));
  } catch (thrown) {
    throw tokenFailure(thrown);
  }
}

function json({ issuer, claims }: InspectedToken, isVerified: boolean): string {
  const { realm, names, exp, nbf, iat, jti, sub, limits } = claims;
  return `${JSON.stringify({
    verified: isVerified,
    issuer,
    realm,
    names,
    expires: isoTime(exp),
    notBefore: nbf === undefined ? null : isoTime(nbf),
    issued: iat === undefined ? null : isoTime(iat),
    id: jti,
    subject: sub ?? null,
    limits: limits ?? {},
  })}\n`;
}

function table(
  { issuer, claims }: InspectedToken,
  { isVerified, nowMs }: { readonly isVerified: boolean; readonly nowMs: number },
): string {
  const { realm, names, exp, nbf, iat, jti, sub, limits } = claims;
  const time = (seconds: number): string => `${isoTime(seconds)} (${fromNow(seconds * 1000 - nowMs)})`;
  const rows: [string, string | undefined][] = [
    ['signature', isVerified ? 'verified' : 'NOT VERIFIED, anybody can have written this; give --issuer ID'],
    ['issuer', issuer],
    ['realm', realm],
    ['names', names.join('  ')],
    ['expires', time(exp)],
    ['not before', nbf === undefined ? undefined : time(nbf)],
    ['issued', iat === undefined ? undefined : time(iat)],
    ['id', jti],
    ['subject', sub ?? 'whoever has the token'],
    ...Object.entries(limits ?? {}).map(([name, limit]): [string, string] => [name, `at most ${limit}`]),
  ];
  return rows
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name.padEnd(16)}${printable(value!)}\n`)
    .join('');
}

/** A stranger's token shall not move the cursor, or write what it isn't. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '');
}

function fromNow(ms: number): string {
  const [size, unit] = units.find(([least]) => Math.abs(ms) >= 2 * least) ?? units.at(-1)!;
  const count = Math.floor(Math.abs(ms) / size);
  return ms < 0 ? `${count} ${unit} ago` : `in ${count} ${unit}`;
}

const units: readonly [number, string][] = [
  [86_400_000, 'days'],
  [3_600_000, 'hours'],
  [60_000, 'minutes'],
  [1000, 'seconds'],
];
