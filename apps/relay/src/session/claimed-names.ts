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
    const more = { claimSeq: claim.claimSeq + 1, names: namesAfter(claim.names, names) };
    const next =
      names.sessionSeq === undefined ? { ...claim, ...more } : promoted(claim, names.sessionSeq, more);
    if (isTooMuch(next.names)) throw new WireError('bad_field', 'too many names');
    if (names.claimSeq !== next.claimSeq || !verifyNameClaim(next, names.claim))
      throw new WireError('bad_signature', 'the signature over the names does not fit');
    this.#present = { claim: next, signature: names.claim };
    return this.#present;
  }
}

/** The claim of a session that is the primary one of its process from now on, with a number that is not lower than it was. */
function promoted(
  { standby: _, ...claim }: NameClaim,
  sessionSeq: number,
  more: Pick<NameClaim, 'claimSeq' | 'names'>,
): NameClaim {
  if (sessionSeq < claim.sessionSeq) throw new WireError('bad_field', 'the session number falls');
  return { ...claim, sessionSeq, ...more };
}

/** Whether names are more than one session may want, those included that others own. */
export function isTooMuch(names: readonly string[]): boolean {
  return names.length > namesPerSessionMax || nameBytesOf(names) > nameBytesPerSessionMax;
}
