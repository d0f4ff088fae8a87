import { elementBytes } from './limits.js';

/**
 * Which relays keep an element: those with the highest weights (rendezvous hashing, highest random weight). A relay that comes takes elements over from others, one that goes
 * gives its own away, and nothing else moves. The weight of a relay for an element is 64 bits, compared as an unsigned number:
 *
 * ```text
 * message = id (ASCII) ‖ zeros up to a multiple of 4 bytes ‖ element
 * weight  = MurmurHash3_x86_32(message, seed) ‖ MurmurHash3_x86_32(message, seed + 1 modulo 2^32)
 * ```
 *
 * and where even that is equal the smaller id is the higher. The hash spreads, it hides nothing: a relay can choose its id so that it keeps a certain name.
 *
 * Sources: Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous" (1996); Appleby, MurmurHash3 (2011).
 */
export class Rendezvous {
  readonly #seed: number;
  readonly #ids: string[] = [];
  /** Of each id, the state of the first hash behind it. */
  readonly #states: number[] = [];
  /** Of each id, the bytes of its message. */
  readonly #lengths: number[] = [];
  readonly #places = new Map<string, number>();

  /** @param seed any integer; its low 32 bits count, and are the same in the whole mesh */
  constructor(seed: number) {
    this.#seed = seed >>> 0;
  }

  /** Relays that take part. */
  get size(): number {
    return this.#ids.length;
  }

  /** All ids, in no order. */
  ids(): readonly string[] {
    return this.#ids;
  }

  /** Whether a relay takes part. */
  has(id: string): boolean {
    return this.#places.has(id);
  }

  /** Lets a relay take part; whether it did not. */
  add(id: string): boolean {
    if (this.#places.has(id)) return false;
    this.#places.set(id, this.#ids.length);
    this.#ids.push(id);
    this.#states.push(stateBehind(id, this.#seed));
    this.#lengths.push(messageLength(id));
    return true;
  }

  /** Takes a relay out; whether it took part. */
  delete(id: string): boolean {
    const place = this.#places.get(id);
    if (place === undefined) return false;
    this.#places.delete(id);
    const lastId = this.#ids.pop() as string;
    const lastState = this.#states.pop() as number;
    const lastLength = this.#lengths.pop() as number;
    if (lastId === id) return true;
    this.#ids[place] = lastId;
    this.#states[place] = lastState;
    this.#lengths[place] = lastLength;
    this.#places.set(lastId, place);
    return true;
  }

  /** The relays with the highest weights for an element, highest first; fewer where there are fewer. */
  top(element: Uint8Array, count: number): string[] {
    const words = wordsOf(element);
    const states = this.#states;
    const best: Candidate[] = [];
    let least = -1;
    for (let place = 0; place < states.length; place++) {
      const weight = finish(states[place] as number, words, this.#lengths[place] as number);
      if (weight < least) continue;
      this.#insert({ id: this.#ids[place] as string, weight }, best, words);
      if (best.length > count) best.pop();
      if (best.length === count) least = (best[count - 1] as Candidate).weight;
    }
    return best.map(({ id }) => id);
  }

  /** Whether `id` has the higher weight for an element than `other`; neither needs to take part. */
  isHigher(id: string, other: string, element: Uint8Array): boolean {
    const words = wordsOf(element);
    const [one, two] = [weightOf(id, words, this.#seed), weightOf(other, words, this.#seed)];
    return one === two ? this.#isHigherOfEqual(id, other, words) : one > two;
  }

  #insert(one: Candidate, best: Candidate[], words: Words): void {
    const rank = best.findIndex((other) =>
      one.weight === other.weight
        ? this.#isHigherOfEqual(one.id, other.id, words)
        : one.weight > other.weight,
    );
    best.splice(rank < 0 ? best.length : rank, 0, one);
  }

  #isHigherOfEqual(id: string, other: string, words: Words): boolean {
    const [one, two] = [weightOf(id, words, this.#seed + 1), weightOf(other, words, this.#seed + 1)];
    return one === two ? id < other : one > two;
  }
}

/** The whole weight of a relay for an element, 64 bits. */
export function rendezvousWeight(relay: string, element: Uint8Array, seed: number): bigint {
  const words = wordsOf(element);
  const [high, low] = [weightOf(relay, words, seed), weightOf(relay, words, seed + 1)];
  return (BigInt(high) << 32n) | BigInt(low);
}

function weightOf(id: string, words: Words, seed: number): number {
  return finish(stateBehind(id, seed), words, messageLength(id));
}

interface Candidate {
  readonly id: string;
  /** The first 32 bits. */
  readonly weight: number;
}

/** Four words of an element, each as MurmurHash3 mixes it before it meets the state. */
interface Words {
  readonly first: number;
  readonly second: number;
  readonly third: number;
  readonly fourth: number;
}

function wordsOf(element: Uint8Array): Words {
  const view = new DataView(element.buffer, element.byteOffset, element.byteLength);
  const wordAt = (at: number) => mixed(view.getUint32(at, true));
  return { first: wordAt(0), second: wordAt(4), third: wordAt(8), fourth: wordAt(12) };
}

function stateBehind(id: string, seed: number): number {
  let state = seed | 0;
  for (let at = 0; at < id.length; at += 4) {
    let word = 0;
    for (let byte = 0; byte < 4; byte++)
      if (at + byte < id.length) word |= (id.charCodeAt(at + byte) & 0xff) << (8 * byte);
    state = next(state, mixed(word));
  }
  return state;
}

function finish(behindId: number, { first, second, third, fourth }: Words, length: number): number {
  let state = next(next(next(next(behindId, first), second), third), fourth) ^ length;
  state = Math.imul(state ^ (state >>> 16), 0x85eb_ca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2_ae35);
  return (state ^ (state >>> 16)) >>> 0;
}

function next(state: number, word: number): number {
  const met = state ^ word;
  return (Math.imul((met << 13) | (met >>> 19), 5) + 0xe654_6b64) | 0;
}

function mixed(word: number): number {
  const spread = Math.imul(word, 0xcc9e_2d51);
  return Math.imul((spread << 15) | (spread >>> 17), 0x1b87_3593);
}

function messageLength(id: string): number {
  return ((id.length + 3) & ~3) + elementBytes;
}
