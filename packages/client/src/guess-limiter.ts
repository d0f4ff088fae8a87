import {
  guessFailuresMax,
  guessNamesPerSourceMax,
  guessSourcesMax,
  guessSpacingMs,
  guessWindowMs,
  handshakesAtOnceMax,
  handshakesPerSecond,
  handshakesPerSourceAtOnceMax,
  handshakesPerSourceSecond,
  provenSourcesMax,
} from './limits.js';

/** Why a peer may not try now. */
export type GuessRefusal = {
  readonly kind: 'refused';
  readonly code: 'busy' | 'too_many_failures';
  /** The pair has just come to its limit: say so once. */
  readonly isNews: boolean;
};

/** A peer may try: it has failed until {@link GuessLimiter.handleConfirmed} says otherwise. */
export interface GuessTry {
  readonly kind: 'admitted';
  readonly sourceKey: string;
  readonly peer: string;
  readonly atMs: number;
}

/**
 * Slows down who guesses the cookie by connecting. Each try tests one guess, and only a peer that proves the cookie shows which side it is
 * on; so a try counts as failed from its beginning on, until it is confirmed, or released because it was never answered.
 *
 * - A pair (source identity, name it uses) has five failures in 10 min, then one try per 30 s. A success clears the pair. Names
 *   without an owner (`undefined@host` of dynamic nodes), and what a source uses beyond four names, count together.
 * - First handshakes come at most 20 a second in all and 5 a second per source, not counting those that succeed. A source that has
 *   proven the cookie doesn't need the common part, so that strangers can't keep it out.
 *
 * Memory: a stranger is remembered only when the common bucket let it in, and for 10 min, so the buckets bound the table
 * (`guessSourcesMax`) and nobody ever has to be forgotten early: many identities push no count out.
 *
 * Call order: `handleOpen` for every OPEN; for what is admitted at most one of `handleConfirmed` and `handleReleased`. Times never go back.
 */
export class GuessLimiter {
  /** In the order of their last admitted try. */
  readonly #strangers = new Map<string, Source>();
  /** Sources that have proven the cookie once, in the order of their last success. */
  readonly #proven = new Map<string, Source>();
  #common: Bucket = { tokens: handshakesAtOnceMax, atMs: 0 };

