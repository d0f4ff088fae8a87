import { type Membership, type SwimProfileName, swimProfiles } from '@macula/swim';
import { SeededRandom, VirtualClock } from '@macula/testkit';
import { type Change, Mesh } from './mesh.js';

/** What a run is made of. */
export interface SwimRun {
  readonly seed: number;
  /** At least 8. */
  readonly relays: number;
  /** Probability that a message is lost. */
  readonly loss: number;
  readonly profile: SwimProfileName;
  /** Whether a partition into halves for two minutes comes last. */
  readonly partition: boolean;
}

/** What a run came to; times in virtual milliseconds. */
export interface SwimResult {
  readonly seed: number;
  /** From a relay's death until 99 %, and all, of the others know of it. */
  readonly dead99Ms: number;
  readonly deadAllMs: number;
  /** Relays that suspected the one that stood still for 5 s. */
  readonly stallSuspectedBy: number;
  /** From the end of its standstill until all others see it alive. */
  readonly stallBackMs: number;
  /** From a change of a relay's metadata until 99 %, and all, of the others have it. */
  readonly metadata99Ms: number;
  readonly metadataAllMs: number;
  /** From the end of the partition until everybody sees everybody alive; undefined without one. */
  readonly healMs: number | undefined;
  /** Relays that were suspected by anybody beside the one that died and the one that stood still, outside the partition. */
  readonly suspicions: number;
  /** Per relay and minute, outside the partition. */
  readonly messagesPerMinute: number;
  readonly bytesPerMinute: number;
}

/** @throws {Error} when a live relay was declared dead, or something was not noticed at all */
export function runSwim(options: SwimRun): SwimResult {
  return new World(options).run();
}

/** One mesh in which one relay dies, another one stands still, and all loses what it loses. */
class World {
  readonly #options: SwimRun;
  readonly #clock = new VirtualClock(1_000_000);
  readonly #random: SeededRandom;
  readonly #mesh: Mesh;
  readonly #suspected = new Set<string>();
  #deaths: string[] = [];
  /** Relays that may be declared dead, by those at which they may. */
  #mayBeDead: (change: Change) => boolean = () => false;
  /** Live relays that another live one sees otherwise than alive. */
  #wrongViews = 0;
  #victim: string | undefined;

