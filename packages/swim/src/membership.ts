import { Beliefs } from './beliefs.js';
import type { MemberClaim } from './claim.js';
import { SwimError } from './errors.js';
import { MemberParts } from './member-parts.js';
import {
  checkMessage,
  isMemberId,
  type MemberState,
  type MemberUpdate,
  type SwimMessage,
} from './messages.js';
import { News } from './news.js';
import type { MembershipOptions, SwimOutput, SwimTimeout } from './options.js';
import { ProbeList } from './probe-list.js';
import { Prober } from './prober.js';
import { Reunion } from './reunion.js';

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
  readonly #parts: MemberParts;
  readonly #news: News;
  readonly #beliefs: Beliefs;
  readonly #prober: Prober;
  readonly #reunion: Reunion;

  /** @throws {SwimError} `invalid_option` for a bad id or incarnation, too much metadata, or a profile that can't work */
  constructor(options: MembershipOptions) {
    const { id, random } = options;
    if (!isMemberId(id)) throw new SwimError('invalid_option', 'id must have 1 to 128 characters');
    this.id = id;
    const probes = new ProbeList(random);
    this.#parts = new MemberParts(options);
    this.#news = new News(this.#parts);
    this.#beliefs = new Beliefs(this.#parts, this.#news, probes);
    this.#prober = new Prober(this.#parts, this.#news, this.#beliefs, probes);
    this.#reunion = new Reunion(this.#parts, this.#news, this.#beliefs);
  }

  /** This member's own last word. */
  get claim(): MemberClaim {
    return this.#parts.own.claim;
  }

  /** Lifeguard's local health score: 0 is healthy, `localHealthMax` the worst. */
  get localHealthScore(): number {
    return this.#parts.health.score;
  }

  /** What is known of the others, the dead and departed included while they are remembered. */
  members(): MemberUpdate[] {
    return this.#parts.table.updates();
  }

  /** What is known of another member. */
  member(id: string): MemberUpdate | undefined {
    return this.#parts.table.get(id);
  }

  /** The state of another member, `undefined` when it is unknown. */
  stateOf(id: string): MemberState | undefined {
    return this.#parts.table.get(id)?.state;
  }

  /**
   * Starts, and asks the seeds for their members. Seeds that are not members are asked again until they answer, so the order
   * in which members start does not matter. After `leave` it starts a new life; while it runs, it has other seeds from now on.
   *
   * @param seeds ids of members that may be there; none for the first of a mesh
   */
  join(seeds: readonly string[], nowMs: number): void {
    const { own, table } = this.#parts;
    const wasRunning = this.#isRunning;
    if (this.claim.status === 'left') own.setStatus('alive');
    this.#reunion.start(seeds, nowMs);
    if (wasRunning) return;
    // In a new life.
    if (table.reachableCount > 0) this.#news.announce(own.update, nowMs);
    this.#beliefs.start(nowMs);
    this.#prober.start(nowMs);
  }

  /** Tells everybody that this member is about to stop. It goes on as a member until `leave`. Again, or after `leave`: no effect. */
  drain(nowMs: number): void {
    const { own } = this.#parts;
    if (this.claim.status !== 'alive') return;
    own.setStatus('draining');
    if (this.#isRunning) this.#news.announce(own.update, nowMs);
  }

  /** Says goodbye to as many members as an update is sent times, to each of a few three times, and stops. Others see `left`, not `dead`. */
  leave(): void {
    if (this.claim.status === 'left') return;
    this.#parts.own.setStatus('left');
    this.#news.sayGoodbye();
    this.#prober.stop();
    this.#reunion.stop();
    this.#beliefs.stop();
  }

  /** Changes what this member says beside that it lives. @throws {SwimError} `invalid_option` beyond 256 bytes */
  setMetadata(metadata: Uint8Array, nowMs: number): void {
    const { own } = this.#parts;
    own.setMetadata(metadata);
    if (this.#isRunning) this.#news.announce(own.update, nowMs, true);
  }

  /** Takes a member out of the table, e.g. because its key is not admitted any more. `verify` must refuse it from then on. */
  forget(id: string): void {
    this.#beliefs.forget(id);
    this.#prober.forget(id);
    this.#reunion.forget(id);
  }

  /**
   * Takes a message. The shell vouches for `fromId`: it is the id of the authenticated peer.
   *
   * @throws {SwimError} `invalid_message` when it is out of bounds; nothing changed then
   */
  handleMessage(fromId: string, message: SwimMessage, nowMs: number): void {
    checkMessage(message);
    if (!this.#isRunning) return;
    this.#noticeStall(nowMs);
    const { own, table } = this.#parts;
    const isList = message.kind === 'join_reply';
    const wasAlone = table.reachableCount === 0;
    const isNewcomer = isList ? this.#reunion.isIntroduction(fromId, nowMs) : wasAlone;
    for (const update of message.gossip) this.#beliefs.merge(update, { fromId, isList, isNewcomer }, nowMs);
    if (wasAlone && table.reachableCount > 0) this.#news.announce(own.update, nowMs);
    switch (message.kind) {
      case 'ping':
        this.#prober.handlePing(fromId, message.sequence, message.gossip);
        return;
      case 'ping_request':
        this.#prober.handleRequest(fromId, message.target, message.sequence, nowMs);
        return;
      case 'ack':
        this.#prober.handleAck(fromId, message.sequence);
        return;
      case 'nack':
        this.#prober.handleNack(fromId, message.sequence);
        return;
      case 'compare':
        this.#reunion.handleCompare(fromId, message.digest, nowMs);
        return;
      case 'join':
        this.#reunion.handleJoin(fromId, nowMs);
        return;
      case 'join_reply':
      case 'gossip':
        return;
    }
  }

  /** Does everything that is due at `nowMs`. Calling it too early is harmless. */
  handleTimeout(nowMs: number): void {
    this.#noticeStall(nowMs);
    this.#prober.handleTimeout(nowMs);
    this.#beliefs.handleTimeout(nowMs);
    this.#news.handleTimeout(nowMs);
    this.#reunion.handleTimeout(nowMs);
  }

  /** The next thing to do for the shell, or `undefined` when all is done. */
  pollOutput(): SwimOutput | undefined {
    return this.#parts.outputs.shift();
  }

  /** When `handleTimeout` is to be called next, and for what; `undefined` before `join` and after `leave`. */
  pollTimeout(): { readonly atMs: number; readonly why: SwimTimeout } | undefined {
    let next: { atMs: number; why: SwimTimeout } | undefined;
    const consider = (atMs: number | undefined, why: SwimTimeout) => {
      if (atMs !== undefined && (next === undefined || atMs < next.atMs)) next = { atMs, why };
    };
    consider(this.#prober.nextAtMs, 'probe');
    consider(this.#prober.indirectAtMs, 'indirect_probe');
    consider(this.#prober.nackAtMs, 'nack');
    consider(this.#beliefs.suspicionAtMs, 'suspicion');
    consider(this.#news.atMs, 'gossip');
    consider(this.#reunion.atMs, 'rejoin');
    return next;
  }

  /** Between `join` and `leave`. */
  get #isRunning(): boolean {
    return this.#prober.nextAtMs !== undefined;
  }

  /** A timeout that is late by more than an interval: answers may wait unread, and refutations too. */
  #noticeStall(nowMs: number): void {
    const { profile, health, outputs } = this.#parts;
    const lateMs = nowMs - (this.pollTimeout()?.atMs ?? nowMs);
    if (lateMs <= profile.probeIntervalMs) return;
    this.#prober.handleStall(nowMs);
    this.#beliefs.handleStall(lateMs + profile.probeIntervalMs);
    this.#news.handleStall(nowMs);
    this.#reunion.handleStall(nowMs);
    health.worse();
    outputs.push({ kind: 'stalled', lateMs });
  }
}
