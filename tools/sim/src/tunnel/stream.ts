import type { SeededRandom, VirtualClock } from '@macula/testkit';

/** What travels on a stream, in order. */
export type Item =
  | { readonly kind: 'answer'; readonly answer: Uint8Array }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' };

/** What one end of a stream tells its agent. */
export interface StreamUser {
  onItem(item: Item): void;
  onClosed(closed: { readonly code: string; readonly bootId?: Uint8Array } | { readonly lost: true }): void;
  onWritable(): void;
}

/** How a stream breaks. */
export type Break = 'told' | 'dark' | 'one_way' | 'cut';

/**
 * A stream over one relay: two directions of bytes, each in order and with its own delay, until it breaks. What an agent
 * doesn't hear of a break is that nothing comes any more.
 */
export class Stream {
  readonly relay: number;
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #delayMs: number;
  readonly #users: (StreamUser | undefined)[] = [undefined, undefined];
  readonly #arrivesMs = [0, 0];
  readonly #underWayBytes = [0, 0];
  readonly #underWay: [Item[], Item[]] = [[], []];
  readonly #dark = [false, false];
  #isOver = false;

  constructor({
    clock,
    random,
    relay,
    delayMs,
  }: {
    readonly clock: VirtualClock;
    readonly random: SeededRandom;
    readonly relay: number;
    readonly delayMs: number;
  }) {
    this.#clock = clock;
    this.#random = random;
    this.#delayMs = delayMs;
    this.relay = relay;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether an end may send more; a direction that has gone dark fills up. */
  writable(end: 0 | 1): boolean {
    return !this.#isOver && this.#underWayBytes[end]! < underWayBytesMax;
  }

  use(end: 0 | 1, user: StreamUser): void {
    this.#users[end] = user;
  }

  send(end: 0 | 1, item: Item): void {
    if (this.#isOver) return;
    const size = item.kind === 'bytes' ? item.bytes.length : 0;
    this.#underWayBytes[end]! += size;
    if (this.#dark[end]) return;
    this.#underWay[end].push(item);
    const atMs = this.#clock.nowMs + this.#delayMs * (0.5 + this.#random.next());
    this.#arrivesMs[end] = Math.max(this.#arrivesMs[end]!, atMs);
    this.#clock.scheduleAt(this.#arrivesMs[end]!, () => {
      if (this.#dark[end] || this.#isOver) return;
      this.#underWay[end].shift();
      this.#underWayBytes[end]! -= size;
      this.#users[1 - end]?.onItem(item);
      this.#users[end]?.onWritable();
    });
  }

  /** One end resets it, or refuses it: the other hears of it unless its direction is dark. What is under way is lost. */
  reset(end: 0 | 1, code: string, bootId?: Uint8Array): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#dark[end]) return;
    const closed = bootId === undefined ? { code } : { code, bootId };
    this.#clock.schedule(this.#delayMs * (0.5 + this.#random.next()), () =>
      this.#users[1 - end]?.onClosed(closed),
    );
  }

  break(how: Break): void {
    if (this.#isOver) return;
    if (how === 'told') {
      this.#isOver = true;
      for (const end of [0, 1] as const) {
        const closed = this.#random.chance(0.5) ? { lost: true as const } : { code: 'relay_lost' };
        this.#clock.schedule(this.#random.integer(300), () => this.#users[end]?.onClosed(closed));
      }
      return;
    }
    const ends = how === 'one_way' ? [this.#random.integer(2)] : [0, 1];
    for (const end of ends) this.#dark[end] = true;
    if (how !== 'cut') return;
    // In the middle of a record: part of what is under way, then an end that nobody has sent.
    this.#isOver = true;
    for (const end of [0, 1] as const) {
      const [next] = this.#underWay[end];
      this.#clock.schedule(this.#random.integer(100), () => {
        const user = this.#users[1 - end];
        if (next?.kind === 'bytes')
          user?.onItem({ ...next, bytes: next.bytes.subarray(0, next.bytes.length >> 1) });
        user?.onItem({ kind: 'end' });
      });
    }
  }
}

const underWayBytesMax = 100_000;
