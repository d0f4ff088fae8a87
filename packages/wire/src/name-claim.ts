import { type Identity, verifySignature } from '@macula/crypto';
import { concatFields, text, u64 } from './signed-fields.js';

/**
 * What an agent says of its names, signed so that relays can show it to each other: this process of this identity
 * wants these names of this realm, through this relay. A claim with a higher (session, claim) number of the same identity is newer.
 */
export interface NameClaim {
  readonly realm: string;
  /** Ed25519 public key of the agent, 32 bytes. */
  readonly identity: Uint8Array;
  /** Of the agent's process, 16 bytes. */
  readonly bootId: Uint8Array;
  /** Of its session. */
  readonly sessionSeq: number;
  /** 0 with HELLO, one more with each NAMES of the session. */
  readonly claimSeq: number;
  /** Ed25519 public key of the relay it was given to, 32 bytes. */
  readonly relay: Uint8Array;
  /** Of a session that stands by: it owns the names at its relay only, and no other relay is shown this. */
  readonly standby?: boolean;
  /** All names, in the order of HELLO and NAMES; none withdraws everything. */
  readonly names: readonly string[];
}

/** Signs a claim; 64 bytes. */
export function signNameClaim(identity: Identity, claim: NameClaim): Uint8Array {
  return identity.sign(claimBytes(claim));
}

/**
 * Whether the claim's own identity signed it.
 * @throws CryptoError `bad_key` when the identity is not a usable key
 */
export function verifyNameClaim(claim: NameClaim, signature: Uint8Array): boolean {
  return verifySignature({ publicKey: claim.identity, message: claimBytes(claim), signature });
}

/** The names a NAMES message leads to: what it withdraws goes first. */
export function namesAfter(
  before: readonly string[],
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
): readonly string[] {
  return [...new Set([...before.filter((name) => !remove.includes(name)), ...add])];
}

/** Fixed layout: every field with a u32be length in front, in this order. */
function claimBytes(claim: NameClaim): Uint8Array {
  return concatFields([
    text(claim.standby === true ? 'macula standby 2' : 'macula names 2'),
    text(claim.realm),
    claim.identity,
    claim.bootId,
    u64(claim.sessionSeq),
    u64(claim.claimSeq),
    claim.relay,
    u64(claim.names.length),
    ...claim.names.map(text),
  ]);
}
