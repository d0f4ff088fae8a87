import { doubtMsMax, pingAnswerMs, pingIntervalMs, pingTimeoutMs } from '@macula/client';
import { RelayHolds } from '@macula/client/cores';
import { SeededRandom, VirtualClock } from '@macula/testkit';
import { parseRelayUrl, type RelayUrl } from '@macula/transport';
import { Mover } from './mover.js';
import { type Dialer, Survivor } from './survivor.js';

/** What a run is made of. */
export interface StormRun {
  readonly seed: number;
  /** Of the relay that dies, and of each that lives. */
  readonly agents: number;
  /** One of them dies; at least 2. */
  readonly relays: number;
  /** Addresses that all who move come from; 0: each has its own. */
  readonly nats: number;
  /** The dead relay's machine is gone as well: nobody is told, PINGs stay unanswered one after the other. */
  readonly isSilent: boolean;
}

/** What a run came to; times in virtual milliseconds. */
export interface StormResult {
  readonly seed: number;
  /** From the death until 99 %, and all, have another relay. */
  readonly in99Ms: number;
  readonly inAllMs: number;
  /** How long a PING of a session that was there waited at its relay, beyond its way. */
  readonly pingWaitP99Ms: number;
  readonly pingWaitMaxMs: number;
  /** Sessions that were there whose PING was overdue, and that were lost. */
  readonly doubts: number;
  readonly sessionsLost: number;
  /** HELLOs refused for want of time, of a place, or by a limit of the identity; and those whose place was taken from them. */
  readonly refusedBusy: number;
  readonly refusedPlaces: number;
  readonly refusedLimits: number;
  readonly evicted: number;
  /** First packets that were left for the dialer to repeat, and packets that found the socket full. */
  readonly handshakesLeft: number;
  readonly packetsLost: number;
  /** Most HELLOs that were unfinished at a time at one relay. */
  readonly unfinishedMax: number;
  /** Attempts of the agent that needed most. */
  readonly attemptsMax: number;
}

/** @throws {Error} when an agent has no relay after {@link limitMs} */
export function runStorm(options: StormRun): StormResult {
  return new World(options).run();
}

class World {
  readonly #options: StormRun;
  readonly #clock = new VirtualClock(1_000_000);
  readonly #random: SeededRandom;
  readonly #urls: readonly RelayUrl[];
  readonly #survivors: readonly Survivor[];
  readonly #waits: number[] = [];
  readonly #inMs: number[] = [];
  readonly #movers: Mover[] = [];
  #doubts = 0;
  #lost = 0;
  #nextAgent = 0;

  constructor(options: StormRun) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    const { relays } = options;
    this.#urls = Array.from({ length: relays }, (_, index) => parseRelayUrl(`https://relay-${index}:4433`));
    this.#survivors = Array.from(
      { length: relays - 1 },
      () => new Survivor(this.#clock, this.#random.fork()),
    );
  }

  run(): StormResult {
    const { agents, seed } = this.#options;
    for (const survivor of this.#survivors)
      for (let index = 0; index < agents; index++) this.#keepPinging(survivor);
    const startMs = this.#clock.nowMs;
    for (let index = 0; index < agents; index++) this.#move(startMs);
    while (this.#inMs.length < agents && this.#clock.nowMs < startMs + limitMs) this.#advance();
    if (this.#inMs.length < agents)
      throw new Error(`${agents - this.#inMs.length} agents have no relay after ${limitMs} ms`);
    // PINGs of the last moments are answered.
    for (let second = 0; second < 5; second++) this.#advance();
    const inMs = this.#inMs.map((atMs) => Math.round(atMs - startMs)).sort((one, other) => one - other);
    const waits = this.#waits.sort((one, other) => one - other);
    const sum = (value: (survivor: Survivor) => number): number =>
      this.#survivors.reduce((total, survivor) => total + value(survivor), 0);
    return {
      seed,
      in99Ms: inMs[Math.ceil(inMs.length * 0.99) - 1]!,
      inAllMs: inMs.at(-1)!,
      pingWaitP99Ms: Math.round(waits[Math.floor(waits.length * 0.99)] ?? 0),
      pingWaitMaxMs: Math.round(waits.at(-1) ?? 0),
      doubts: this.#doubts,
      sessionsLost: this.#lost,
      refusedBusy: sum(({ counts }) => counts.busy),
      refusedPlaces: sum(({ counts }) => counts.places),
      refusedLimits: sum(({ counts }) => counts.limits),
      evicted: sum(({ counts }) => counts.evicted),
      handshakesLeft: sum(({ counts }) => counts.left),
      packetsLost: sum(({ loop }) => loop.lost),
      unfinishedMax: Math.max(...this.#survivors.map(({ unfinishedMax }) => unfinishedMax)),
      attemptsMax: 1 + Math.max(...this.#movers.map(({ failures }) => failures)),
    };
  }

  #advance(): void {
    this.#clock.advance(1000, 100_000_000);
  }

  /** An idle session: PINGs now and then, doubts what stays unanswered and opens another connection beside. */
  #keepPinging(survivor: Survivor): void {
    const dialer = this.#dialer();
    const { rttMs } = dialer;
    const ping = (): void => {
      const doubtMs = Math.min(doubtMsMax, Math.max(pingAnswerMs, 4 * rttMs));
      const cancelDoubt = this.#clock.schedule(doubtMs, () => {
        this.#doubts += 1;
        const cancel = survivor.dial(dialer, { onWelcome: () => undefined, onRefused: () => undefined });
        this.#clock.schedule(pingTimeoutMs, cancel);
      });
      survivor.ping(rttMs, (waitedMs) => {
        cancelDoubt();
        this.#waits.push(waitedMs);
        if (waitedMs > pingTimeoutMs) this.#lost += 1;
        this.#clock.schedule(pingIntervalMs, ping);
      });
    };
    this.#clock.schedule(this.#random.integer(pingIntervalMs), ping);
  }

  #move(startMs: number): void {
    const { isSilent } = this.#options;
    const [dead, ...live] = this.#urls;
    const others = live.map((url, index) => ({ url, survivor: this.#survivors[index] }));
    const dialer = this.#dialer();
    const mover = new Mover({
      clock: this.#clock,
      random: this.#random,
      dialer,
      // It was there, so it prefers it.
      relays: [{ url: dead!, survivor: undefined }, ...this.#random.shuffle(others)],
      holds: new RelayHolds(),
      isDeadTold: !isSilent,
      onIn: () => this.#inMs.push(this.#clock.nowMs),
    });
    this.#movers.push(mover);
    const noticedMs = isSilent ? this.#random.integer(pingIntervalMs) + pingAnswerMs : dialer.rttMs / 2;
    this.#clock.scheduleAt(startMs + noticedMs, () => mover.dial());
  }

  #dialer(): Dialer {
    const id = this.#nextAgent++;
    const { nats } = this.#options;
    const address = nats === 0 ? id : this.#random.integer(nats);
    return {
      id,
      host: `10.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`,
      rttMs: 20 + this.#random.integer(180),
    };
  }
}

/** Milliseconds after which an agent without a relay is a failure: twice as long as tunnels live without one. */
export const limitMs = 120_000;
