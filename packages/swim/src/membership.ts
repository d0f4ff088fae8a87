import { type ClaimSigner, compareClaims, type MemberClaim } from './claim.js';
import { SwimError } from './errors.js';
import { Gossip } from './gossip.js';
import { membersMax } from './limits.js';
import { LocalHealth } from './local-health.js';
import { claimDigest, MemberTable } from './member-table.js';
import {
  checkMessage,
  isMemberId,
  type MemberState,
  type MemberUpdate,
  type SwimMessage,
  supersedes,
  tells,
} from './messages.js';
import type { MembershipOptions, SwimOutput, SwimTimeout } from './options.js';
import { OwnClaim } from './own-claim.js';
import { Probe } from './probe.js';
import { ProbeList } from './probe-list.js';
import { checkProfile, newsSends, type SwimProfile } from './profile.js';
import { RelayedProbes } from './relayed-probes.js';
import { sample } from './sample.js';
import { Suspicions } from './suspicions.js';

/**
 * One member's view of the mesh: SWIM with Lifeguard, as a state machine without clock, sockets or chance.
 *
 * Call order: any of `join`, `drain`, `leave`, `setMetadata`, `forget`, `handleMessage`, `handleTimeout`; after each one drain `pollOutput` to
 * undefined, then ask `pollTimeout` and call `handleTimeout` at that time. `nowMs` is monotonic and never goes back. A timeout that comes more
 * than a probe interval late means that this process stood still: then nobody is judged for what was not heard.
 *
 * Sources: Das, Gupta, Motivala, "SWIM: Scalable Weakly-consistent Infection-style Process Group Membership Protocol"
 * (2002); Dadgar, Phillips, Currey, "Lifeguard" (2017). SPEC.md lists the invariants.
 */
export class Membership {
  readonly id: string;
  readonly #profile: SwimProfile;
  readonly #random: () => number;
  readonly #signer: ClaimSigner;
  readonly #own: OwnClaim;
  readonly #table = new MemberTable();
  readonly #gossip: Gossip;
  readonly #probes: ProbeList;
  readonly #relayed = new RelayedProbes();
  readonly #suspicions: Suspicions;
  readonly #health: LocalHealth;
  readonly #outputs: SwimOutput[] = [];
  /** When dead and departed members are forgotten. */
  readonly #forgetAtMs = new Map<string, number>();
  #seeds: readonly string[] = [];
  #sequence = 0;
  #probe: Probe | undefined;
  #nextProbeAtMs: number | undefined;
  #rejoinAtMs: number | undefined;
  /** Set while there is news. */
  #gossipAtMs: number | undefined;

  /** @throws {SwimError} `invalid_option` for a bad id, too much metadata, or a profile that can't work */
  constructor(options: MembershipOptions) {
    const { id, profile, random, signer } = options;
    if (!isMemberId(id)) throw new SwimError('invalid_option', 'id must have 1 to 128 characters');
    this.id = id;
    this.#profile = checkProfile(profile);
    this.#random = random;
    this.#signer = signer;
    this.#probes = new ProbeList(random);
    this.#gossip = new Gossip(profile);
    this.#suspicions = new Suspicions(profile);
    this.#health = new LocalHealth(profile.localHealthMax);
    this.#own = new OwnClaim(options);
  }

  /** This member's own last word. */
  get claim(): MemberClaim {
    return this.#own.claim;
  }

  /** Lifeguard's local health score: 0 is healthy, `localHealthMax` the worst. */
  get localHealthScore(): number {
    return this.#health.score;
  }

  /** What is known of the others, the dead and departed included while they are remembered. */
  members(): MemberUpdate[] {
    return this.#table.updates();
  }

  /** What is known of another member. */
  member(id: string): MemberUpdate | undefined {
    return this.#table.get(id);
  }

  /** The state of another member, `undefined` when it is unknown. */
  stateOf(id: string): MemberState | undefined {
    return this.#table.get(id)?.state;
  }

