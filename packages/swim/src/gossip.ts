import { GossipQueue } from './gossip-queue.js';
import { calmNewsMax } from './limits.js';
import { type MemberUpdate, updateBytes } from './messages.js';
import { newsSends, type SwimProfile, waveSends } from './profile.js';

/**
 * News that are still to be sent, at most one piece per member, in three ranks:
 *
 * - `change`: what a member says of itself where that changes its state here (it is new, refutes, drains, leaves). It goes first, so a wave of
 *   suspicions can't hold up a refutation;
 * - `opinion`: suspicions and deaths. In a wave they are sent less often: a suspicion that somebody misses does no harm, a refutation does;
 * - `refresh`: other metadata of a member that is alive to us. It goes last: however often members change it, no death waits for it.
 */
export class Gossip {
  readonly #profile: SwimProfile;
  readonly #changes = new GossipQueue();
  readonly #opinions = new GossipQueue();
  readonly #refreshes = new GossipQueue();
  /** What was said of members that we hold for alive, until we told them. */
  readonly #doubts = new Map<string, MemberUpdate>();

  constructor(profile: SwimProfile) {
    this.#profile = profile;
  }

  /** Pieces that wait. */
  get size(): number {
    return this.#changes.size + this.#opinions.size + this.#refreshes.size;
  }

  /** Whether more news waits than there is room for, refreshes apart. */
  get isWave(): boolean {
    return this.#changes.size + this.#opinions.size > calmNewsMax;
  }

  /** Queues news; what waited about the same member is dropped, but for its rank. @param isRefresh whether it changes metadata alone */
  push(update: MemberUpdate, isRefresh = false): void {
    const isLast = isRefresh && !this.#changes.has(update.claim.id);
    for (const queue of this.#queues) queue.drop(update.claim.id);
    if (isOpinion(update)) this.#opinions.push(update);
    else (isLast ? this.#refreshes : this.#changes).push(update);
  }

  /** Remembers what is said of a member and not believed, for that member alone. */
  doubt(update: MemberUpdate): void {
    this.#doubts.set(update.claim.id, update);
  }

  /** Forgets what waits about a member. */
  drop(id: string): void {
    for (const queue of this.#queues) queue.drop(id);
    this.#doubts.delete(id);
  }

  /** Forgets all. */
  clear(): void {
    for (const queue of this.#queues) queue.clear();
    this.#doubts.clear();
  }

  /**
   * What goes along in a message, counted as sent. Who is suspect or dead, here or to others, is told so first of all (Lifeguard's
   * buddy system).
   *
   * @param first goes in whatever else waits, but for what the receiver knows best: that it is alive, or has left
   * @param members number of members, the own one included
   */
  takeFor(to: string, first: readonly (MemberUpdate | undefined)[], members: number): MemberUpdate[] {
    const told: MemberUpdate[] = [];
    for (const update of [...first, this.#doubts.get(to)]) {
      if (update === undefined || (!isOpinion(update) && update.claim.id === to)) continue;
      if (updateBytes(update) <= roomIn(this.#profile.gossipBytesMax, told)) told.push(update);
    }
    this.#doubts.delete(to);
    if (this.size === 0) return told;
    const sends = newsSends(this.#profile, members);
    const taken = [...told];
    const take = (queue: GossipQueue, sentMax: number) =>
      void taken.push(...queue.take(roomIn(this.#profile.gossipBytesMax, taken), sentMax));
    const opinionSends = this.isWave ? waveSends(members) : sends;
    take(this.#changes, sends);
    take(this.#opinions, opinionSends);
    take(this.#refreshes, sends);
    const rest = taken.slice(told.length);
    return [...told, ...rest.filter(({ claim }) => !told.some((one) => one.claim.id === claim.id))];
  }

  get #queues(): readonly GossipQueue[] {
    return [this.#changes, this.#opinions, this.#refreshes];
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
