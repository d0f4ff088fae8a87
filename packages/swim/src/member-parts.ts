import type { ClaimSigner } from './claim.js';
import { LocalHealth } from './local-health.js';
import { claimDigest, MemberTable } from './member-table.js';
import type { SwimMessage } from './messages.js';
import type { MembershipOptions, SwimOutput } from './options.js';
import { OwnClaim } from './own-claim.js';
import { checkProfile, type SwimProfile } from './profile.js';
import { sample } from './sample.js';

/** What a member is made of and all its sub-protocols use. */
export class MemberParts {
  readonly id: string;
  readonly profile: SwimProfile;
  readonly random: () => number;
  readonly signer: ClaimSigner;
  readonly own: OwnClaim;
  readonly table: MemberTable = new MemberTable();
  readonly health: LocalHealth;
  /** For the shell, in order. */
  readonly outputs: SwimOutput[] = [];
  readonly #reaches: ((id: string) => boolean) | undefined;
  #sequence = 0;

  /** @throws {SwimError} `invalid_option` */
  constructor(options: MembershipOptions) {
    this.id = options.id;
    this.profile = checkProfile(options.profile);
    this.random = options.random;
    this.signer = options.signer;
    this.#reaches = options.reaches;
    this.health = new LocalHealth(options.profile.localHealthMax);
    this.own = new OwnClaim(options);
  }

  /** Members, this one included, the dead and departed too. */
  get size(): number {
    return this.table.size + 1;
  }

  /** Members alive or suspect, this one included. */
  get reachable(): number {
    return this.table.reachableCount + 1;
  }

  /** Of all claims of reachable members, the own one included. */
  get digest(): number {
    return (this.table.digest + claimDigest(this.own.update)) >>> 0;
  }

  /** Whether messages get to a member without others. */
  reaches(id: string): boolean {
    return this.#reaches?.(id) ?? true;
  }

  /** Up to `count` different members by chance that live and that messages get to, without `except`. */
  contacts(count: number, except?: string): string[] {
    const { table, random } = this;
    if (this.#reaches === undefined) return table.sample(count, random, except);
    const others = table.reachable().filter((id) => id !== except && this.reaches(id));
    return sample(others, count, random);
  }

  /** A number that no ping of this life has had. */
  nextSequence(): number {
    return ++this.#sequence;
  }

  /** Has the shell send a message. */
  send(to: string, message: SwimMessage): void {
    this.outputs.push({ kind: 'send', to, message });
  }
}
