import { bulkQuantumBytes } from '../limits.js';
import type { StreamCore } from './stream-core.js';

/** What became of one attempt to write. */
export type WriteOutcome =
  /** Nothing left to write, or the stream is over: leave the ring. */
  | 'empty'
  /** Something was written, more is left. */
  | 'more'
  /** The protocol takes nothing of this stream now: not tried again before {@link WriteRing.unblock}. */
  | 'blocked'
  /** The protocol takes nothing of any stream now: the round is over, and the next one after {@link WriteRing.unblock} goes on where this one was. */
  | 'exhausted'
  /** The protocol adds the stream again when it may go on: leave the ring. */
  | 'waiting';

/** Bounds of one round. */
export interface RoundLimits {
  /** Bulk bytes the round may write. */
  readonly bytesMax: number;
  /** Blocked bulk streams the round may come across. */
  readonly failuresMax: number;
}

/**
 * Streams that have something to write: control ones first, the others in turn by deficit round robin, {@link bulkQuantumBytes} a turn. A turn that
 * the protocol or the end of a round interrupts goes on later, so whatever the pieces that the protocol takes, streams that always have output get
 * the same within a quantum, and one that has been idle waits for one turn of each other. What a stream can't use of its turn is forfeited.
 */
export class WriteRing<S extends StreamCore> {
  #control: S[] = [];
  #bulk: S[] = [];
  #blocked: S[] = [];
  readonly #members: Set<S> = new Set();
  /** Bytes that the first bulk stream may still write in its turn. */
  #turnLeft = bulkQuantumBytes;
  #isExhausted = false;

  /** True when a round would try something. */
  get isReady(): boolean {
    return !this.#isExhausted && (this.#control.length > 0 || this.#bulk.length > 0);
  }

  /** True when a stream waits for {@link unblock}. */
  get hasBlocked(): boolean {
    return this.#isExhausted || this.#blocked.length > 0;
  }

  /** Adds a stream that has output; no effect when it is a member already. */
  add(stream: S): void {
    if (this.#members.has(stream)) return;
    this.#members.add(stream);
    this.#enqueue(stream);
  }

  /** Puts a stream in the list of its new priority. */
  move(stream: S): void {
    const from = stream.priority === 'control' ? this.#bulk : this.#control;
    const at = from.indexOf(stream);
    if (at < 0) return;
    if (at === 0 && from === this.#bulk) this.#turnLeft = bulkQuantumBytes;
    from.splice(at, 1);
    this.#enqueue(stream);
  }

  /** Something has changed (packets came, time passed, credit): blocked streams may be tried again. */
  unblock(): void {
    this.#isExhausted = false;
    if (this.#blocked.length === 0) return;
    const blocked = this.#blocked;
    this.#blocked = [];
    for (const stream of blocked) this.#enqueue(stream);
  }

  /**
   * One round: every control stream until it is empty or blocked, then bulk streams in turn until a limit is reached. See {@link isReady} for whether
   * another round is due.
   * @param write hands over at most so many bytes and answers how it went; bytes are counted by `bytesWritten`
   * @param bytesWritten total of bytes handed over so far
   */
  round(
    write: (stream: S, bytesMax: number) => WriteOutcome,
    bytesWritten: () => number,
    limits: RoundLimits,
  ): void {
    if (this.#isExhausted) return;
    for (let stream = this.#control.shift(); stream; stream = this.#control.shift()) {
      let outcome: WriteOutcome = 'more';
      while (outcome === 'more' && stream.priority === 'control') outcome = write(stream, bulkQuantumBytes);
      this.#settle(stream, outcome);
      if (this.#isExhausted) return;
    }
    const bytesEnd = bytesWritten() + limits.bytesMax;
    let failures = 0;
    while (failures < limits.failuresMax && !this.#isExhausted) {
      const stream = this.#bulk[0];
      const before = bytesWritten();
      if (!stream || before >= bytesEnd) return;
      const outcome = write(stream, Math.min(this.#turnLeft, bytesEnd - before));
      const written = bytesWritten() - before;
      if (outcome === 'blocked') failures++;
      // Its owner may have moved it meanwhile.
      if (stream !== this.#bulk[0]) continue;
      this.#turnLeft -= written;
      if (outcome === 'exhausted' && this.#turnLeft > 0) this.#isExhausted = true;
      else if (outcome !== 'more' || this.#turnLeft <= 0 || written === 0) this.#endTurn(stream, outcome);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#control = [];
    this.#bulk = [];
    this.#blocked = [];
    this.#members.clear();
    this.#turnLeft = bulkQuantumBytes;
    this.#isExhausted = false;
  }

  #endTurn(stream: S, outcome: WriteOutcome): void {
    this.#bulk.shift();
    this.#turnLeft = bulkQuantumBytes;
    this.#settle(stream, outcome);
  }

  #settle(stream: S, outcome: WriteOutcome): void {
    if (outcome === 'exhausted') this.#isExhausted = true;
    if (stream.hasOutput && (outcome === 'more' || outcome === 'blocked' || outcome === 'exhausted')) {
      if (outcome === 'blocked') this.#blocked.push(stream);
      else this.#enqueue(stream);
      return;
    }
    this.#members.delete(stream);
    // Written to again by its owner, while it was being emptied.
    if (stream.hasOutput && outcome === 'empty') this.add(stream);
  }

  #enqueue(stream: S): void {
    (stream.priority === 'control' ? this.#control : this.#bulk).push(stream);
  }
}
