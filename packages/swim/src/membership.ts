import { SwimError } from './errors.js';
import { GossipQueue } from './gossip-queue.js';
import { membersMax, relayedProbesMax } from './limits.js';
import {
  checkMessage,
  isMemberId,
  type MemberState,
  type MemberUpdate,
  type SwimMessage,
  supersedes,
} from './messages.js';
import { ProbeList } from './probe-list.js';
import { checkProfile, retransmitLimit, type SwimProfile, suspicionTimeoutMs } from './profile.js';
import { sample } from './sample.js';

/** How a {@link Membership} is made. */
export interface MembershipOptions {
  /** This member's own id, 1 to 128 characters, unique in the mesh. */
  readonly id: string;
  /** The knobs, e.g. `swimProfiles.wan`. */
  readonly profile: SwimProfile;
  /** Uniform numbers from 0 up to, but not including, 1. */
  readonly random: () => number;
  /** First incarnation. Default 0; an earlier life is outdone anyway when the mesh still knows it. */
  readonly incarnation?: number;
}

/** What {@link Membership.pollOutput} yields. */
export type SwimOutput =
  | { readonly kind: 'send'; readonly to: string; readonly message: SwimMessage }
  /** A member was heard of for the first time (`previous` is undefined) or changed its state or incarnation. */
  | {
      readonly kind: 'changed';
      readonly id: string;
      readonly state: MemberState;
      readonly previous: MemberState | undefined;
      readonly incarnation: number;
    }
  /** Others took this member for suspect, dead or left; it answered with this incarnation. */
  | { readonly kind: 'refuted'; readonly incarnation: number };

/** What a timeout is for. */
export type SwimTimeout = 'probe' | 'indirect_probe' | 'gossip' | 'suspicion' | 'rejoin';

interface Probe {
  readonly target: string;
  readonly sequence: number;
  /** When others are asked; undefined once they were. */
  indirectAtMs: number | undefined;
  answered: boolean;
}

/**
 * One member's view of the mesh: SWIM with suspicion, as a state machine without clock, sockets or chance.
 *
 * Call order: any of `join`, `leave`, `handleMessage`, `handleTimeout`; after each one drain `pollOutput` to undefined, then
 * ask `pollTimeout` and call `handleTimeout` at that time. `nowMs` is monotonic and never goes back.
 *
 * Source: Das, Gupta, Motivala, "SWIM: Scalable Weakly-consistent Infection-style Process Group Membership Protocol"
 * (2002). SPEC.md lists the invariants.
 */
export class Membership {
  readonly id: string;
  readonly #profile: SwimProfile;
  readonly #random: () => number;
  readonly #members = new Map<string, MemberUpdate>();
  readonly #gossip = new GossipQueue();
  readonly #probes: ProbeList;
  readonly #outputs: SwimOutput[] = [];
  /** When suspects are declared dead. */
  readonly #suspicions = new Map<string, number>();
  /** When dead and departed members are forgotten. */
  readonly #forgetAtMs = new Map<string, number>();
  /** Probes made for others, by our own sequence number. */
  readonly #relayed = new Map<
    number,
    { readonly requester: string; readonly sequence: number; readonly untilMs: number }
  >();
  #seeds: readonly string[] = [];
  #incarnation: number;
  #sequence = 0;
  #probe: Probe | undefined;
  #nextProbeAtMs: number | undefined;
  #rejoinAtMs: number | undefined;
  /** Set while there is news. */
  #gossipAtMs: number | undefined;
  #left = false;

  /** @throws {SwimError} `invalid_option` for a bad id or a profile that can't work */
  constructor({ id, profile, random, incarnation = 0 }: MembershipOptions) {
    if (!isMemberId(id)) throw new SwimError('invalid_option', 'id must have 1 to 128 characters');
    this.id = id;
    this.#profile = checkProfile(profile);
    this.#random = random;
    this.#incarnation = incarnation;
    this.#probes = new ProbeList(random);
  }

  /** This member's own incarnation. */
  get incarnation(): number {
    return this.#incarnation;
  }

