import { parseIdentityId } from '@macula/crypto';
import { SwimError, type SwimProfile } from '@macula/swim';
import { encodeMessage, type WireCode } from '@macula/wire';
import type { Logger } from 'pino';
import type { PeerCache } from '../seeds/peer-cache.js';
import { type Seed, seedText } from '../seeds/seed.js';
import type { SeedResolver } from '../seeds/seed-resolver.js';
import { SeedWatcher } from '../seeds/seed-watcher.js';
import { PeerDialer, type PeerDialerParts } from '../session/peer-dialer.js';
import type { Session } from '../session/session.js';
import { DialPlan, type DialStep } from './dial-plan.js';
import { cachedPeerTries, memberBackoffMsMax, memberLookEveryMs, membershipTickMs } from './limits.js';
import { type Member, Members, type MembersOptions } from './members.js';
import type { MemberFacts } from './metadata.js';

/** What {@link Peerings} works with. */
export interface PeeringsParts extends Omit<MembersOptions, 'reaches'> {
  readonly profile: SwimProfile;
  /** Relays that are dialled for ever. */
  readonly urls: readonly string[];
  /** Where URLs of relays are looked up. */
  readonly seeds: readonly Seed[];
  readonly resolver: SeedResolver;
  /** The relays that were seen before the last stop; without it none are remembered. */
  readonly cache: PeerCache | undefined;
  readonly dialer: PeerDialerParts;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** The sessions of all relays that are connected. */
  relays(): Iterable<Session>;
  /** The session that messages to this relay use. */
  sessionOf(id: string): Session | undefined;
}

/**
 * The relay's place in the mesh: keeps the configured peerings up, finds all other relays through them, and makes a full mesh with those. The shell of
 * {@link Members} and {@link DialPlan}.
 */
export class Peerings {
  readonly #parts: PeeringsParts;
  readonly #members: Members;
  readonly #plan: DialPlan;
  readonly #configured: readonly PeerDialer[];
  /** By URL: what seeds name. */
  readonly #seeded = new Map<string, PeerDialer>();
  /** By id: who was seen before the last stop. */
  readonly #cached = new Map<string, PeerDialer>();
  readonly #watcher: SeedWatcher;
  /** By id. */
  readonly #dialled = new Map<string, PeerDialer>();
  #ticker: ReturnType<typeof setInterval> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When it was last looked at whom to dial. */
  #lookedMs = Number.NEGATIVE_INFINITY;
  #isStopped = false;
  #isTooLarge = false;

