import type { ClaimSigner, ClaimStatus, MemberClaim } from './claim.js';
import { SwimError } from './errors.js';
import { firstIncarnationMax, metadataBytesMax } from './limits.js';
import type { MemberUpdate } from './messages.js';
import type { MembershipOptions } from './options.js';

/** What this member says of itself. Everything new has a larger incarnation. */
export class OwnClaim {
  readonly #signer: ClaimSigner;
  #claim: MemberClaim;

  /** @throws {SwimError} `invalid_option` for too much metadata, or an incarnation that leaves no room for larger ones */
  constructor({ id, signer, metadata = new Uint8Array(0), incarnation = 0 }: MembershipOptions) {
    if (!Number.isInteger(incarnation) || incarnation < 0 || incarnation > firstIncarnationMax)
      throw new SwimError('invalid_option', `incarnation ${incarnation} is no integer from 0 to 2^47`);
    this.#signer = signer;
    this.#claim = this.#sign({ id, incarnation, status: 'alive', metadata: checkMetadata(metadata) });
  }

  /** The last word. */
  get claim(): MemberClaim {
    return this.#claim;
  }

  /** The last word, as others pass it on. */
  get update(): MemberUpdate {
    return { claim: this.#claim, state: this.#claim.status === 'left' ? 'left' : 'alive' };
  }

  /** Says something else. */
  setStatus(status: ClaimStatus): void {
    this.#claim = this.#sign({ ...this.#claim, incarnation: this.#claim.incarnation + 1, status });
  }

  /** Says something else beside it. @throws {SwimError} `invalid_option` beyond 256 bytes */
  setMetadata(metadata: Uint8Array): void {
    const incarnation = this.#claim.incarnation + 1;
    this.#claim = this.#sign({ ...this.#claim, incarnation, metadata: checkMetadata(metadata) });
  }

  /** Says the same so that it outdoes everything said at that incarnation. */
  outdo(incarnation: number): void {
    this.#claim = this.#sign({ ...this.#claim, incarnation: incarnation + 1 });
  }

  /** Whether an update is not what this member says now. */
  contradicts({ claim, state }: MemberUpdate): boolean {
    if (claim.id !== this.#claim.id) return false;
    return state !== this.update.state || claim.incarnation !== this.#claim.incarnation;
  }

  #sign({ id, incarnation, status, metadata }: Omit<MemberClaim, 'signature'>): MemberClaim {
    const claim = { id, incarnation, status, metadata };
    return { ...claim, signature: this.#signer.sign(claim) };
  }
}

function checkMetadata(metadata: Uint8Array): Uint8Array {
  if (metadata.length > metadataBytesMax)
    throw new SwimError('invalid_option', `${metadata.length} bytes of metadata`);
  return new Uint8Array(metadata);
}