  /** Somebody asks for a first handshake, before anything costs work. `source`: its identity; undefined when its relay doesn't say. */
  handleOpen(
    open: { readonly source: Uint8Array | undefined; readonly peer: string },
    nowMs: number,
  ): GuessTry | GuessRefusal {
    const sourceKey = keyOf(open.source);
    const known = this.#proven.get(sourceKey);
    const source = known ?? this.#strangers.get(sourceKey) ?? newSource(nowMs);
    const peer = pairKey(source, open.peer);
    const pair = source.pairs.get(peer) ?? { triesMs: [], isWarned: false };
    pair.triesMs = pair.triesMs.filter((atMs) => nowMs - atMs < guessWindowMs);
    if (pair.triesMs.length === 0) pair.isWarned = false;
    if (pair.triesMs.length >= guessFailuresMax && nowMs - pair.triesMs.at(-1)! < guessSpacingMs) {
      const isNews = !pair.isWarned;
      pair.isWarned = true;
      return { kind: 'refused', code: 'too_many_failures', isNews };
    }
    fill(source.bucket, perSource, nowMs);
    fill(this.#common, common, nowMs);
    const isFull = known === undefined && (this.#common.tokens < 1 || !this.#hasRoomFor(sourceKey, nowMs));
    if (source.bucket.tokens < 1 || isFull) return { kind: 'refused', code: 'busy', isNews: false };
    source.bucket.tokens -= 1;
    if (known === undefined) this.#common.tokens -= 1;
    pair.triesMs = [...pair.triesMs, nowMs].slice(-guessFailuresMax);
    source.pairs.set(peer, pair);
    source.lastMs = nowMs;
    if (known === undefined) {
      this.#strangers.delete(sourceKey);
      this.#strangers.set(sourceKey, source);
    }
    return { kind: 'admitted', sourceKey, peer, atMs: nowMs };
  }

  /** The peer of this try has proven the cookie. */
  handleConfirmed({ sourceKey, peer }: GuessTry): void {
    const source = this.#proven.get(sourceKey) ?? this.#strangers.get(sourceKey);
    if (source === undefined) return; // forgotten meanwhile: 10 min are over
    source.pairs.delete(peer);
    giveBack(source.bucket, perSource);
    if (!this.#proven.has(sourceKey)) giveBack(this.#common, common);
    this.#strangers.delete(sourceKey);
    this.#proven.delete(sourceKey);
    this.#proven.set(sourceKey, source);
    if (this.#proven.size > provenSourcesMax) this.#proven.delete(this.#proven.keys().next().value!);
  }

  /** The try was never answered, so it has tested nothing. */
  handleReleased({ sourceKey, peer, atMs }: GuessTry): void {
    const source = this.#proven.get(sourceKey) ?? this.#strangers.get(sourceKey);
    const pair = source?.pairs.get(peer);
    if (pair !== undefined) removeOne(pair.triesMs, atMs);
  }

  /**
   * A connection of ours to this name is up: of two nodes that connect to each other at once OTP gives up one attempt, maybe in the
   * middle of its handshake, so the latest failure of that name is forgiven.
   */
  handleOutgoingUp(peer: string): void {
    for (const sources of [this.#proven, this.#strangers]) {
      for (const { pairs } of sources.values()) pairs.get(peer)?.triesMs.pop();
    }
  }

  /** Sources that are remembered. */
  get size(): number {
    return this.#strangers.size + this.#proven.size;
  }

  #hasRoomFor(sourceKey: string, nowMs: number): boolean {
    if (this.#strangers.has(sourceKey)) return true;
    for (const [key, { lastMs }] of this.#strangers) {
      if (nowMs - lastMs < guessWindowMs) break;
      this.#strangers.delete(key);
    }
    return this.#strangers.size < guessSourcesMax;
  }
}

/** What is known of one identity. */
interface Source {
  readonly bucket: Bucket;
  /** By name; {@link otherNames} for all the rest. */
  readonly pairs: Map<string, Pair>;
  lastMs: number;
}

interface Pair {
  /** Tries that were not confirmed, oldest first, at most `guessFailuresMax`. */
  triesMs: number[];
  isWarned: boolean;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

function newSource(nowMs: number): Source {
  return {
    bucket: { tokens: handshakesPerSourceAtOnceMax, atMs: nowMs },
    pairs: new Map(),
    lastMs: nowMs,
  };
}

function pairKey({ pairs }: Source, name: string): string {
  if (name.startsWith('undefined@')) return otherNames;
  if (pairs.has(name)) return name;
  const own = pairs.size - (pairs.has(otherNames) ? 1 : 0);
  return own < guessNamesPerSourceMax ? name : otherNames;
}

function fill(bucket: Bucket, { perSecond, max }: typeof common, nowMs: number): void {
  bucket.tokens = Math.min(max, bucket.tokens + ((nowMs - bucket.atMs) * perSecond) / 1000);
  bucket.atMs = nowMs;
}

/** What has succeeded was no guess. */
function giveBack(bucket: Bucket, { max }: typeof common): void {
  bucket.tokens = Math.min(max, bucket.tokens + 1);
}

function removeOne(timesMs: number[], atMs: number): void {
  const index = timesMs.lastIndexOf(atMs);
  if (index >= 0) timesMs.splice(index, 1);
}

function keyOf(source: Uint8Array | undefined): string {
  let key = '';
  for (const byte of source ?? []) key += String.fromCharCode(byte);
  return key;
}

/** No node has this name. */
const otherNames = '';
const common: { readonly perSecond: number; readonly max: number } = {
  perSecond: handshakesPerSecond,
  max: handshakesAtOnceMax,
};
const perSource: typeof common = { perSecond: handshakesPerSourceSecond, max: handshakesPerSourceAtOnceMax };
