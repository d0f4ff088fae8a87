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
}

/** One side of a splice: a paused stream and the bytes that were already read from it. */
export interface SpliceEnd {
  readonly stream: Stream;
  readonly rest: Uint8Array;
}

/**
 * Joins two streams byte for byte until both are over. A source whose target is full is paused until the target has drained, so at
 * most one buffer of `streamBufferBytesMax` (and one chunk) waits per direction. Ends and reset codes are carried across; a
 * lost connection resets the other side with `relay_lost`.
 */
export function splice(a: SpliceEnd, b: SpliceEnd, counters: SpliceCounters, onOver: () => void): void {
  let open = 2;
  counters.active++;
  counters.total++;

  const join = (from: Stream, to: Stream): void => {
    from.start({
      onData: (bytes) => {
        counters.bytesForwarded += bytes.length;
        if (!to.write(bytes)) from.pause();
      },
      onEnd: () => to.end(),
      onDrain: () => to.resume(),
      onClosed: (reason) => {
        carryClose(reason, to);
        if (--open > 0) return;
        counters.active--;
        onOver();
      },
    });
  };
  join(a.stream, b.stream);
  join(b.stream, a.stream);
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    counters.bytesForwarded += from.rest.length;
    if (to.stream.write(from.rest)) from.stream.resume();
  }
}

function carryClose(reason: StreamClosed, to: Stream): void {
  if (reason.kind === 'lost') to.reset(codeNumber('relay_lost'));
  else if (reason.kind === 'reset' && !reason.local) to.reset(reason.code);
}
