import type { SeededRandom, VirtualClock } from '@macula/testkit';

/** What a local node does with its tunnel. */
export interface LocalNodeUser {
  /** Whether the agent runs: one that stands still reads nothing. */
  readonly isAwake: boolean;
  write(bytes: Uint8Array): void;
  accepted(byteCount: number): void;
  end(): void;
  close(): void;
}

/** Byte `at` of the stream that a side writes; sides differ, and no block of it repeats soon. */
export function byteAt(side: 0 | 1, at: number): number {
  return (at * 7 + (at >> 8) * 13 + side * 101) % 251;
}

/**
 * The node at one end: writes a known stream while it isn't paused, reads what comes at its own pace, and compares every byte with
 * what the other side writes.
 */
export class LocalNode {
  readonly side: 0 | 1;
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #totalBytes: number;
  readonly #eagerness: number;
  user: LocalNodeUser | undefined;
  isPaused = false;
  isClosed = false;
  writtenBytes = 0;
  deliveredBytes = 0;
  acceptedBytes = 0;
  sawEnd = false;

  constructor({
    side,
    clock,
    random,
    totalBytes,
  }: {
    readonly side: 0 | 1;
    readonly clock: VirtualClock;
    readonly random: SeededRandom;
    readonly totalBytes: number;
  }) {
    this.side = side;
    this.#clock = clock;
    this.#random = random;
    this.#totalBytes = totalBytes;
    this.#eagerness = random.pick([5, 50, 500]);
  }

  get hasWrittenAll(): boolean {
    return this.writtenBytes === this.#totalBytes;
  }

  start(user: LocalNodeUser): void {
    this.user = user;
    this.#writeSoon();
    this.#readSoon();
  }

  /** @throws {Error} when a byte isn't the one the other side wrote there */
  deliver(pieces: readonly Uint8Array[]): void {
    const source = (1 - this.side) as 0 | 1;
    for (const piece of pieces) {
      for (const byte of piece) {
        if (byte !== byteAt(source, this.deliveredBytes)) {
          throw new Error(`side ${this.side}: wrong byte at ${this.deliveredBytes}`);
        }
        this.deliveredBytes++;
      }
    }
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.user?.close();
  }

  #writeSoon(): void {
    this.#clock.schedule(this.#random.integer(this.#eagerness), () => {
      if (this.isClosed) return;
      if (this.hasWrittenAll) {
        // Some half-close: the other direction goes on.
        if (this.#random.chance(0.3)) this.user?.end();
        return;
      }
      if (!this.isPaused && this.user?.isAwake === true) {
        const size = Math.min(this.#totalBytes - this.writtenBytes, 1 + this.#random.integer(chunkBytesMax));
        const from = this.writtenBytes;
        this.writtenBytes += size;
        this.user?.write(Uint8Array.from({ length: size }, (_, index) => byteAt(this.side, from + index)));
      }
      this.#writeSoon();
    });
  }

  #readSoon(): void {
    // Now and then the reader stands still for a while, so that windows close.
    const delayMs = this.#random.chance(0.02) ? 2000 : this.#random.integer(40);
    this.#clock.schedule(delayMs, () => {
      if (this.isClosed) return;
      const waiting = this.deliveredBytes - this.acceptedBytes;
      const count = waiting === 0 ? 0 : 1 + this.#random.integer(waiting);
      this.acceptedBytes += count;
      if (count > 0) this.user?.accepted(count);
      this.#readSoon();
    });
  }
}

const chunkBytesMax = 6000;
