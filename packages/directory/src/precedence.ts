/** What decides between sessions of one identity. */
export interface SessionRank {
  readonly sessionSeq: number;
  /** The boot id, as a text that compares like its bytes. */
  readonly bootKey: string;
}

/** What decides between identities. */
export interface IdentityRank {
  /** Since when the identity has the name, in milliseconds since 1970; 1 where a token gives it the name. */
  readonly sinceMs: number;
  /** The identity, as a text that compares like its bytes. */
  readonly identityKey: string;
}

/**
 * Orders two sessions of one identity: positive when `left` is the newer one, which gets the name. The higher number is the newer session, then the larger boot
 * id; 0 for two of one process with one number, which stand side by side.
 */
export function compareSessions(left: SessionRank, right: SessionRank): number {
  if (left.sessionSeq !== right.sessionSeq) return left.sessionSeq - right.sessionSeq;
  if (left.bootKey === right.bootKey) return 0;
  return left.bootKey > right.bootKey ? 1 : -1;
}

/** Whether of two identities `left` keeps the name: it has had it for longer, or for as long and is the smaller one. */
export function isEarlierIdentity(left: IdentityRank, right: IdentityRank): boolean {
  if (left.sinceMs !== right.sinceMs) return left.sinceMs < right.sinceMs;
  return left.identityKey < right.identityKey;
}
