import type { ClaimSigner, MemberClaim } from './claim.js';
import type { MemberState, SwimMessage } from './messages.js';
import type { SwimProfile } from './profile.js';

/** How a member is made. */
export interface MembershipOptions {
  /** This member's own id, 1 to 128 characters, unique in the mesh. */
  readonly id: string;
  /** The knobs, e.g. `swimProfiles.wan`. */
  readonly profile: SwimProfile;
  /** Uniform numbers from 0 up to, but not including, 1. */
  readonly random: () => number;
  /** Signs this member's claims and verifies those of others; `unsignedClaims` believes everybody. */
  readonly signer: ClaimSigner;
  /** What it says of itself beside that it lives, up to 256 bytes; it should change rarely (SPEC.md, Metadata). Default none. */
  readonly metadata?: Uint8Array;
  /**
   * Whether messages get to a member without others, as far as the shell knows, e.g. because there is a connection. Those that they don't get to are
   * probed through members that they do get to, and only these are told news and asked. Default: messages get to all.
   */
  readonly reaches?: (id: string) => boolean;
  /** First incarnation, 0 to 2^47. Default 0; an earlier life is outdone anyway when the mesh still knows it. */
  readonly incarnation?: number;
}

/** What `pollOutput` yields. */
export type SwimOutput =
  | { readonly kind: 'send'; readonly to: string; readonly message: SwimMessage }
  /** A member was heard of for the first time (`previous` is undefined), or its state or claim changed. */
  | {
      readonly kind: 'changed';
      readonly id: string;
      readonly state: MemberState;
      readonly previous: MemberState | undefined;
      readonly claim: MemberClaim;
    }
  /** Others took this member for suspect, dead or left, or knew an earlier life; it answered with this incarnation. */
  | { readonly kind: 'refuted'; readonly incarnation: number }
  /** `handleTimeout` came so much too late that this member judges nobody by what it didn't hear meanwhile. */
  | { readonly kind: 'stalled'; readonly lateMs: number }
  /** `from` passed on a claim that `id` did not sign, or that is not admitted. It was ignored. */
  | { readonly kind: 'refused'; readonly id: string; readonly from: string };

/** What a timeout is for. */
export type SwimTimeout = 'probe' | 'indirect_probe' | 'nack' | 'gossip' | 'suspicion' | 'rejoin';