  constructor(parts: PeeringsParts) {
    this.#parts = parts;
    this.#members = new Members({ ...parts, reaches: (id) => parts.sessionOf(id) !== undefined });
    this.#plan = new DialPlan(parts.identity.id, () => parts.random());
    this.#configured = parts.urls.map((url) => new PeerDialer(url, parts.dialer));
    this.#watcher = new SeedWatcher(parts.seeds, {
      resolver: parts.resolver,
      random: () => parts.random(),
      onUrls: (urls) => this.handleSeeds(urls),
      onFailed: (seed, why) => parts.logger.warn({ seed: seedText(seed), why }, 'seed not looked up'),
    });
  }

  start(facts: MemberFacts): void {
    for (const dialer of this.#configured) dialer.start();
    this.#watcher.start();
    for (const { id, url } of this.#parts.cache?.entries() ?? []) this.#dialCached(id, url);
    this.#handle((nowMs) => this.#members.start(facts, nowMs));
    this.#ticker = setInterval(() => this.#dial(), membershipTickMs);
    this.#ticker.unref();
  }

  /** The URLs that seeds name now. One that is named no more is not dialled again; what stands stays. */
  handleSeeds(urls: readonly string[]): void {
    if (this.#isStopped) return;
    for (const [url, dialer] of this.#seeded) {
      if (urls.includes(url) || dialer.state === 'connected') continue;
      dialer.stop();
      this.#seeded.delete(url);
    }
    for (const url of urls) {
      if (this.#seeded.has(url)) continue;
      const dialer = new PeerDialer(url, this.#parts.dialer);
      this.#seeded.set(url, dialer);
      dialer.start();
    }
  }

  /** A peering stands. */
  handlePeerUp(session: Session): void {
    this.#handle(() => this.#members.handlePeerUp(session.id));
  }

  /** A session is over; gives whether a dialer here made it. */
  handleClosed(session: Session, code: WireCode, why: string): void {
    for (const dialer of this.dialers) if (dialer.handleSessionClosed(session, code, why)) break;
    if (session.facts.role === 'relay') this.#dial();
  }

  /** A peer sends a message of the membership protocol. */
  handleMessage(session: Session, message: Uint8Array): void {
    try {
      this.#handle((nowMs) => this.#members.handleMessage(session.id, message, nowMs));
    } catch (error) {
      if (!(error instanceof SwimError)) throw error;
      session.close('protocol_error', `membership: ${error.message}`);
    }
  }

  /** Some relays may not belong to the mesh any more. */
  handleAdmissionChanged(): void {
    this.#handle(() => this.#members.handleAdmissionChanged());
    const { cache, admits } = this.#parts;
    for (const { id } of cache?.entries() ?? []) if (!admits(parseIdentityId(id))) cache!.forget(id);
    this.#dial();
  }

  /** Dials nobody any more, and says that this relay is about to stop. */
  drain(): void {
    this.#stop();
    this.#handle((nowMs) => this.#members.drain(nowMs));
  }

  /** Says goodbye, and stops every timer. */
  close(): void {
    this.#stop();
    this.#handle(() => this.#members.leave());
    clearTimeout(this.#timer);
  }

  /** Every dialer that there is. */
  get dialers(): readonly PeerDialer[] {
    return [
      ...this.#configured,
      ...this.#seeded.values(),
      ...this.#cached.values(),
      ...this.#dialled.values(),
    ];
  }

  /** The other relays of the mesh. */
  get members(): readonly Member[] {
    return this.#members.all();
  }

  #stop(): void {
    if (!this.#isStopped) this.#noteSeen(this.members, this.#peerIds());
    this.#isStopped = true;
    clearInterval(this.#ticker);
    this.#watcher.stop();
    for (const dialer of this.dialers) dialer.stop();
  }

  #dial(): void {
    if (this.#isStopped) return;
    const { nowMs } = this.#parts;
    this.#lookedMs = nowMs();
    const peers = this.#peerIds();
    const members = this.members;
    for (const step of this.#plan.update(members, peers, nowMs())) this.#take(step);
    this.#noteSeen(members, peers);
    // Once there is a peering, who is dialled is the plan's business.
    for (const [id, dialer] of this.#cached) {
      const isOver = peers.has(id) || dialer.id !== undefined || dialer.failures >= cachedPeerTries;
      if (dialer.state === 'connected' || dialer.state === 'connecting' || !isOver) continue;
      dialer.stop();
      this.#cached.delete(id);
    }
    // What came about from the other side is enough.
    for (const [id, dialer] of this.#dialled) if (peers.has(id) && dialer.state === 'waiting') this.#end(id);
    const isTooLarge = DialPlan.isTooLarge(members);
    if (isTooLarge && !this.#isTooLarge)
      this.#parts.logger.warn(
        { members: members.length },
        'the mesh has too many relays for a peering of each with each: some are reached through others',
      );
    this.#isTooLarge = isTooLarge;
  }

  #peerIds(): Set<string> {
    return new Set([...this.#parts.relays()].map(({ id }) => id));
  }

  #noteSeen(members: readonly Member[], peers: ReadonlySet<string>): void {
    for (const { id, url } of members)
      if (url !== undefined && peers.has(id)) this.#parts.cache?.note({ id, url, seenMs: Date.now() });
  }

  #take(step: DialStep): void {
    if (step.kind === 'stop') {
      this.#end(step.id);
      return;
    }
    const { id, url } = step;
    const dialer = new PeerDialer(`${url}#id=${id}`, this.#parts.dialer, memberDialerOptions);
    this.#dialled.set(id, dialer);
    dialer.start();
  }

  #dialCached(id: string, url: string): void {
    if (id === this.#parts.identity.id) return;
    const dialer = new PeerDialer(`${url}#id=${id}`, this.#parts.dialer, memberDialerOptions);
    this.#cached.set(id, dialer);
    dialer.start();
  }

  #end(id: string): void {
    this.#dialled.get(id)?.stop();
    this.#dialled.delete(id);
    this.#plan.handleEnded(id);
  }

  #handle(input: (nowMs: number) => void): void {
    const { nowMs, sessionOf, logger } = this.#parts;
    input(nowMs());
    let isChanged = false;
    for (let output = this.#members.pollOutput(); output !== undefined; output = this.#members.pollOutput()) {
      if (output.kind === 'swim')
        sessionOf(output.to)?.sendIfRoom(encodeMessage({ kind: 'swim', message: output.message }));
      else {
        const { member, previous } = output;
        isChanged = true;
        // Whoever comes back is dialled as one that is new, not after the pauses that its death has made long.
        if (member.state === 'alive' && previous === 'dead') this.#end(member.id);
        if (member.state !== previous) logger.info({ ...member, previous }, 'member');
      }
    }
    if (isChanged && nowMs() - this.#lookedMs >= memberLookEveryMs) this.#dial();
    clearTimeout(this.#timer);
    const atMs = this.#members.pollTimeout();
    if (atMs === undefined) return;
    const waitMs = Math.max(1, Math.ceil(atMs - nowMs()));
    this.#timer = setTimeout(() => this.#handle((now) => this.#members.handleTimeout(now)), waitMs);
    this.#timer.unref();
  }
}

/** The id that a member says of itself is checked when it is dialled, and admits nobody. */
const memberDialerOptions = { isPinTrusted: false, backoffMsMax: memberBackoffMsMax };
