import type { Beliefs } from './beliefs.js';
import type { MemberParts } from './member-parts.js';
import type { MemberUpdate } from './messages.js';
import type { News } from './news.js';
import { Probe } from './probe.js';
import type { ProbeList } from './probe-list.js';
import { RelayedProbes } from './relayed-probes.js';

/** Asks one member after the other whether it lives, itself and by others, and asks for others. */
export class Prober {
  readonly #parts: MemberParts;
  readonly #news: News;
  readonly #beliefs: Beliefs;
  readonly #probes: ProbeList;
  readonly #relayed = new RelayedProbes();
  #probe: Probe | undefined;
  #nextAtMs: number | undefined;

  constructor(parts: MemberParts, news: News, beliefs: Beliefs, probes: ProbeList) {
    this.#parts = parts;
    this.#news = news;
    this.#beliefs = beliefs;
    this.#probes = probes;
  }

  /** When the next probe begins; undefined while this member takes no part. */
  get nextAtMs(): number | undefined {
    return this.#nextAtMs;
  }

  /** When others are asked to probe. */
  get indirectAtMs(): number | undefined {
    return this.#probe?.indirectAtMs;
  }

  /** When somebody is told that there is no answer yet. */
  get nackAtMs(): number | undefined {
    return this.#relayed.nextAtMs();
  }

  /** A random phase keeps members that start together from probing together. */
  start(nowMs: number): void {
    this.#nextAtMs = nowMs + this.#parts.random() * this.#parts.profile.probeIntervalMs;
  }

  /** Asks nobody any more. */
  stop(): void {
    this.#probe = undefined;
    this.#nextAtMs = undefined;
    this.#relayed.clear();
  }

  /** Forgets a member. */
  forget(id: string): void {
    if (this.#probe?.target === id) this.#probe = undefined;
  }

  /** This process stood still until now: answers may wait unread, and whoever asked us has given up. */
  handleStall(nowMs: number): void {
    this.#probe = undefined;
    this.#nextAtMs = nowMs;
    this.#relayed.clear();
  }

  /** Tells requesters that there is no answer yet, asks others for help, and ends one probe and begins the next. */
  handleTimeout(nowMs: number): void {
    for (const { requester, sequence } of this.#relayed.unanswered(nowMs))
      this.#parts.send(requester, { kind: 'nack', sequence, gossip: this.#news.takeFor(requester) });
    if (this.#probe?.indirectAtMs !== undefined && this.#probe.indirectAtMs <= nowMs) {
      this.#probe.indirectAtMs = undefined;
      this.#askOthers(this.#probe);
    }
    if (this.#nextAtMs !== undefined && this.#nextAtMs <= nowMs) this.#endAndStart(nowMs);
  }

  /** Answers. Who is wrong about us hears it at once. */
  handlePing(fromId: string, sequence: number, heard: readonly MemberUpdate[]): void {
    const { own } = this.#parts;
    const isWrong = heard.some((update) => own.contradicts(update));
    const gossip = this.#news.takeFor(fromId, isWrong ? own.update : undefined);
    this.#parts.send(fromId, { kind: 'ack', sequence, gossip });
  }

  /** Asks for another one. */
  handleRequest(requester: string, target: string, sequence: number, nowMs: number): void {
    const { table, profile } = this.#parts;
    if (!this.#relayed.hasRoom || table.get(target) === undefined) return;
    const own = this.#parts.nextSequence();
    const { probeIntervalMs, probeTimeoutMs } = profile;
    const times = { nackAtMs: nowMs + probeTimeoutMs * nackShare, untilMs: nowMs + probeIntervalMs };
    this.#relayed.add(own, { requester, sequence, target }, times);
    this.#parts.send(target, { kind: 'ping', sequence: own, gossip: this.#news.takeFor(target) });
  }

  /** Takes an answer, or passes it on to who asked for it. */
  handleAck(fromId: string, sequence: number): void {
    if (this.#probe?.sequence === sequence) {
      if (this.#probe.handleAck(fromId)) this.#parts.health.better();
      return;
    }
    const relayed = this.#relayed.take(sequence, fromId);
    if (relayed === undefined) return;
    // Who can't ask the target itself learns of its refutation by this alone.
    const gossip = this.#news.takeFor(relayed.requester, this.#parts.table.get(relayed.target));
    this.#parts.send(relayed.requester, { kind: 'ack', sequence: relayed.sequence, gossip });
  }

  /** One who was asked has no answer yet. */
  handleNack(fromId: string, sequence: number): void {
    if (this.#probe?.sequence === sequence) this.#probe.handleNack(fromId);
  }

  #endAndStart(nowMs: number): void {
    const { table, profile, health } = this.#parts;
    if (this.#probe?.isAnswered === false) {
      // Who is well hears at least that others got no answer either.
      if (!this.#probe.isConfirmedByOthers) health.worse();
      this.#beliefs.handleUnanswered(this.#probe.target, nowMs);
    }
    this.#probe = undefined;
    this.#nextAtMs = nowMs + profile.probeIntervalMs * health.multiplier;
    this.#beliefs.forgetOld(nowMs);
    const target = this.#probes.next(
      (id) => table.isReachable(id),
      () => table.reachable(),
    );
    if (target === undefined) return;
    const sequence = this.#parts.nextSequence();
    const indirectAtMs = nowMs + profile.probeTimeoutMs * health.multiplier;
    this.#probe = new Probe(target, sequence, indirectAtMs);
    if (this.#parts.reaches(target))
      this.#parts.send(target, { kind: 'ping', sequence, gossip: this.#news.takeFor(target) });
    else this.#askOthers(this.#probe);
  }

  #askOthers(probe: Probe): void {
    const { target, sequence } = probe;
    const { profile } = this.#parts;
    for (const id of this.#parts.contacts(profile.indirectProbes, target)) {
      probe.ask(id);
      this.#parts.send(id, { kind: 'ping_request', sequence, target, gossip: this.#news.takeFor(id) });
    }
  }
}

/** Of the probe timeout: the answer "none yet" must still arrive within it. */
const nackShare = 0.8;
