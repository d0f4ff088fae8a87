/**
 * What a member says of itself; only its word counts.
 *
 * - `alive`: it takes part;
 * - `draining`: it takes part, and is about to stop: nothing new should be given to it;
 * - `left`: it has stopped on its own.
 */
export type ClaimStatus = 'alive' | 'draining' | 'left';

/** A member's own word about itself, passed on by others as it is. */
export interface MemberClaim {
  /** The member that says so. */
  readonly id: string;
  /** Grows with everything that it says anew: a refutation, other metadata, drain, a new life. 0 to 2^48. */
  readonly incarnation: number;
  /** See {@link ClaimStatus}. */
  readonly status: ClaimStatus;
  /** Up to 256 bytes that mean something to the caller, e.g. a relay's addresses and its filter's epoch. */
  readonly metadata: Uint8Array;
  /** The member's signature over {@link claimBytes}, up to 128 bytes. */
  readonly signature: Uint8Array;
}

/** Signs a member's own claims, and tells whether others signed theirs. Both are over {@link claimBytes}. */
export interface ClaimSigner {
  /** The signature of an own claim: at most 128 bytes. */
  sign(claim: UnsignedClaim): Uint8Array;
  /**
   * Whether the member signed its claim, and may take part. Asked once for each claim that is new, so a member whose key is not
   * admitted any more can't come back.
   */
  verify(claim: MemberClaim): boolean;
}

/** A claim before it is signed. */
export type UnsignedClaim = Omit<MemberClaim, 'signature'>;

/** For tests, and for meshes in which everybody is believed about everybody: empty signatures, never looked at. */
export const unsignedClaims: ClaimSigner = {
  sign: () => new Uint8Array(0),
  verify: () => true,
};

/**
 * The bytes that are signed (numbers big-endian, sizes in bytes):
 *
 * ```text
 * "macula member 1 ":16   idLength:2   id (UTF-8)   incarnation:8   status:1 (0 alive, 1 draining, 2 left)   metadata: the rest
 * ```
 *
 * They don't name the mesh: a signer whose keys serve several puts its own prefix in front.
 */
export function claimBytes({ id, incarnation, status, metadata }: UnsignedClaim): Uint8Array {
  const encoder = new TextEncoder();
  const label = encoder.encode('macula member 1 ');
  const name = encoder.encode(id);
  const bytes = new Uint8Array(label.length + 2 + name.length + 9 + metadata.length);
  const view = new DataView(bytes.buffer);
  bytes.set(label);
  view.setUint16(label.length, name.length);
  bytes.set(name, label.length + 2);
  view.setBigUint64(label.length + 2 + name.length, BigInt(incarnation));
  view.setUint8(label.length + 10 + name.length, statusRank[status]);
  bytes.set(metadata, label.length + 11 + name.length);
  return bytes;
}

/**
 * Orders claims of one member: negative when `left` is the older one. At equal incarnation, which only two lives of a member can
 * bring about, the order is arbitrary and the same everywhere.
 */
export function compareClaims(left: MemberClaim, right: MemberClaim): number {
  if (left === right) return 0;
  return (
    left.incarnation - right.incarnation ||
    statusRank[left.status] - statusRank[right.status] ||
    compareBytes(left.metadata, right.metadata) ||
    compareBytes(left.signature, right.signature)
  );
}

/** The numbers of statuses, in {@link claimBytes} too. */
export const statusRank: Readonly<Record<ClaimStatus, number>> = { alive: 0, draining: 1, left: 2 };

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
