import { SwimError } from './errors.js';
import { incarnationMax, memberIdCharactersMax, updatesPerMessageMax } from './limits.js';

/**
 * What is said about a member. In order of precedence at equal incarnation:
 *
 * - `alive`: entered by joining or refuting, left by a failed probe or by leaving;
 * - `suspect`: entered when a probe went unanswered, left by the member's own refutation or by the suspicion timeout;
 * - `dead`: entered when a suspicion timed out, left only by a larger incarnation of the member itself;
 * - `left`: entered by the member's own word, left only by a larger incarnation (a new life).
 */
export type MemberState = 'alive' | 'suspect' | 'dead' | 'left';

/** One piece of gossip. */
export interface MemberUpdate {
  /** The member it is about. */
  readonly id: string;
  /** Grows only by the member's own doing, when it refutes or starts a new life. */
  readonly incarnation: number;
  /** What is said. */
  readonly state: MemberState;
}

/**
 * Everything that members send each other. Small enough for a datagram, except `join_reply`, which lists all members.
 *
 * ```text
 * A ── ping 7 ──> B              A asks B; B answers        A <── ack 7 ── B
 * A ── ping_request 7, B ──> C   no answer: A asks C to ask; C pings B with a number of its own,
 * A <── ack 7 ── C               and passes B's answer on under A's number
 * A ── join ──> S                a new or separated member;  A <── join_reply ── S
 * A ── gossip ──> some           news, while there is some, and goodbye; no answer
 * ```
 */
export type SwimMessage =
  | { readonly kind: 'ping'; readonly sequence: number; readonly gossip: readonly MemberUpdate[] }
  | { readonly kind: 'ack'; readonly sequence: number; readonly gossip: readonly MemberUpdate[] }
  | {
      readonly kind: 'ping_request';
      readonly sequence: number;
      readonly target: string;
      readonly gossip: readonly MemberUpdate[];
    }
  | { readonly kind: 'join'; readonly gossip: readonly MemberUpdate[] }
  | { readonly kind: 'join_reply'; readonly gossip: readonly MemberUpdate[] }
  | { readonly kind: 'gossip'; readonly gossip: readonly MemberUpdate[] };

/** Precedence at equal incarnation; see {@link MemberState}. */
export const stateRank: Readonly<Record<MemberState, number>> = { alive: 0, suspect: 1, dead: 2, left: 3 };

/** Whether `update` says more than `known`: a larger incarnation, or the same one and a later state. */
export function supersedes(update: MemberUpdate, known: MemberUpdate): boolean {
  if (update.incarnation !== known.incarnation) return update.incarnation > known.incarnation;
  return stateRank[update.state] > stateRank[known.state];
}

/** Throws unless the message is within its bounds. @throws {SwimError} `invalid_message` */
export function checkMessage(message: SwimMessage): void {
  if (message.gossip.length > updatesPerMessageMax)
    throw new SwimError('invalid_message', 'too many updates');
  if ('sequence' in message && !Number.isSafeInteger(message.sequence))
    throw new SwimError('invalid_message', 'sequence is no integer');
  if (message.kind === 'ping_request' && !isMemberId(message.target))
    throw new SwimError('invalid_message', 'target is no member id');
  for (const { id, incarnation, state } of message.gossip) {
    const numberFits = Number.isInteger(incarnation) && incarnation >= 0 && incarnation <= incarnationMax;
    if (!numberFits || !isMemberId(id) || !Object.hasOwn(stateRank, state))
      throw new SwimError('invalid_message', 'update out of bounds');
  }
}

/** Whether this is a member id: 1 to 128 characters. */
export function isMemberId(id: unknown): id is string {
  return typeof id === 'string' && id.length > 0 && id.length <= memberIdCharactersMax;
}
