import type { Open, WireCode } from '@macula/wire';
import type { LegId, LinkId, OpenFailure, OpenId } from './types.js';

/**
 * One OPEN on its way.
 *
 * - `local`: forwarded to the session that owns the name. Left by its answer (over), or when that session turns out to be
 *   gone (→ `peers`, or over).
 * - `peers`: forwarded to other relays. Left by the first OPEN_OK, the last negative answer, or the deadline (over).
 */
export interface PendingOpen {
  readonly open: OpenId;
  readonly link: LinkId;
  readonly message: Open;
  readonly pathKey: string;
  /** Whether a relay forwarded it to us; false: an agent of ours opened it. */
  readonly fromPeer: boolean;
  readonly hopsLeft: number;
  readonly deadlineMs: number;
  stage: 'local' | 'peers';
  readonly legs: Map<LegId, LinkId>;
  failure: OpenFailure | undefined;
}

/** Remembers the more telling of two failures: an answer of the node itself beats trouble on the way beats "unknown". */
export function noteFailure(pending: PendingOpen, failure: OpenFailure): void {
  if (pending.failure === undefined || rank(failure.code) > rank(pending.failure.code)) {
    pending.failure = failure;
  }
}

function rank(code: WireCode): number {
  switch (code) {
    case 'not_here':
    case 'not_found':
      return 0;
    case 'hop_limit':
      return 1;
    case 'relay_lost':
    case 'timeout':
    case 'busy':
    case 'draining':
      return 2;
    default:
      return 3;
  }
}
