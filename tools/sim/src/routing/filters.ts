import {
  type BloomDelta,
  type BloomFilter,
  type BloomParameters,
  CountingBloomFilter,
  decodeDelta,
  elementBytes,
  encodeDelta,
  encodeFilter,
  followFilter,
  parametersFor,
  positionsOf,
} from '@macula/bloom';
import { type Move, quantile, type RoutingRun, streamDelayMs, type World } from './world.js';

/** What filters come to. */
export interface FilterResult {
  readonly bits: number;
  readonly hashes: number;
  /** Sent by each relay per minute: deltas to all others, and digests. */
  readonly bytesPerMinute: number;
  readonly deltaBytes: number;
  /** All filters that a relay holds. */
  readonly tableBytes: number;
  /** Of one filter, for a name that nobody has. */
  readonly falsePositives: number;
  /** The same by fill ratio ^ hashes. */
  readonly falsePositivesByTheory: number;
  /** How far the two are apart, in standard deviations of chance. */
  readonly falsePositivesOff: number;
  /** Share of OPENs that try a wrong relay before the right one, candidates in random order. */
  readonly moreThanOneTry: number;
  /** From a name's arrival until all relays know: 99 % of names. */
  readonly reachable99Ms: number;
}

/** Every relay pushes deltas of its filter to all others, 100 ms after the first change. */
export function runFilters(world: World, run: RoutingRun): FilterResult {
  const { relays, namesPerRelay, minutes } = run;
  const plan = { expectedNames: Math.ceil(namesPerRelay * headroom), falsePositiveRate: wrongTries / relays };
  const parameters = parametersFor(plan);
  const origins = Array.from({ length: relays }, () => new CountingBloomFilter(parameters, 1));
  for (let name = 0; name < world.names; name++)
    origins[world.relayOf[name] as number]?.add(world.element(name));
  for (const origin of origins) origin.takeDelta();
  const spread = new Spread(world, run, origins);
  const moved = spread.run();
  const filters = origins.map((origin) => origin.snapshot());
  const lookups = runLookups(world, run, { filters, parameters, relayOf: moved });
  const digestBytes = digestsPerMinute * relays * digestEntryBytes;
  const deltaBytes = (spread.deltaBytes * (relays - 1)) / relays / minutes;
  return {
    bits: parameters.bits,
    hashes: parameters.hashes,
    bytesPerMinute: Math.round(deltaBytes + digestBytes),
    deltaBytes: Math.round(spread.deltaBytes / spread.deltas),
    tableBytes: relays * encodeFilter(filters[0] as BloomFilter).length,
    ...lookups,
    reachable99Ms: Math.round(quantile(spread.reachableMs, 0.99)),
  };
}

class Spread {
  deltas = 0;
  deltaBytes = 0;
  readonly reachableMs: Float64Array;
  readonly #world: World;
  readonly #run: RoutingRun;
  readonly #origins: readonly CountingBloomFilter[];
  /** When the last delta of one relay arrived at another: streams keep the order. */
  readonly #arrivedMs: Float64Array;
  /** One relay in full: it applies every delta. */
  readonly #follower: BloomFilter[];

  constructor(world: World, run: RoutingRun, origins: readonly CountingBloomFilter[]) {
    this.#world = world;
    this.#run = run;
    this.#origins = origins;
    this.reachableMs = new Float64Array(world.moves.length);
    this.#arrivedMs = new Float64Array(run.relays ** 2);
    this.#follower = origins.map((origin) => origin.snapshot());
  }

