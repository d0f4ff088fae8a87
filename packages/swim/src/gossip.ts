import { GossipQueue } from './gossip-queue.js';
import { calmNewsMax } from './limits.js';
import { type MemberUpdate, updateBytes } from './messages.js';
import { newsSends, type SwimProfile, waveSends } from './profile.js';

/**
 * News that are still to be sent, at most one piece per member. What members say of themselves goes before what is said of them, so a wave
 * of suspicions can't hold up a refutation; and in a wave more often: a suspicion that somebody misses does no harm, a refutation does.
 */
export class Gossip {
  readonly #profile: SwimProfile;
  readonly #claims = new GossipQueue();
  readonly #opinions = new GossipQueue();
  /** What was said of members that we hold for alive, until we told them. */
  readonly #doubts = new Map<string, MemberUpdate>();

  constructor(profile: SwimProfile) {
    this.#profile = profile;
  }

  /** Pieces that wait. */
  get size(): number {
    return this.#claims.size + this.#opinions.size;
  }

  /** Whether more news waits than there is room for. */
  get isWave(): boolean {
    return this.size > calmNewsMax;
  }

  /** Queues news; what waited about the same member is dropped. */
  push(update: MemberUpdate): void {
    this.#claims.drop(update.claim.id);
    this.#opinions.drop(update.claim.id);
    (isOpinion(update) ? this.#opinions : this.#claims).push(update);
  }

  /** Remembers what is said of a member and not believed, for that member alone. */
  doubt(update: MemberUpdate): void {
    this.#doubts.set(update.claim.id, update);
  }

  /** Forgets what waits about a member. */
  drop(id: string): void {
    this.#claims.drop(id);
    this.#opinions.drop(id);
    this.#doubts.delete(id);
  }

  /**
   * What goes along in a message, counted as sent. Who is suspect or dead, here or to others, is told so first of all (Lifeguard's
   * buddy system).
   *
   * @param first goes in whatever else waits, but for what the receiver knows best: that it is alive, or has left
   * @param members number of members, the own one included
   */
  takeFor(to: string, first: readonly (MemberUpdate | undefined)[], members: number): MemberUpdate[] {
    const told = [...first, this.#doubts.get(to)].filter(
      (update) => update !== undefined && (isOpinion(update) || update.claim.id !== to),
    ) as MemberUpdate[];
    this.#doubts.delete(to);
    if (this.size === 0) return told;
    const sends = newsSends(this.#profile, members);
    const opinionSends = this.isWave ? waveSends(members) : sends;
    const claims = this.#claims.take(roomIn(this.#profile.gossipBytesMax, told), sends);
    const room = roomIn(this.#profile.gossipBytesMax, [...told, ...claims]);
    const rest = [...claims, ...this.#opinions.take(room, opinionSends)];
    return [...told, ...rest.filter(({ claim }) => !told.some((one) => one.claim.id === claim.id))];
  }
}

function isOpinion({ state }: MemberUpdate): boolean {
  return state === 'suspect' || state === 'dead';
}

function roomIn(bytesMax: number, updates: readonly MemberUpdate[]): number {
  let room = bytesMax;
  for (const update of updates) room -= updateBytes(update);
  return room;
}
