import { type NameClaim, type Names, namesAfter, verifyNameClaim, WireError } from '@macula/wire';

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
   * @throws WireError `bad_signature` when it is not signed as the next claim of this session; nothing has changed then
   */
  handleNames(names: Names): SignedClaim {
    const { claim } = this.#present;
    const next = { ...claim, claimSeq: claim.claimSeq + 1, names: namesAfter(claim.names, names) };
    if (names.claimSeq !== next.claimSeq || !verifyNameClaim(next, names.claim))
      throw new WireError('bad_signature', 'the signature over the names does not fit');
    this.#present = { claim: next, signature: names.claim };
    return this.#present;
  }
}