  /** Where names are in the end. */
  run(): Uint16Array {
    const relayOf = this.#world.relayOf.slice();
    const waiting = new Map<number, { readonly flushAtMs: number; readonly added: number[] }>();
    const flushUntil = (nowMs: number) => {
      for (const [relay, { flushAtMs, added }] of waiting) {
        // In order of time, since each waits as long.
        if (flushAtMs > nowMs) return;
        waiting.delete(relay);
        this.#publish(relay, flushAtMs, added);
      }
    };
    for (const [index, move] of this.#world.moves.entries()) {
      flushUntil(move.atMs);
      this.#apply(move);
      relayOf[move.name] = move.to;
      for (const relay of [move.from, move.to]) {
        const batch = waiting.get(relay) ?? { flushAtMs: move.atMs + flushMs, added: [] };
        waiting.set(relay, batch);
        if (relay === move.to) batch.added.push(index);
      }
    }
    flushUntil(Number.POSITIVE_INFINITY);
    for (const [relay, origin] of this.#origins.entries())
      if (!isSame(this.#follower[relay] as BloomFilter, origin.snapshot()))
        throw new Error(`a follower of relay ${relay} has another filter than its origin`);
    return relayOf;
  }

  #apply({ name, from, to }: Move): void {
    this.#origins[from]?.remove(this.#world.element(name));
    this.#origins[to]?.add(this.#world.element(name));
  }

  #publish(relay: number, atMs: number, added: readonly number[]): void {
    const delta: BloomDelta | undefined = this.#origins[relay]?.takeDelta();
    if (delta === undefined) return;
    const bytes = encodeDelta(delta);
    this.deltas += 1;
    this.deltaBytes += bytes.length + signedFrameBytes;
    const { filter, outcome } = followFilter(this.#follower[relay], decodeDelta(bytes));
    if (filter === undefined || outcome !== 'taken') throw new Error(`a delta in order was ${outcome}`);
    this.#follower[relay] = filter;
    let lastMs = 0;
    for (let receiver = 0; receiver < this.#run.relays; receiver++) {
      if (receiver === relay) continue;
      const link = relay * this.#run.relays + receiver;
      const arrivesMs = atMs + streamDelayMs(this.#world.random, this.#run.loss);
      this.#arrivedMs[link] = Math.max(this.#arrivedMs[link] as number, arrivesMs);
      lastMs = Math.max(lastMs, this.#arrivedMs[link] as number);
    }
    for (const index of added) this.reachableMs[index] = lastMs - (this.#world.moves[index] as Move).atMs;
  }
}

function runLookups(
  world: World,
  { lookups, relays }: RoutingRun,
  table: { filters: readonly BloomFilter[]; parameters: BloomParameters; relayOf: Uint16Array },
): Pick<FilterResult, 'falsePositives' | 'falsePositivesByTheory' | 'falsePositivesOff' | 'moreThanOneTry'> {
  const { filters, parameters, relayOf } = table;
  const candidatesFor = (positions: readonly number[]) =>
    filters.reduce((sum, filter) => sum + (filter.hasAll(positions) ? 1 : 0), 0);
  let wrong = 0;
  let wrongFirst = 0;
  for (let lookup = 0; lookup < lookups; lookup++) {
    // Each a new one: a name that is asked for twice would count its false positives twice.
    wrong += candidatesFor(positionsOf(world.random.bytes(elementBytes), parameters));
    const name = world.random.integer(world.names);
    const positions = positionsOf(world.element(name), parameters);
    const right = relayOf[name];
    if (!filters[right as number]?.hasAll(positions))
      throw new Error(`relay ${right} denies its name ${name}`);
    const candidates = candidatesFor(positions);
    if (world.random.chance((candidates - 1) / candidates)) wrongFirst += 1;
  }
  const questions = lookups * relays;
  const byTheory = filters.reduce((sum, { fillRatio }) => sum + fillRatio ** parameters.hashes, 0) / relays;
  return {
    falsePositives: wrong / questions,
    falsePositivesByTheory: byTheory,
    falsePositivesOff: (wrong - byTheory * questions) / Math.sqrt(byTheory * questions),
    moreThanOneTry: wrongFirst / lookups,
  };
}

function isSame(left: BloomFilter, right: BloomFilter): boolean {
  const [one, other] = [encodeFilter(left), encodeFilter(right)];
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** Filters are planned for a tenth more names than there are: they come and go. */
const headroom = 1.1;
/** Of all filters together, for each OPEN. */
const wrongTries = 0.02;
const flushMs = 100;
/** Signature and frame around a delta. */
const signedFrameBytes = 64 + 16;
/** (epoch, version) and a short id, told to one other relay each 10 s. */
const digestsPerMinute = 6;
const digestEntryBytes = 12;
