import type { Beliefs } from './beliefs.js';
import type { MemberParts } from './member-parts.js';
import type { News } from './news.js';
import { sample } from './sample.js';

/** How separated members find each other: seeds and the dead are asked to join again, digests compared, and lists sent. */
export class Reunion {
  readonly #parts: MemberParts;
  readonly #news: News;
  readonly #beliefs: Beliefs;
  #seeds: readonly string[] = [];
  #atMs: number | undefined;
  /** Whose list was the first that came, and until when further messages from there are pieces of it. */
  #introduction: { readonly fromId: string; readonly untilMs: number } | undefined;
  /** Who got a list since then. */
  readonly #listed = new Set<string>();
  #listedUntilMs = 0;

  constructor(parts: MemberParts, news: News, beliefs: Beliefs) {
    this.#parts = parts;
    this.#news = news;
    this.#beliefs = beliefs;
  }

  /** When somebody is asked next; undefined while this member takes no part. */
  get atMs(): number | undefined {
    return this.#atMs;
  }

  /** Asks the seeds for their members, now and while they are absent; where it has begun, only those that are. */
  start(seeds: readonly string[], nowMs: number): void {
    const { id, own, table } = this.#parts;
    const wasRunning = this.#atMs !== undefined;
    this.#seeds = seeds.filter((seed) => seed !== id);
    for (const seed of this.#seeds)
      if (!wasRunning || !table.isReachable(seed))
        this.#parts.send(seed, { kind: 'join', gossip: [own.update] });
    if (!wasRunning) this.#plan(nowMs);
  }

  /** Asks nobody any more. */
  stop(): void {
    this.#atMs = undefined;
  }

  /** This process stood still until now. */
  handleStall(nowMs: number): void {
    if (this.#atMs !== undefined) this.#atMs = Math.max(this.#atMs, nowMs);
  }

  /** Forgets a seed. */
  forget(id: string): void {
    this.#seeds = this.#seeds.filter((seed) => seed !== id);
  }

  /** Asks an absent one to join, and compares digests with a member, when it is time. */
  handleTimeout(nowMs: number): void {
    if (this.#atMs === undefined || this.#atMs > nowMs) return;
    const { table, own, random, digest } = this.#parts;
    const absent = new Set(this.#seeds.filter((seed) => !table.isReachable(seed)));
    for (const id of this.#beliefs.dead()) absent.add(id);
    for (const id of sample([...absent], 1, random)) {
      const known = table.get(id);
      // What we believe of it goes along, so that it can refute.
      const gossip = known === undefined ? [own.update] : [own.update, known];
      this.#parts.send(id, { kind: 'join', gossip });
    }
    for (const id of this.#parts.contacts(1))
      this.#parts.send(id, { kind: 'compare', digest, gossip: this.#news.takeFor(id) });
    this.#plan(nowMs);
  }

  /** Whether a list from there is of somebody who introduces us to its mesh. */
  isIntroduction(fromId: string, nowMs: number): boolean {
    if (this.#parts.table.reachableCount === 0) {
      this.#introduction = { fromId, untilMs: nowMs + this.#parts.profile.probeIntervalMs };
      return true;
    }
    return this.#introduction?.fromId === fromId && nowMs <= this.#introduction.untilMs;
  }

  /** Somebody wants to know all members: told once in half a probe interval, since the question is short and the answer long. */
  handleJoin(fromId: string, nowMs: number): void {
    const { profile } = this.#parts;
    if (nowMs >= this.#listedUntilMs) {
      this.#listed.clear();
      this.#listedUntilMs = nowMs + profile.probeIntervalMs / 2;
    }
    if (this.#listed.has(fromId)) return;
    this.#listed.add(fromId);
    this.#parts.send(fromId, { kind: 'join_reply', gossip: this.#beliefs.list() });
  }

  /** Somebody tells its digest. */
  handleCompare(fromId: string, digest: number, nowMs: number): void {
    if (digest !== this.#parts.digest) this.handleJoin(fromId, nowMs);
  }

  /** Alone there is nothing to lose by asking often. */
  #plan(nowMs: number): void {
    const { profile, random, table } = this.#parts;
    // A random phase keeps the members that saw one partition begin from asking at one time.
    const intervalMs =
      table.reachableCount === 0 ? profile.probeIntervalMs : profile.rejoinIntervalMs * (0.5 + random());
    this.#atMs = nowMs + intervalMs;
  }
}
