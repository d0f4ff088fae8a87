import type { Open, WireCode } from '@macula/wire';
import type { AskablePeer } from './peers-table.js';
import type { LegId, LinkId, OpenFailure, OpenId } from './types.js';

/**
 * One OPEN on its way.
 *
 * - `local`: forwarded to the session that owns the name. Left by its answer (over), or when that session turns out to be
 *   gone (→ `peers`, or over).
 * - `peers`: forwarded to other relays, to one after the other. Left by the first OPEN_OK, the last negative answer, or the deadline (over).
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
  /** Peers that were asked, by identity. */
  readonly asked: Map<string, AskablePeer>;
  /** How often a way round was tried to a relay that can't be asked itself. */
  readonly detours: Map<string, number>;
  /** Peers that were asked though they have not said that they have the name. */
  readonly unlikely: Set<string>;
  /** Those who have not told which names they have were asked. */
  isEverybodyAsked: boolean;
  /** It was looked for a second time, since news of the name may have been on their way. */
  isLookedAgain: boolean;
  /** Somebody would have been asked if it had any hops left. */
  isCutOff: boolean;
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
