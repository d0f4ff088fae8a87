/** Something odd about a tunnel that ends nothing. */
export interface TunnelWarning {
  readonly kind: 'passed_over' | 'ticktime_mismatch';
  /** For people. */
  readonly text: string;
}

/** So many sessions that answered in the peer's name could not prove the key. */
export function squatterWarning(count: number): TunnelWarning | undefined {
  if (count === 0) return undefined;
  const sessions = `${count} other ${count === 1 ? 'session' : 'sessions'}`;
  const text = `${sessions} of this name could not prove the cookie and had to be passed over`;
  return { kind: 'passed_over', text };
}

/** Seconds of both ends' net_ticktime; 0 is unknown. */
export function ticktimeWarning(
  peer: string,
  ownSeconds: number,
  peerSeconds: number,
): TunnelWarning | undefined {
  if (ownSeconds === 0 || peerSeconds === 0 || ownSeconds === peerSeconds) return undefined;
  const text = `net_ticktime is ${ownSeconds} here and ${peerSeconds} at ${peer}; set the same everywhere, or idle links may die`;
  return { kind: 'ticktime_mismatch', text };
}
