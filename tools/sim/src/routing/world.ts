import { SeededRandom } from '@macula/testkit';

/** What is simulated. */
export interface RoutingRun {
  readonly seed: number;
  readonly relays: number;
  readonly namesPerRelay: number;
  /** How often a name moves from one relay to another. */
  readonly changesPerHour: number;
  /** How often a name is asked for. */
  readonly opensPerHour: number;
  /** Virtual time. */
  readonly minutes: number;
  /** Names asked for, to count wrong tries. */
  readonly lookups: number;
  /** Names with which the real directory is run at most; what they cost stands for the others. */
  readonly directoryNames: number;
  /** Probability that a packet is lost; streams send it again. */
  readonly loss: number;
}

/** A name that moves. */
export interface Move {
  readonly atMs: number;
  readonly name: number;
  readonly from: number;
  readonly to: number;
}

/** Names on relays, and their moves in order of time, all of one seed. */
export class World {
  readonly random: SeededRandom;
  readonly names: number;
  /** Where each name is. */
  readonly relayOf: Uint16Array;
  readonly moves: readonly Move[];
  /** Keyed hashes are as good as random. */
  readonly #elements: Uint8Array;

  constructor({ seed, relays, namesPerRelay, changesPerHour, minutes }: RoutingRun) {
    this.random = new SeededRandom(seed);
    this.names = relays * namesPerRelay;
    this.#elements = this.random.bytes(this.names * elementBytes);
    this.relayOf = Uint16Array.from({ length: this.names }, (_, name) => name % relays);
    const count = Math.round((this.names * changesPerHour * minutes) / 60);
    const times = Float64Array.from({ length: count }, () => this.random.next() * minutes * 60_000).sort();
    const relayOf = this.relayOf.slice();
    this.moves = Array.from(times, (atMs) => {
      const name = this.random.integer(this.names);
      const from = relayOf[name] as number;
      const to = (from + 1 + this.random.integer(relays - 1)) % relays;
      relayOf[name] = to;
      return { atMs, name, from, to };
    });
  }

  /** 16 bytes. */
  element(name: number): Uint8Array {
    return this.#elements.subarray(name * elementBytes, (name + 1) * elementBytes);
  }

  /** The name of what {@link element} gave, not of a copy. */
  nameOf(element: Uint8Array): number {
    return (element.byteOffset - this.#elements.byteOffset) / elementBytes;
  }
}

/** Time that a message on a stream takes, 5 to 20 ms and twice as long a wait for each copy that is lost. */
export function streamDelayMs(random: SeededRandom, loss: number): number {
  let delayMs = 5 + 15 * random.next();
  for (let waitMs = firstWaitMs; random.chance(loss); waitMs *= 2) delayMs += waitMs;
  return delayMs;
}

/** The value that this share of the values doesn't exceed. Sorts them. */
export function quantile(values: Float64Array, share: number): number {
  return values.sort()[Math.min(values.length - 1, Math.floor(share * values.length))] ?? Number.NaN;
}

const elementBytes = 16;
/** QUIC's probe timeout on such a line: about three round trips. */
const firstWaitMs = 60;
