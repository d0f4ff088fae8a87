/**
 * Who gets into a realm, and who must leave it when the rules change. Call order at a relay:
 *
 * 1. HELLO of an agent is proven → {@link admitToRealm} with the rules of now. It takes a moment (signatures).
 * 2. `admitted` → {@link sessionEnd} once more with the rules of *then*, which may be newer; undefined → the session stands. It
 *    keeps the grant and the limits. `refused`, or an end → GOODBYE with code and text.
 * 3. NAMES with further names → {@link refusedName} says which of them the grant doesn't allow.
 * 4. New rules, and at the time of {@link nextSessionEnd} → {@link sessionEnds} says who goes.
 */

import {
  CryptoError,
  grantsName,
  isTokenErrorCode,
  type RealmGrant,
  requireGranted,
  type TokenLimits,
  type TokenWish,
  verifyToken,
} from '@macula/crypto';
import { codeSentence, type WireCode } from '@macula/wire';
import type { AccessRules } from './access-rules.js';
import { tighterLimits } from './tighter-limits.js';

/** The answer to an agent that wants into a realm. */
export type RealmAdmission =
  | {
      readonly kind: 'admitted';
      /** Undefined in an open realm: a token shown there is not looked at. */
      readonly grant: RealmGrant | undefined;
      /** The tighter of the realm's and the token's. */
      readonly limits: TokenLimits;
    }
  | ({ readonly kind: 'refused' } & SessionEnd);

/** Why a session must not be. */
export interface SessionEnd {
  readonly code: WireCode;
  /** Cause and remedy for the user of the node. */
  readonly text: string;
}

/**
 * Decides on the proven HELLO of an agent. Never rejects.
 *
 * @param hello - what it wants; the identity as id.
 * @param token - what its PROOF carries.
 * @param rules - in force now.
 * @param nowMs - milliseconds since 1970, not monotonic.
 */
export async function admitToRealm(
  hello: TokenWish,
  token: string | undefined,
  rules: AccessRules,
  nowMs: number,
): Promise<RealmAdmission> {
  const rule = rules.realm(hello.realm);
  if (rule === undefined) return refused('realm_refused', notServed(hello.realm));
  if (rule.access === 'open') return { kind: 'admitted', grant: undefined, limits: rule.limits };
  if (token === undefined || token === '') return refused('token_missing');
  try {
    const grant = await verifyToken(token, { issuers: rule.issuers, nowMs });
    if (rules.isRevoked(grant.tokenId)) return refused('token_revoked');
    requireGranted(grant, hello);
    return { kind: 'admitted', grant, limits: tighterLimits(rule.limits, grant.limits) };
  } catch (thrown) {
    const { code, message } = CryptoError.from(thrown);
    // Anything else can't come from a token; whoever shows it stays out all the same.
    return isTokenErrorCode(code) ? refused(code, message) : refused('token_malformed');
  }
}

/** What the rules must know of a session. */
export interface RealmSession {
  readonly realm: string;
  /** As it was admitted. */
  readonly grant: RealmGrant | undefined;
}

/**
 * Why a session must end now, if it must.
 *
 * @param session - of an agent.
 * @param rules - in force now.
 * @param nowMs - milliseconds since 1970.
 */
export function sessionEnd(
  { realm, grant }: RealmSession,
  rules: AccessRules,
  nowMs: number,
): SessionEnd | undefined {
  const rule = rules.realm(realm);
  if (rule === undefined) return end('realm_refused', notServed(realm));
  if (rule.access === 'open') return undefined;
  if (grant === undefined) return end('token_missing');
  if (!rule.issuers.includes(grant.issuer)) return end('token_unknown_issuer');
  if (rules.isRevoked(grant.tokenId)) return end('token_revoked');
  return nowMs >= grant.notAfterMs ? end('token_expired') : undefined;
}

/**
 * {@link sessionEnd} of many; what is not in the result stays.
 *
 * @param sessions - of agents.
 * @param rules - in force now.
 * @param nowMs - milliseconds since 1970.
 */
export function sessionEnds<Session extends RealmSession>(
  sessions: Iterable<Session>,
  rules: AccessRules,
  nowMs: number,
): ({ readonly session: Session } & SessionEnd)[] {
  return [...sessions].flatMap((session) => {
    const found = sessionEnd(session, rules, nowMs);
    return found === undefined ? [] : [{ session, ...found }];
  });
}

/**
 * When a session's token expires next, milliseconds since 1970; undefined when none does. A session in a realm that is open by
 * now is named as well and then stays.
 *
 * @param sessions - of agents.
 */
export function nextSessionEnd(
  sessions: Iterable<RealmSession>,
): { readonly atMs: number; readonly why: 'token_expired' } | undefined {
  let atMs = Number.POSITIVE_INFINITY;
  for (const { grant } of sessions) if (grant !== undefined) atMs = Math.min(atMs, grant.notAfterMs);
  return atMs === Number.POSITIVE_INFINITY ? undefined : { atMs, why: 'token_expired' };
}

/**
 * The first of some names that a session may not use.
 *
 * @param grant - of the session; undefined, in an open realm, allows every name.
 * @param names - that it wants to add.
 */
export function refusedName(grant: RealmGrant | undefined, names: readonly string[]): string | undefined {
  return grant === undefined ? undefined : names.find((name) => !grantsName(grant, name));
}

/**
 * The names that are a token's own: bound to an identity (`sub`), it names them without `*`. Whoever else holds one gives way.
 *
 * @param grant - of the session; undefined in an open realm.
 */
export function ownNames(grant: RealmGrant | undefined): ReadonlySet<string> {
  if (grant?.subject === undefined) return new Set();
  return new Set(grant.patterns.filter((pattern) => !pattern.includes('*')));
}

/** The cause in detail, where there is one, and the remedy of the code. */
function end(code: WireCode, cause?: string): SessionEnd {
  return { code, text: codeSentence(code, cause) };
}

function refused(code: WireCode, cause?: string): RealmAdmission {
  return { kind: 'refused', ...end(code, cause) };
}

function notServed(realm: string): string {
  return `the relay does not serve the realm ${JSON.stringify(realm)}`;
}
