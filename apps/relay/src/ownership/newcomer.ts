import { type AgentSession, bytesKey } from '../routing/types.js';
import type { Holding } from './types.js';

/** A process of an identity, by boot id and session number. */
export interface Newcomer {
  readonly realm: string;
  readonly identityKey: string;
  readonly bootKey: string;
  readonly sessionSeq: number;
}

/** The process that a session which wants in belongs to. */
export function newcomerOf({ realm, identity, bootId, sessionSeq }: AgentSession): Newcomer {
  return { realm, identityKey: bytesKey(identity), bootKey: bytesKey(bootId), sessionSeq };
}

/** The process whose session holds something elsewhere. */
export function newcomerIn({ claim, identityKey, bootKey }: Holding): Newcomer {
  return { realm: claim.realm, identityKey, bootKey, sessionSeq: claim.sessionSeq };
}
