import type { NamesTable } from '../routing/names-table.js';
import { type Holdings, isStanding } from './holdings.js';
import type { Holding } from './types.js';

/**
 * Ends the reservations of names that their identity has again at another relay than where it lost them, so that GOODBYE frees them at
 * once. Only a claim that the agent has signed does that.
 */
export class RegainedNames {
  readonly #names: NamesTable;
  readonly #holdings: Holdings;

  constructor(names: NamesTable, holdings: Holdings) {
    this.#names = names;
    this.#holdings = holdings;
  }

  /** A session elsewhere has claimed names. */
  handleClaim(holding: Holding): void {
    const { identityKey, since } = holding;
    const { realm } = holding.claim;
    for (const name of since.keys()) {
      const isKept =
        this.#names.reservedFor(realm, name) === identityKey ||
        this.#holdings.at(realm, name).some((other) => isKeptFor(other, holding));
      if (!isKept) continue;
      if (!this.#holdings.isSigned(holding)) return;
      this.#names.endReservation(realm, name, identityKey);
      this.#holdings.endReservations(realm, name, identityKey);
    }
  }

  /** A session elsewhere is lost, whose identity may have been quicker than the news of that. */
  handleLost({ claim, since, identityKey }: Holding, nowMs: number): void {
    const { realm } = claim;
    for (const name of since.keys()) {
      const isHad =
        this.#names.find(realm, name)?.identityKey === identityKey ||
        this.#holdings.at(realm, name).some((other) => this.#isHadBy(other, identityKey, nowMs));
      if (isHad) this.#holdings.endReservations(realm, name, identityKey);
    }
  }

  #isHadBy(other: Holding, identityKey: string, nowMs: number): boolean {
    return other.identityKey === identityKey && isStanding(other, nowMs) && this.#holdings.isSigned(other);
  }
}

/** Whether the name of a lost session is kept for the identity that claims it now. */
function isKeptFor(held: Holding, { identityKey, claim }: Holding): boolean {
  const isLost = held.heldUntilMs !== undefined && held.identityKey === identityKey;
  return isLost && held.claim.sessionSeq <= claim.sessionSeq;
}
