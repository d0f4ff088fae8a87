import type { StreamCore } from './stream-core.js';

/** What became of one attempt to write. */
export type WriteOutcome =
  /** Nothing left to write, or the stream is over: leave the ring. */
  | 'empty'
  /** Something was written, more is left. */
  | 'more'
  /** The protocol takes nothing of this stream now: not tried again before {@link WriteRing.unblock}. */
  | 'blocked'
  /** The protocol adds the stream again when it may go on: leave the ring. */
  | 'waiting';

/** Bounds of one round. */
export interface RoundLimits {
  /** Bulk bytes the round may write. */
  readonly bytesMax: number;
  /** Blocked bulk streams the round may come across. */
  readonly failuresMax: number;
}

/** Streams that have something to write: control ones first, the others in turn. */
export class WriteRing<S extends StreamCore> {
  #control: S[] = [];
  #bulk: S[] = [];
  #blocked: S[] = [];
  readonly #members: Set<S> = new Set();

  /** True when a round would try something. */
  get isReady(): boolean {
    return this.#control.length > 0 || this.#bulk.length > 0;
  }

  /** True when a stream waits for {@link unblock}. */
  get hasBlocked(): boolean {
    return this.#blocked.length > 0;
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
    from.splice(at, 1);
    this.#enqueue(stream);
  }

  /** Something has changed (packets came, time passed, credit): blocked streams may be tried again. */
  unblock(): void {
    if (this.#blocked.length === 0) return;
    const blocked = this.#blocked;
    this.#blocked = [];
    for (const stream of blocked) this.#enqueue(stream);
  }

  /**
   * One round: every control stream until it is empty or blocked, then one write per bulk stream in turn until a
   * limit is reached. See {@link isReady} for whether another round is due.
   * @param write hands over at most one quantum and answers how it went; bytes are counted by `bytesWritten`
   * @param bytesWritten total of bytes handed over so far
   */
  round(write: (stream: S) => WriteOutcome, bytesWritten: () => number, limits: RoundLimits): void {
    for (let stream = this.#control.shift(); stream; stream = this.#control.shift()) {
      let outcome: WriteOutcome = 'more';
      while (outcome === 'more' && stream.priority === 'control') outcome = write(stream);
      this.#settle(stream, outcome);
    }
    const bytesEnd = bytesWritten() + limits.bytesMax;
    let failures = 0;
    while (failures < limits.failuresMax && bytesWritten() < bytesEnd) {
      const stream = this.#bulk.shift();
      if (!stream) return;
      const outcome = write(stream);
      if (outcome === 'blocked') failures++;
      this.#settle(stream, outcome);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#control = [];
    this.#bulk = [];
    this.#blocked = [];
    this.#members.clear();
  }

  #settle(stream: S, outcome: WriteOutcome): void {
    if (stream.hasOutput && (outcome === 'more' || outcome === 'blocked')) {
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
