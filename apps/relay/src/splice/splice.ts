import type { Stream, StreamClosed } from '@macula/transport';
import { codeNumber } from '@macula/wire';

/** Figures of everything that was spliced. */
export interface SpliceCounters {
  /** Payload bytes carried from one stream to another, both directions. */
  bytesForwarded: number;
  /** Splices that stand now. */
  active: number;
  /** Splices since the start. */
  total: number;
  /** Of the bytes, those after which their sender was not read for a while because of a limit. */
  bytesPaced: number;
}

/** One side of a splice: a paused stream and the bytes that were already read from it. */
export interface SpliceEnd {
  readonly stream: Stream;
  readonly rest: Uint8Array;
  /** Told of bytes that came from this end; answers for how long not to read on, milliseconds. */
  readonly pace: (bytes: number) => number;
}

/**
 * Joins two streams byte for byte until both are over. A source whose target is full is paused until the target has drained, so at
 * most one buffer of `streamBufferBytesMax` (and one chunk) waits per direction; a source that is beyond its limit of bytes is paused as well, for as
 * long as `pace` says. Ends and reset codes are carried across; a
 * lost connection resets the other side with `relay_lost`.
 */
export function splice(a: SpliceEnd, b: SpliceEnd, counters: SpliceCounters, onOver: () => void): void {
  let open = 2;
  counters.active++;
  counters.total++;

  const directions = [new Direction(a, b, counters), new Direction(b, a, counters)] as const;
  const join = (out: Direction, back: Direction): void => {
    const { from, to } = out;
    from.start({
      onData: (bytes) => out.carry(bytes),
      onEnd: () => to.end(),
      onDrain: () => back.handleDrain(),
      onClosed: (reason) => {
        out.stop();
        carryClose(reason, to);
        if (--open > 0) return;
        counters.active--;
        onOver();
      },
    });
  };
  join(directions[0], directions[1]);
  join(directions[1], directions[0]);
  directions[0].begin(a.rest);
  directions[1].begin(b.rest);
}

/** One direction of a splice. Its source is read while the target takes bytes and its sender is within the limit. */
class Direction {
  readonly from: Stream;
  readonly to: Stream;
  readonly #pace: (bytes: number) => number;
  readonly #counters: SpliceCounters;
  #isFull = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(from: SpliceEnd, to: SpliceEnd, counters: SpliceCounters) {
    this.from = from.stream;
    this.to = to.stream;
    this.#pace = from.pace;
    this.#counters = counters;
  }

  /** Carries what was read already, and begins to read. */
  begin(rest: Uint8Array): void {
    if (rest.length > 0) this.carry(rest);
    this.#resume();
  }

  carry(bytes: Uint8Array): void {
    this.#counters.bytesForwarded += bytes.length;
    this.#isFull = !this.to.write(bytes);
    if (this.#isFull) this.from.pause();
    const waitMs = this.#pace(bytes.length);
    if (waitMs > 0) this.#wait(bytes.length, waitMs);
  }

  /** The target takes bytes again. */
  handleDrain(): void {
    this.#isFull = false;
    this.#resume();
  }

  /** The source is over. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(bytes: number, waitMs: number): void {
    this.#counters.bytesPaced += bytes;
    this.from.pause();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#resume();
    }, waitMs);
    this.#timer.unref();
  }

  #resume(): void {
    if (!this.#isFull && this.#timer === undefined) this.from.resume();
  }
}

function carryClose(reason: StreamClosed, to: Stream): void {
  if (reason.kind === 'lost') to.reset(codeNumber('relay_lost'));
  else if (reason.kind === 'reset' && !reason.local) to.reset(reason.code);
}