  /** What is known of the others, the dead and departed included while they are remembered. */
  members(): MemberUpdate[] {
    return [...this.#members.values()];
  }

  /** The state of another member, `undefined` when it is unknown. */
  stateOf(id: string): MemberState | undefined {
    return this.#members.get(id)?.state;
  }

  /**
   * Starts, and asks the seeds for their members. Seeds that are not members are asked again until they answer, so the order
   * in which members start does not matter. After `leave` it starts a new life.
   *
   * @param seeds ids of members that may be there; none for the first of a mesh
   */
  join(seeds: readonly string[], nowMs: number): void {
    if (this.#left) this.#incarnation += 1;
    this.#left = false;
    this.#seeds = seeds.filter((seed) => seed !== this.id);
    for (const seed of this.#seeds) this.#send(seed, { kind: 'join', gossip: [this.#self('alive')] });
    // A random phase keeps members that start together from probing together.
    this.#nextProbeAtMs = nowMs + this.#random() * this.#profile.probeIntervalMs;
    this.#planRejoin(nowMs);
  }

  /** Says goodbye to as many members as an update is sent times, and stops. Others see `left`, not `dead`. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    const fanout = retransmitLimit(this.#profile, this.#members.size + 1);
    for (const id of sample(this.#reachable(), fanout, this.#random))
      this.#send(id, { kind: 'gossip', gossip: [this.#self('left')] });
    this.#probe = undefined;
    this.#nextProbeAtMs = undefined;
    this.#rejoinAtMs = undefined;
    this.#gossipAtMs = undefined;
    this.#suspicions.clear();
    this.#relayed.clear();
  }

  /**
   * Takes a message. The shell vouches for `fromId`: it is the id of the authenticated peer.
   *
   * @throws {SwimError} `invalid_message` when it is out of bounds; nothing changed then
   */
  handleMessage(fromId: string, message: SwimMessage, nowMs: number): void {
    checkMessage(message);
    if (this.#left || this.#nextProbeAtMs === undefined) return;
    for (const update of message.gossip) this.#merge(update, nowMs);
    switch (message.kind) {
      case 'ping':
        this.#send(fromId, { kind: 'ack', sequence: message.sequence, gossip: this.#takeGossip(fromId) });
        return;
      case 'ping_request':
        this.#probeFor(fromId, message.target, message.sequence, nowMs);
        return;
      case 'ack':
        this.#handleAck(fromId, message.sequence);
        return;
      case 'join':
        this.#send(fromId, { kind: 'join_reply', gossip: [this.#self('alive'), ...this.#members.values()] });
        return;
      case 'join_reply':
      case 'gossip':
        return;
    }
  }

  /** Does everything that is due at `nowMs`. Calling it too early is harmless. */
  handleTimeout(nowMs: number): void {
    if (this.#probe?.indirectAtMs !== undefined && this.#probe.indirectAtMs <= nowMs)
      this.#probeIndirectly(this.#probe);
    if (this.#nextProbeAtMs !== undefined && this.#nextProbeAtMs <= nowMs) this.#endAndStartProbe(nowMs);
    for (const [id, atMs] of this.#suspicions) {
      const member = this.#members.get(id);
      if (atMs <= nowMs && member !== undefined) this.#merge({ ...member, state: 'dead' }, nowMs);
    }
    if (this.#gossipAtMs !== undefined && this.#gossipAtMs <= nowMs) this.#spread(nowMs);
    if (this.#rejoinAtMs !== undefined && this.#rejoinAtMs <= nowMs) this.#rejoin(nowMs);
  }

  /** The next thing to do for the shell, or `undefined` when all is done. */
  pollOutput(): SwimOutput | undefined {
    return this.#outputs.shift();
  }

  /** When `handleTimeout` is to be called next, and for what; `undefined` before `join` and after `leave`. */
  pollTimeout(): { readonly atMs: number; readonly why: SwimTimeout } | undefined {
    let next: { atMs: number; why: SwimTimeout } | undefined;
    const consider = (atMs: number | undefined, why: SwimTimeout) => {
      if (atMs !== undefined && (next === undefined || atMs < next.atMs)) next = { atMs, why };
    };
    consider(this.#nextProbeAtMs, 'probe');
    consider(this.#probe?.indirectAtMs, 'indirect_probe');
    for (const atMs of this.#suspicions.values()) consider(atMs, 'suspicion');
    consider(this.#gossipAtMs, 'gossip');
    consider(this.#rejoinAtMs, 'rejoin');
    return next;
  }

  #endAndStartProbe(nowMs: number): void {
    const failed = this.#probe?.answered === false ? this.#members.get(this.#probe.target) : undefined;
    if (failed?.state === 'alive') this.#merge({ ...failed, state: 'suspect' }, nowMs);
    this.#probe = undefined;
    this.#nextProbeAtMs = nowMs + this.#profile.probeIntervalMs;
    this.#forgetOld(nowMs);
    const target = this.#probes.next(
      (id) => isReachable(this.#members.get(id)),
      () => this.#reachable(),
    );
    if (target === undefined) return;
    const sequence = ++this.#sequence;
    this.#probe = { target, sequence, indirectAtMs: nowMs + this.#profile.probeTimeoutMs, answered: false };
    this.#send(target, { kind: 'ping', sequence, gossip: this.#takeGossip(target) });
  }

  #probeIndirectly(probe: Probe): void {
    probe.indirectAtMs = undefined;
    const { target, sequence } = probe;
    const others = this.#reachable().filter((id) => id !== target);
    for (const id of sample(others, this.#profile.indirectProbes, this.#random))
      this.#send(id, { kind: 'ping_request', sequence, target, gossip: this.#takeGossip(id) });
  }

  #probeFor(requester: string, target: string, sequence: number, nowMs: number): void {
    if (this.#relayed.size >= relayedProbesMax || !this.#members.has(target)) return;
    const own = ++this.#sequence;
    this.#relayed.set(own, { requester, sequence, untilMs: nowMs + this.#profile.probeIntervalMs });
    this.#send(target, { kind: 'ping', sequence: own, gossip: this.#takeGossip(target) });
  }

  #handleAck(fromId: string, sequence: number): void {
    const relayed = this.#relayed.get(sequence);
    if (relayed !== undefined) {
      this.#relayed.delete(sequence);
      const gossip = this.#takeGossip(relayed.requester);
      this.#send(relayed.requester, { kind: 'ack', sequence: relayed.sequence, gossip });
    } else if (this.#probe?.sequence === sequence && isReachable(this.#members.get(fromId))) {
      this.#probe.answered = true;
      this.#probe.indirectAtMs = undefined;
    }
  }

  #merge(update: MemberUpdate, nowMs: number): void {
    if (update.id === this.id) {
      this.#refute(update, nowMs);
      return;
    }
    const known = this.#members.get(update.id);
    if (known === undefined ? this.#members.size >= membersMax : !supersedes(update, known)) return;
    const { id, incarnation, state } = update;
    this.#members.set(id, { id, incarnation, state });
    this.#announce({ id, incarnation, state }, nowMs);
    this.#suspicions.delete(id);
    this.#forgetAtMs.delete(id);
    if (!isReachable(known) && isReachable(update)) this.#probes.add(id);
    if (state === 'suspect')
      this.#suspicions.set(id, nowMs + suspicionTimeoutMs(this.#profile, this.#reachable().length + 1));
    if (!isReachable(update)) this.#forgetAtMs.set(id, nowMs + this.#profile.deadRetentionMs);
    this.#outputs.push({ kind: 'changed', id, state, previous: known?.state, incarnation });
  }

  /** What others say of us is true only if we said it: everything else is outdone by a larger incarnation. */
  #refute(update: MemberUpdate, nowMs: number): void {
    if (!supersedes(update, this.#self('alive'))) return;
    this.#incarnation = update.incarnation + 1;
    this.#announce(this.#self('alive'), nowMs);
    this.#outputs.push({ kind: 'refuted', incarnation: this.#incarnation });
  }

  #announce(update: MemberUpdate, nowMs: number): void {
    this.#gossip.push(update);
    this.#gossipAtMs ??= nowMs + this.#profile.gossipIntervalMs;
  }

  #spread(nowMs: number): void {
    this.#gossipAtMs = undefined;
    for (const id of sample(this.#reachable(), this.#profile.gossipFanout, this.#random)) {
      const gossip = this.#takeGossip(id);
      if (gossip.length > 0) this.#send(id, { kind: 'gossip', gossip });
    }
    if (!this.#gossip.isEmpty) this.#gossipAtMs = nowMs + this.#profile.gossipIntervalMs;
  }

  #rejoin(nowMs: number): void {
    const absent = new Set(this.#seeds.filter((seed) => !isReachable(this.#members.get(seed))));
    for (const member of this.#members.values()) if (member.state === 'dead') absent.add(member.id);
    const candidates = absent.size > 0 ? [...absent] : this.#reachable();
    for (const id of sample(candidates, 1, this.#random)) {
      const known = this.#members.get(id);
      // What we believe of it goes along, so that it can refute.
      const gossip = known === undefined ? [this.#self('alive')] : [this.#self('alive'), known];
      this.#send(id, { kind: 'join', gossip });
    }
    this.#planRejoin(nowMs);
  }

  /** Alone there is nothing to lose by asking often. */
  #planRejoin(nowMs: number): void {
    const { probeIntervalMs, rejoinIntervalMs } = this.#profile;
    this.#rejoinAtMs = nowMs + (this.#reachable().length === 0 ? probeIntervalMs : rejoinIntervalMs);
  }

  #forgetOld(nowMs: number): void {
    for (const [sequence, { untilMs }] of this.#relayed) if (untilMs <= nowMs) this.#relayed.delete(sequence);
    for (const [id, atMs] of this.#forgetAtMs) {
      if (atMs > nowMs) continue;
      this.#forgetAtMs.delete(id);
      this.#members.delete(id);
      this.#gossip.drop(id);
    }
  }

  /** A member we hold for dead, but which talks to us, is told so. */
  #takeGossip(to: string): MemberUpdate[] {
    const { gossipPerMessageMax } = this.#profile;
    const gossip = this.#gossip.take(
      gossipPerMessageMax,
      retransmitLimit(this.#profile, this.#members.size + 1),
    );
    const receiver = this.#members.get(to);
    return receiver?.state === 'dead' ? [...gossip, receiver] : gossip;
  }

  #reachable(): string[] {
    const ids: string[] = [];
    for (const member of this.#members.values()) if (isReachable(member)) ids.push(member.id);
    return ids;
  }

  #self(state: MemberState): MemberUpdate {
    return { id: this.id, incarnation: this.#incarnation, state };
  }

  #send(to: string, message: SwimMessage): void {
    this.#outputs.push({ kind: 'send', to, message });
  }
}

function isReachable(member: MemberUpdate | undefined): boolean {
  return member?.state === 'alive' || member?.state === 'suspect';
}
