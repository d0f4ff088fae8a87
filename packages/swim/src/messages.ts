import { compareClaims, type MemberClaim, statusRank } from './claim.js';
import { SwimError } from './errors.js';
import {
  incarnationMax,
  memberIdCharactersMax,
  metadataBytesMax,
  signatureBytesMax,
  updatesPerMessageMax,
} from './limits.js';

/**
 * What is believed of a member. In order of precedence at equal incarnation:
 *
 * - `alive`: entered by its claim, left by a failed probe or by leaving;
 * - `suspect`: entered when a probe went unanswered, left by the member's own refutation or by the suspicion timeout;
 * - `dead`: entered when a suspicion timed out, left only by a larger incarnation of the member itself;
 * - `left`: entered by the member's own word, left only by a larger incarnation (a new life).
 */
export type MemberState = 'alive' | 'suspect' | 'dead' | 'left';

/** One piece of gossip: a member's own last word, and what is believed of it since. */
export interface MemberUpdate {
  /** The member's own word. `suspect` and `dead` carry it too, so nobody can make up an incarnation. */
  readonly claim: MemberClaim;
  /** `left` exactly where the claim says so. */
  readonly state: MemberState;
  /** Of a suspicion: who saw the probe fail. Independent ones shorten it. */
  readonly by?: string;
}

/**
 * Everything that members send each other. Small enough for a datagram, except `join_reply`, which lists all members.
 *
 * ```text
 * A ── ping 7 ──> B              A asks B; B answers        A <── ack 7 ── B
 * A ── ping_request 7, B ──> C   no answer: A asks C to ask; C pings B with a number of its own,
 * A <── ack 7 ── C               and passes B's answer on under A's number
 * A <── nack 7 ── C              or says in time that there is none: then A knows that its own network works
 * A ── join ──> S                a new or separated member;  A <── join_reply ── S
 * A ── compare ──> B             a digest of all claims;     A <── join_reply ── B, only where B's differs
 * A ── gossip ──> some           news, while there is some, and goodbye; no answer
 * ```
 */
export type SwimMessage =
  | {
      readonly kind: 'ping' | 'ack' | 'nack';
      readonly sequence: number;
      readonly gossip: readonly MemberUpdate[];
    }
  | {
      readonly kind: 'ping_request';
      readonly sequence: number;
      readonly target: string;
      readonly gossip: readonly MemberUpdate[];
    }
  | { readonly kind: 'compare'; readonly digest: number; readonly gossip: readonly MemberUpdate[] }
  | { readonly kind: 'join' | 'join_reply' | 'gossip'; readonly gossip: readonly MemberUpdate[] };

/** Precedence at equal incarnation; see {@link MemberState}. */
export const stateRank: Readonly<Record<MemberState, number>> = { alive: 0, suspect: 1, dead: 2, left: 3 };

/** Whether `update` says more than `known`: a larger incarnation, or the same one and a later state. */
export function supersedes(update: MemberUpdate, known: MemberUpdate): boolean {
  if (update.claim.incarnation !== known.claim.incarnation)
    return update.claim.incarnation > known.claim.incarnation;
  if (update.state !== known.state) return stateRank[update.state] > stateRank[known.state];
  return compareClaims(update.claim, known.claim) > 0;
}

/** Whether an update may change anything: it supersedes what is known, or is one more accusation. */
export function tells(update: MemberUpdate, known: MemberUpdate): boolean {
  if (supersedes(update, known)) return true;
  const isSameClaim = update.claim.incarnation === known.claim.incarnation;
  return update.state === 'suspect' && known.state === 'suspect' && isSameClaim;
}

/** Bytes that an update is counted as, for {@link SwimProfile.gossipBytesMax}: its contents and 24 B around them. */
export function updateBytes({ claim, by }: MemberUpdate): number {
  return claim.id.length + claim.metadata.length + claim.signature.length + (by?.length ?? 0) + 24;
}

/** Throws unless the message is within its bounds. @throws {SwimError} `invalid_message` */
export function checkMessage(message: SwimMessage): void {
  if (message.gossip.length > updatesPerMessageMax)
    throw new SwimError('invalid_message', 'too many updates');
  if ('sequence' in message && !Number.isSafeInteger(message.sequence))
    throw new SwimError('invalid_message', 'sequence is no integer');
  if (message.kind === 'compare' && !isDigest(message.digest))
    throw new SwimError('invalid_message', 'digest is no 32-bit number');
  if (message.kind === 'ping_request' && !isMemberId(message.target))
    throw new SwimError('invalid_message', 'target is no member id');
  for (const update of message.gossip)
    if (!isWithinBounds(update)) throw new SwimError('invalid_message', 'update out of bounds');
}

/** Whether this is a member id: 1 to 128 characters. */
export function isMemberId(id: unknown): id is string {
  return typeof id === 'string' && id.length > 0 && id.length <= memberIdCharactersMax;
}

function isWithinBounds({ claim, state, by }: MemberUpdate): boolean {
  const { id, incarnation, status, metadata, signature } = claim;
  if (!isMemberId(id) || (by !== undefined && !isMemberId(by))) return false;
  if (!Number.isInteger(incarnation) || incarnation < 0 || incarnation > incarnationMax) return false;
  if (!Object.hasOwn(stateRank, state) || !Object.hasOwn(statusRank, status)) return false;
  if ((state === 'left') !== (status === 'left')) return false;
  return metadata.length <= metadataBytesMax && signature.length <= signatureBytesMax;
}

function isDigest(digest: number): boolean {
  return Number.isInteger(digest) && digest >= 0 && digest < 2 ** 32;
}
