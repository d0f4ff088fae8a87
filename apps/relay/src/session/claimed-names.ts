import {
  type NameClaim,
  type Names,
  nameBytesOf,
  nameBytesPerSessionMax,
  namesAfter,
  namesPerSessionMax,
  verifyNameClaim,
  WireError,
} from '@macula/wire';

/** A claim with its signature, as relays show it to each other. */
export interface SignedClaim {
  readonly claim: NameClaim;
  /** 64 bytes, of the claim's identity. */
  readonly signature: Uint8Array;
}

/** What one agent's session wants by its own signature, from HELLO through all its NAMES. */
export class ClaimedNames {
  #present: SignedClaim;

  constructor(first: SignedClaim) {
    this.#present = first;
  }

  /** The newest claim; it may name what others own. */
  get present(): SignedClaim {
    return this.#present;
  }

  /**
   * Takes NAMES.
   * @throws WireError `bad_field` when that would be more names than other relays can be told of; `bad_signature` when it is not signed
   *   as the next claim of this session. Nothing has changed then
   */
  handleNames(names: Names): SignedClaim {
    const { claim } = this.#present;
    const next = { ...claim, claimSeq: claim.claimSeq + 1, names: namesAfter(claim.names, names) };
    if (isTooMuch(next.names)) throw new WireError('bad_field', 'too many names');
    if (names.claimSeq !== next.claimSeq || !verifyNameClaim(next, names.claim))
      throw new WireError('bad_signature', 'the signature over the names does not fit');
    this.#present = { claim: next, signature: names.claim };
    return this.#present;
  }
}

/** Whether names are more than one session may want, those included that others own. */
export function isTooMuch(names: readonly string[]): boolean {
  return names.length > namesPerSessionMax || nameBytesOf(names) > nameBytesPerSessionMax;
}
