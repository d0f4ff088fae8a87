import { type Identity, identityId, parseIdentityId, verifySignature } from '@macula/crypto';
import {
  type ClaimSigner,
  claimBytes,
  decodeMessage,
  encodeMessage,
  type MemberState,
  Membership,
  type MemberUpdate,
  type SwimMessage,
  type SwimProfile,
} from '@macula/swim';
import { swimMessageBytesMax } from '@macula/wire';
import { OutputQueue } from '../core/output-queue.js';
import { decodeMetadata, encodeMetadata, type MemberFacts } from './metadata.js';

/** Settings of {@link Members}. */
export interface MembersOptions {
  readonly identity: Identity;
  readonly profile: SwimProfile;
  /** Between 0 and 1. */
  readonly random: () => number;
  /** Larger than at the last start if the clock is right. */
  readonly incarnation: number;
  /** Whether a relay may be a member. */
  readonly admits: (identity: Uint8Array) => boolean;
  /** Whether there is a peering with the relay of this id. */
  readonly reaches: (id: string) => boolean;
}

/** A relay of the mesh. */
export interface Member extends MemberFacts {
  /** Its identity, 43 characters. */
  readonly id: string;
  readonly state: MemberState;
  /** It is about to stop. */
  readonly isDraining: boolean;
}

/** What {@link Members} says. */
export type MembersOutput =
  /** For the relay with this id, if there is a peering with it. */
  | { readonly kind: 'swim'; readonly to: string; readonly message: Uint8Array }
  /** A member came, went, or says something else of itself. */
  | { readonly kind: 'changed'; readonly member: Member; readonly previous: MemberState | undefined };

/**
 * Which relays the mesh has, by `@macula/swim` over the peerings: a message to a relay without one is lost, as messages may be. See SPEC.md.
 *
 * Call order: `start` first, after every input drain `pollOutput`, and call `handleTimeout` when `pollTimeout` says.
 */
export class Members {
  readonly #membership: Membership;
  readonly #admits: (identity: Uint8Array) => boolean;
  readonly #outputs = new OutputQueue<MembersOutput>();

  constructor({ identity, profile, random, incarnation, admits, reaches }: MembersOptions) {
    this.#admits = admits;
    const signer = signerOf(identity, admits);
    const { id } = identity;
    this.#membership = new Membership({ id, profile, random, signer, incarnation, reaches });
  }

  start(facts: MemberFacts, nowMs: number): void {
    this.#membership.setMetadata(encodeMetadata(facts), nowMs);
    this.#membership.join([], nowMs);
    this.#collect();
  }

  /** A peering stands: who isn't known to live there is told of this relay, and asked for all others. */
  handlePeerUp(id: string): void {
    if (this.#membership.stateOf(id) === 'alive') return;
    const { claim } = this.#membership;
    this.#send(id, { kind: 'join', gossip: [{ claim, state: claim.status === 'left' ? 'left' : 'alive' }] });
  }

  /** @throws {SwimError} `invalid_message`; nothing changed then */
  handleMessage(from: string, message: Uint8Array, nowMs: number): void {
    this.#membership.handleMessage(from, decodeMessage(message), nowMs);
    this.#collect();
  }

  handleTimeout(nowMs: number): void {
    this.#membership.handleTimeout(nowMs);
    this.#collect();
  }

  /** Some relays may not belong to the mesh any more. */
  handleAdmissionChanged(): void {
    for (const { claim } of this.#membership.members())
      if (!this.#admits(parseIdentityId(claim.id))) this.#membership.forget(claim.id);
  }

  /** This relay is about to stop. */
  drain(nowMs: number): void {
    this.#membership.drain(nowMs);
    this.#collect();
  }

  /** Says goodbye. */
  leave(): void {
    this.#membership.leave();
    this.#collect();
  }

  pollOutput(): MembersOutput | undefined {
    return this.#outputs.shift();
  }

  pollTimeout(): number | undefined {
    return this.#membership.pollTimeout()?.atMs;
  }

  /** The others, also those that are dead or have left, while that is remembered. */
  all(): Member[] {
    return this.#membership.members().map(memberOf);
  }

  #collect(): void {
    for (
      let output = this.#membership.pollOutput();
      output !== undefined;
      output = this.#membership.pollOutput()
    ) {
      if (output.kind === 'send') this.#send(output.to, output.message);
      else if (output.kind === 'changed') {
        const { claim, state, previous } = output;
        this.#outputs.push({ kind: 'changed', member: memberOf({ claim, state }), previous });
      }
    }
  }

  #send(to: string, message: SwimMessage): void {
    for (const bytes of encodeMessage(message, swimMessageBytesMax))
      this.#outputs.push({ kind: 'swim', to, message: bytes });
  }
}

function memberOf({ claim, state }: Pick<MemberUpdate, 'claim' | 'state'>): Member {
  return { id: claim.id, state, isDraining: claim.status === 'draining', ...decodeMetadata(claim.metadata) };
}

/** A member's id is its identity's, so its claim can be checked by that alone. */
function signerOf(identity: Identity, admits: (identity: Uint8Array) => boolean): ClaimSigner {
  return {
    sign: (claim) => identity.sign(claimBytes(claim)),
    verify: (claim) => {
      const publicKey = publicKeyOf(claim.id);
      if (publicKey === undefined || !admits(publicKey)) return false;
      try {
        return verifySignature({ publicKey, message: claimBytes(claim), signature: claim.signature });
      } catch {
        return false; // no usable key, or no signature
      }
    },
  };
}

function publicKeyOf(id: string): Uint8Array | undefined {
  try {
    const publicKey = parseIdentityId(id);
    return identityId(publicKey) === id ? publicKey : undefined;
  } catch {
    return undefined; // no id of a relay
  }
}