  /**
   * Starts, and asks the seeds for their members. Seeds that are not members are asked again until they answer, so the order
   * in which members start does not matter. After `leave` it starts a new life.
   *
   * @param seeds ids of members that may be there; none for the first of a mesh
   */
  join(seeds: readonly string[], nowMs: number): void {
    if (this.claim.status === 'left') this.#own.setStatus('alive');
    this.#seeds = seeds.filter((seed) => seed !== this.id);
    for (const seed of this.#seeds) this.#send(seed, { kind: 'join', gossip: [this.#own.update] });
    // In a new life.
    if (this.#table.reachableCount > 0) this.#announce(this.#own.update, nowMs);
    // Whoever left while it suspected somebody begins again.
    for (const { claim, state } of this.#table.updates())
      if (state === 'suspect')
        this.#suspicions.start(claim, undefined, this.#table.reachableCount + 1, nowMs);
    // A random phase keeps members that start together from probing together.
    this.#nextProbeAtMs = nowMs + this.#random() * this.#profile.probeIntervalMs;
    this.#planRejoin(nowMs);
  }

  /** Tells everybody that this member is about to stop. It goes on as a member until `leave`. Again, or after `leave`: no effect. */
  drain(nowMs: number): void {
    if (this.claim.status !== 'alive') return;
    this.#own.setStatus('draining');
    this.#announce(this.#own.update, nowMs);
  }

  /** Says goodbye to as many members as an update is sent times, and stops. Others see `left`, not `dead`. */
  leave(): void {
    if (this.claim.status === 'left') return;
    this.#own.setStatus('left');
    const fanout = newsSends(this.#profile, this.#table.size + 1);
    for (const id of this.#table.sample(fanout, this.#random))
      this.#send(id, { kind: 'gossip', gossip: [this.#own.update] });
    this.#probe = undefined;
    this.#nextProbeAtMs = undefined;
    this.#rejoinAtMs = undefined;
    this.#gossipAtMs = undefined;
    this.#suspicions.clear();
    this.#relayed.clear();
  }

  /** Changes what this member says beside that it lives. @throws {SwimError} `invalid_option` beyond 256 bytes */
  setMetadata(metadata: Uint8Array, nowMs: number): void {
    this.#own.setMetadata(metadata);
    if (this.#nextProbeAtMs !== undefined) this.#announce(this.#own.update, nowMs);
  }

  /** Takes a member out of the table, e.g. because its key is not admitted any more. `verify` must refuse it from then on. */
  forget(id: string): void {
    this.#suspicions.drop(id);
    this.#forgetAtMs.delete(id);
    this.#gossip.drop(id);
    this.#table.delete(id);
    this.#seeds = this.#seeds.filter((seed) => seed !== id);
    if (this.#probe?.target === id) this.#probe = undefined;
  }

  /**
   * Takes a message. The shell vouches for `fromId`: it is the id of the authenticated peer.
   *
   * @throws {SwimError} `invalid_message` when it is out of bounds; nothing changed then
   */
  handleMessage(fromId: string, message: SwimMessage, nowMs: number): void {
    checkMessage(message);
    if (this.#nextProbeAtMs === undefined) return;
    this.#noticeStall(nowMs);
    const isList = message.kind === 'join_reply';
    const source = { fromId, isList, isNewcomer: this.#table.reachableCount === 0 };
    for (const update of message.gossip) this.#merge(update, source, nowMs);
    if (source.isNewcomer && this.#table.reachableCount > 0) this.#announce(this.#own.update, nowMs);
    switch (message.kind) {
      case 'ping':
        this.#answer(fromId, message.sequence, message.gossip);
        return;
      case 'ping_request':
        this.#probeFor(fromId, message.target, message.sequence, nowMs);
        return;
      case 'ack':
        this.#handleAck(fromId, message.sequence);
        return;
      case 'nack':
        if (this.#probe?.sequence === message.sequence) this.#probe.handleNack(fromId);
        return;
      case 'compare':
        if (message.digest !== this.#digest()) this.#sendList(fromId);
        return;
      case 'join':
        this.#sendList(fromId);
        return;
      case 'join_reply':
      case 'gossip':
        return;
    }
  }

  /** Does everything that is due at `nowMs`. Calling it too early is harmless. */
  handleTimeout(nowMs: number): void {
    this.#noticeStall(nowMs);
    for (const { requester, sequence } of this.#relayed.unanswered(nowMs))
      this.#send(requester, { kind: 'nack', sequence, gossip: this.#takeGossip(requester) });
    if (this.#probe?.indirectAtMs !== undefined && this.#probe.indirectAtMs <= nowMs)
      this.#probeIndirectly(this.#probe);
    if (this.#nextProbeAtMs !== undefined && this.#nextProbeAtMs <= nowMs) this.#endAndStartProbe(nowMs);
    const { ask, over } = this.#suspicions.steps(nowMs);
    for (const id of ask)
      this.#send(id, { kind: 'ping', sequence: ++this.#sequence, gossip: this.#takeGossip(id) });
    for (const claim of over) this.#believe({ claim, state: 'dead' }, true, nowMs);
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
    consider(this.#relayed.nextAtMs(), 'nack');
    consider(this.#suspicions.nextAtMs(), 'suspicion');
    consider(this.#gossipAtMs, 'gossip');
    consider(this.#rejoinAtMs, 'rejoin');
    return next;
  }

  /** A timeout that is late by more than an interval: answers may wait unread, and refutations too. */
  #noticeStall(nowMs: number): void {
    const lateMs = nowMs - (this.pollTimeout()?.atMs ?? nowMs);
    if (lateMs <= this.#profile.probeIntervalMs) return;
    this.#probe = undefined;
    this.#nextProbeAtMs = nowMs;
    this.#suspicions.postpone(lateMs + this.#profile.probeIntervalMs);
    // Whoever asked us has given up.
    this.#relayed.clear();
    if (this.#gossipAtMs !== undefined) this.#gossipAtMs = Math.max(this.#gossipAtMs, nowMs);
    if (this.#rejoinAtMs !== undefined) this.#rejoinAtMs = Math.max(this.#rejoinAtMs, nowMs);
    this.#health.worse();
    this.#outputs.push({ kind: 'stalled', lateMs });
  }

  #endAndStartProbe(nowMs: number): void {
    if (this.#probe?.isAnswered === false) this.#fail(this.#probe, nowMs);
    this.#probe = undefined;
    this.#nextProbeAtMs = nowMs + this.#profile.probeIntervalMs * this.#health.multiplier;
    this.#forgetOld(nowMs);
    const target = this.#probes.next(
      (id) => this.#table.isReachable(id),
      () => this.#table.reachable(),
    );
    if (target === undefined) return;
    const sequence = ++this.#sequence;
    const indirectAtMs = nowMs + this.#profile.probeTimeoutMs * this.#health.multiplier;
    this.#probe = new Probe(target, sequence, indirectAtMs);
    this.#send(target, { kind: 'ping', sequence, gossip: this.#takeGossip(target) });
  }

  /** Who is well hears at least that others got no answer either. */
  #fail(probe: Probe, nowMs: number): void {
    if (!probe.isConfirmedByOthers) this.#health.worse();
    const known = this.#table.get(probe.target);
    if (known !== undefined) this.#suspect(known, this.id, true, nowMs);
  }

  #probeIndirectly(probe: Probe): void {
    probe.indirectAtMs = undefined;
    const { target, sequence } = probe;
    for (const id of this.#table.sample(this.#profile.indirectProbes, this.#random, target)) {
      probe.ask(id);
      this.#send(id, { kind: 'ping_request', sequence, target, gossip: this.#takeGossip(id) });
    }
  }

  #probeFor(requester: string, target: string, sequence: number, nowMs: number): void {
    if (!this.#relayed.hasRoom || this.#table.get(target) === undefined) return;
    const own = ++this.#sequence;
    const { probeIntervalMs, probeTimeoutMs } = this.#profile;
    const times = { nackAtMs: nowMs + probeTimeoutMs * nackShare, untilMs: nowMs + probeIntervalMs };
    this.#relayed.add(own, { requester, sequence, target }, times);
    this.#send(target, { kind: 'ping', sequence: own, gossip: this.#takeGossip(target) });
  }

  /** Who is wrong about us hears it at once. */
  #answer(to: string, sequence: number, heard: readonly MemberUpdate[]): void {
    const isWrong = heard.some((update) => this.#own.contradicts(update));
    const gossip = this.#takeGossip(to, isWrong ? this.#own.update : undefined);
    this.#send(to, { kind: 'ack', sequence, gossip });
  }

  #handleAck(fromId: string, sequence: number): void {
    if (this.#probe?.sequence === sequence) {
      if (this.#probe.handleAck(fromId)) this.#health.better();
      return;
    }
    const relayed = this.#relayed.take(sequence, fromId);
    if (relayed === undefined) return;
    const gossip = this.#takeGossip(relayed.requester);
    this.#send(relayed.requester, { kind: 'ack', sequence: relayed.sequence, gossip });
  }

  #merge(update: MemberUpdate, { fromId, isList, isNewcomer }: Source, nowMs: number): void {
    const { claim, state, by } = update;
    const isSelf = claim.id === this.id;
    const known = isSelf ? this.#own.update : this.#table.get(claim.id);
    if (known === undefined ? this.#table.size >= membersMax : !tells(update, known)) return;
    if (known === undefined || compareClaims(claim, known.claim) !== 0) {
      if (!this.#signer.verify(claim)) {
        this.#outputs.push({ kind: 'refused', id: claim.id, from: fromId });
        return;
      }
    }
    const isNews = !isList || (known === undefined && !isNewcomer);
    if (isSelf) this.#refute(claim, nowMs);
    else if (state === 'suspect') this.#suspect(update, by, isNews, nowMs);
    else if (state === 'dead' && known?.state === 'suspect' && compareClaims(claim, known.claim) === 0)
      this.#suspicions.shorten(claim.id);
    else if (state === 'dead' && this.#table.isReachable(claim.id)) this.#doubt(update, isNews, nowMs);
    else this.#believe(update, isNews, nowMs);
  }

  /**
   * Nobody is dead by hearsay: whoever holds a member for alive asks it next. When a partition heals, each half tells the other one that it is
   * dead.
   */
  #doubt(update: MemberUpdate, isNews: boolean, nowMs: number): void {
    const { claim } = update;
    const alive: MemberUpdate = { claim, state: 'alive' };
    if (supersedes(alive, this.#table.get(claim.id) as MemberUpdate)) this.#believe(alive, isNews, nowMs);
    this.#gossip.doubt(update);
    this.#probes.addFirst(claim.id);
  }

  #suspect(update: MemberUpdate, by: string | undefined, isNews: boolean, nowMs: number): void {
    const { claim } = update;
    const suspected: MemberUpdate =
      by === undefined ? { claim, state: 'suspect' } : { claim, state: 'suspect', by };
    const known = this.#table.get(claim.id);
    if (known === undefined || supersedes(suspected, known)) this.#believe(suspected, isNews, nowMs);
    else if (known.state === 'suspect' && by !== undefined && this.#suspicions.confirm(claim.id, by)) {
      // In a wave of suspicions there is no room for more of the same, and no hurry.
      if (!this.#gossip.isWave) this.#announce(suspected, nowMs);
    }
  }

  /** Takes over what supersedes what is known. */
  #believe(update: MemberUpdate, isNews: boolean, nowMs: number): void {
    const { claim, state } = update;
    const { id } = claim;
    const previous = this.#table.get(id);
    const wasReachable = this.#table.isReachable(id);
    this.#table.set(update);
    if (isNews) this.#announce(update, nowMs);
    this.#suspicions.drop(id);
    this.#forgetAtMs.delete(id);
    const isReachable = this.#table.isReachable(id);
    if (!wasReachable && isReachable) this.#probes.add(id);
    if (state === 'suspect') this.#suspicions.start(claim, update.by, this.#table.reachableCount + 1, nowMs);
    if (!isReachable) this.#forgetAtMs.set(id, nowMs + this.#profile.deadRetentionMs);
    this.#outputs.push({ kind: 'changed', id, state, previous: previous?.state, claim });
  }

  /** What others say of us is true only if we said it: everything else is outdone by a larger incarnation. */
  #refute({ incarnation }: MemberClaim, nowMs: number): void {
    this.#own.outdo(incarnation);
    this.#health.worse();
    this.#announce(this.#own.update, nowMs);
    this.#outputs.push({ kind: 'refuted', incarnation: incarnation + 1 });
  }

  #announce(update: MemberUpdate, nowMs: number): void {
    this.#gossip.push(update);
    this.#gossipAtMs ??= nowMs + this.#profile.gossipIntervalMs;
  }

  #spread(nowMs: number): void {
    this.#gossipAtMs = undefined;
    for (const id of this.#table.sample(this.#profile.gossipFanout, this.#random)) {
      const gossip = this.#takeGossip(id);
      if (gossip.length > 0) this.#send(id, { kind: 'gossip', gossip });
    }
    if (this.#gossip.size > 0) this.#gossipAtMs = nowMs + this.#profile.gossipIntervalMs;
  }

  #rejoin(nowMs: number): void {
    const absent = new Set(this.#seeds.filter((seed) => !this.#table.isReachable(seed)));
    for (const id of this.#forgetAtMs.keys()) if (this.#table.get(id)?.state === 'dead') absent.add(id);
    for (const id of sample([...absent], 1, this.#random)) {
      const known = this.#table.get(id);
      // What we believe of it goes along, so that it can refute.
      const gossip = known === undefined ? [this.#own.update] : [this.#own.update, known];
      this.#send(id, { kind: 'join', gossip });
    }
    for (const id of this.#table.sample(1, this.#random))
      this.#send(id, { kind: 'compare', digest: this.#digest(), gossip: this.#takeGossip(id) });
    this.#planRejoin(nowMs);
  }

  /** Alone there is nothing to lose by asking often. */
  #planRejoin(nowMs: number): void {
    const { probeIntervalMs, rejoinIntervalMs } = this.#profile;
    // A random phase keeps the members that saw one partition begin from asking at one time.
    const intervalMs =
      this.#table.reachableCount === 0 ? probeIntervalMs : rejoinIntervalMs * (0.5 + this.#random());
    this.#rejoinAtMs = nowMs + intervalMs;
  }

  #forgetOld(nowMs: number): void {
    // In order of time: whatever is put in anew goes to the end.
    for (const [id, atMs] of this.#forgetAtMs) {
      if (atMs > nowMs) return;
      this.#forgetAtMs.delete(id);
      this.#table.delete(id);
      this.#gossip.drop(id);
    }
  }

  #takeGossip(to: string, alsoTold?: MemberUpdate): MemberUpdate[] {
    const receiver = this.#table.get(to);
    return this.#gossip.takeFor(to, [receiver, alsoTold], this.#table.size + 1);
  }

  #sendList(to: string): void {
    this.#send(to, { kind: 'join_reply', gossip: [this.#own.update, ...this.#table.updates()] });
  }

  #digest(): number {
    return (this.#table.digest + claimDigest(this.#own.update)) >>> 0;
  }

  #send(to: string, message: SwimMessage): void {
    this.#outputs.push({ kind: 'send', to, message });
  }
}

interface Source {
  readonly fromId: string;
  /** What changed in a list is going round anyway. Only unknown members may be news: two meshes met. */
  readonly isList: boolean;
  /** Whoever knew nobody has nobody to tell. */
  readonly isNewcomer: boolean;
}

/** Of the probe timeout: the answer "none yet" must still arrive within it. */
const nackShare = 0.8;
