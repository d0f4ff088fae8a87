import { type TokenLimits, tokenLimitNames } from '@macula/crypto';

/**
 * For each limit the smaller of two.
 *
 * @param one - what the access file, or the relay's settings, allow.
 * @param other - what a token grants.
 */
export function tighterLimits(one: TokenLimits, other: TokenLimits): TokenLimits {
  const entries = tokenLimitNames.flatMap((name): [string, number][] => {
    const limit = Math.min(one[name] ?? Number.POSITIVE_INFINITY, other[name] ?? Number.POSITIVE_INFINITY);
    return limit === Number.POSITIVE_INFINITY ? [] : [[name, limit]];
  });
  return Object.fromEntries(entries);
}