  constructor(options: SwimRun) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#mesh = new Mesh({
      clock: this.#clock,
      random: this.#random,
      relays: options.relays,
      loss: options.loss,
      profile: swimProfiles[options.profile],
    });
    this.#mesh.onChange = (change) => this.#handleChange(change);
  }

  run(): SwimResult {
    const { seed, partition } = this.#options;
    this.#advance(5_000 + this.#random.integer(1_000));
    const startMs = this.#clock.nowMs;
    const before = { ...this.#mesh.sent };
    const death = this.#kill();
    this.#advance(5_000);
    const stall = this.#stall();
    this.#advance(10_000);
    const metadata = this.#changeMetadata();
    const suspicions = this.#suspected.size;
    const minutes = ((this.#clock.nowMs - startMs) / 60_000) * this.#mesh.relays.size;
    const { sent } = this.#mesh;
    const bytes = sent.bytes + sent.listBytes - before.bytes - before.listBytes;
    const messagesPerMinute = Math.round(
      (sent.messages + sent.lists - before.messages - before.lists) / minutes,
    );
    const healMs = partition ? this.#partition() : undefined;
    if (this.#deaths.length > 0)
      throw new Error(`live relays declared dead: ${[...new Set(this.#deaths)].slice(0, 5).join(', ')}`);
    const bytesPerMinute = Math.round(bytes / minutes);
    return { seed, ...death, ...stall, ...metadata, healMs, suspicions, messagesPerMinute, bytesPerMinute };
  }

  /** In steps, since each may take many events. */
  #advance(byMs: number): void {
    for (let leftMs = byMs; leftMs > 0; leftMs -= 1_000)
      this.#clock.advance(Math.min(1_000, leftMs), 100_000_000);
  }

  /** Advances until it is true, and at most so long. */
  #until(isTrue: () => boolean, mostMs: number, what: string): void {
    const untilMs = this.#clock.nowMs + mostMs;
    while (!isTrue()) {
      if (this.#clock.nowMs >= untilMs) throw new Error(`${what}: not within ${mostMs} ms`);
      this.#clock.advance(10, 100_000_000);
    }
  }

  #kill(): { dead99Ms: number; deadAllMs: number } {
    const victim = this.#pick();
    const atMs = this.#clock.nowMs;
    this.#victim = victim;
    this.#mesh.kill(victim);
    this.#mayBeDead = ({ id }) => id === victim;
    const survivors = [...this.#mesh.relays.values()];
    this.#wrongViews = survivors.reduce((sum, { member }) => sum + wrongViewsOf(member, victim), 0);
    const knowing = () => survivors.filter(({ member }) => member.stateOf(victim) === 'dead').length;
    this.#until(() => knowing() >= 0.99 * survivors.length, 120_000, 'death known to 99 %');
    const dead99Ms = this.#clock.nowMs - atMs;
    this.#until(() => knowing() === survivors.length, 120_000, 'death known to all');
    return { dead99Ms, deadAllMs: this.#clock.nowMs - atMs };
  }

  #stall(): { stallSuspectedBy: number; stallBackMs: number } {
    const sleeper = this.#pick();
    const others = [...this.#mesh.relays.values()].filter(({ member }) => member.id !== sleeper);
    const doubting = () => others.filter(({ member }) => member.stateOf(sleeper) !== 'alive').length;
    this.#mesh.stall(sleeper);
    this.#advance(stallMs);
    const stallSuspectedBy = doubting();
    this.#mesh.wake(sleeper, this.#random.chance(0.5));
    const atMs = this.#clock.nowMs;
    this.#until(() => doubting() === 0, 60_000, 'relay that stood still is back');
    const stallBackMs = this.#clock.nowMs - atMs;
    this.#suspected.delete(sleeper);
    return { stallSuspectedBy, stallBackMs };
  }

  #changeMetadata(): { metadata99Ms: number; metadataAllMs: number } {
    const id = this.#pick();
    const atMs = this.#clock.nowMs;
    const { incarnation } = this.#mesh.changeMetadata(id, this.#random.bytes(50));
    const others = [...this.#mesh.relays.values()].filter(({ member }) => member.id !== id);
    const knowing = () =>
      others.filter(({ member }) => (member.member(id)?.claim.incarnation ?? 0) >= incarnation).length;
    this.#until(() => knowing() >= 0.99 * others.length, 60_000, 'metadata known to 99 %');
    const metadata99Ms = this.#clock.nowMs - atMs;
    this.#until(() => knowing() === others.length, 60_000, 'metadata known to all');
    return { metadata99Ms, metadataAllMs: this.#clock.nowMs - atMs };
  }

  #partition(): number {
    const ids = this.#random.shuffle([...this.#mesh.relays.keys()]);
    const half = new Set(ids.slice(0, ids.length / 2));
    const mayBeDead = this.#mayBeDead;
    this.#mayBeDead = (change) => mayBeDead(change) || half.has(change.at) !== half.has(change.id);
    this.#mesh.network.partition([...half]);
    this.#advance(partitionMs);
    if (this.#wrongViews < half.size ** 2) throw new Error('the halves did not notice the partition');
    this.#mesh.network.heal();
    const atMs = this.#clock.nowMs;
    this.#until(() => this.#wrongViews === 0, 300_000, 'everybody sees everybody alive after the partition');
    return this.#clock.nowMs - atMs;
  }

  #pick(): string {
    return this.#random.pick([...this.#mesh.relays.keys()]);
  }

  #handleChange(change: Change): void {
    const { at, id, state, previous } = change;
    if (id === this.#victim) return;
    if (state !== 'alive') this.#wrongViews += 1;
    if (previous !== undefined && previous !== 'alive') this.#wrongViews -= 1;
    if (state === 'suspect') this.#suspected.add(id);
    if (state === 'dead' && !this.#mayBeDead(change)) this.#deaths.push(`${id} at ${at}`);
  }
}

function wrongViewsOf(member: Membership, except: string): number {
  return member.members().filter(({ claim, state }) => state !== 'alive' && claim.id !== except).length;
}

const stallMs = 5_000;
const partitionMs = 120_000;
