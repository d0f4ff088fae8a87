import { Gossip } from './gossip.js';
import type { MemberParts } from './member-parts.js';
import type { MemberUpdate } from './messages.js';
import { newsSends } from './profile.js';

/** How news get around: on every message, and while there are some by themselves. */
export class News {
  readonly #parts: MemberParts;
  readonly #gossip: Gossip;
  #atMs: number | undefined;

  constructor(parts: MemberParts) {
    this.#parts = parts;
    this.#gossip = new Gossip(parts.profile);
  }

  /** When news go out by themselves next; undefined while there are none. */
  get atMs(): number | undefined {
    return this.#atMs;
  }

  /** Whether more of them wait than there is room for. */
  get isWave(): boolean {
    return this.#gossip.isWave;
  }

  /** Tells everybody. @param isRefresh whether it changes metadata alone, which waits for all other news */
  announce(update: MemberUpdate, nowMs: number, isRefresh = false): void {
    this.#gossip.push(update, isRefresh);
    this.#atMs ??= nowMs + this.#parts.profile.gossipIntervalMs;
  }

  /** Tells a member, and nobody else, what is said of it and not believed. */
  doubt(update: MemberUpdate): void {
    this.#gossip.doubt(update);
  }

  /** Forgets what waits about a member. */
  drop(id: string): void {
    this.#gossip.drop(id);
  }

  /** What goes along in a message. @param alsoTold goes in whatever else waits */
  takeFor(to: string, alsoTold?: MemberUpdate): MemberUpdate[] {
    const { table, size } = this.#parts;
    return this.#gossip.takeFor(to, [table.get(to), alsoTold], size);
  }

  /** Sends news to some members when it is time. */
  handleTimeout(nowMs: number): void {
    if (this.#atMs === undefined || this.#atMs > nowMs) return;
    const { profile } = this.#parts;
    for (const id of this.#parts.contacts(profile.gossipFanout)) {
      const gossip = this.takeFor(id);
      if (gossip.length > 0) this.#parts.send(id, { kind: 'gossip', gossip });
    }
    this.#atMs = this.#gossip.size > 0 ? nowMs + profile.gossipIntervalMs : undefined;
  }

  /** Says the own last word as often as news is sent, where there are few members three times to each, and stops: in a next life the rest is no news. */
  sayGoodbye(): void {
    const { profile, own, size } = this.#parts;
    const sends = newsSends(profile, size);
    const told = this.#parts.contacts(sends);
    for (let time = 0; time < goodbyesMax && time * told.length < sends; time++)
      for (const id of told) this.#parts.send(id, { kind: 'gossip', gossip: [own.update] });
    this.#gossip.clear();
    this.#atMs = undefined;
  }

  /** This process stood still until now. */
  handleStall(nowMs: number): void {
    if (this.#atMs !== undefined) this.#atMs = Math.max(this.#atMs, nowMs);
  }
}

/** With 5 % loss all goodbyes to a member are lost in one of 8,000 cases. */
const goodbyesMax = 3;
