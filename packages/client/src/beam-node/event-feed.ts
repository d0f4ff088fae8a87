import { BeamError } from './beam-error.js';
import { waitFor } from './patience.js';

/** Events for any number of readers, each of which gets all from its first `next` on. */
export class EventFeed<Event> {
  readonly #readers = new Set<Reader<Event>>();
  #hasEnded = false;

  /** Gives an event to every reader. */
  push(event: Event): void {
    for (const reader of this.#readers) {
      if (reader.waiting.length >= waitingMax) reader.waiting.shift();
      reader.waiting.push(event);
      reader.wake?.();
    }
  }

  /** Ends every reader behind what waits for it. */
  end(): void {
    this.#hasEnded = true;
    for (const reader of this.#readers) reader.wake?.();
  }

  /** The events from now on. @throws {BeamError} `aborted` */
  read(signal?: AbortSignal): AsyncGenerator<Event> {
    const reader: Reader<Event> = { waiting: [], wake: undefined };
    this.#readers.add(reader);
    return this.#read(reader, signal);
  }

  async *#read(reader: Reader<Event>, signal: AbortSignal | undefined): AsyncGenerator<Event> {
    try {
      for (;;) {
        const event = reader.waiting.shift();
        if (event !== undefined) yield event;
        else if (this.#hasEnded) return;
        else await this.#more(reader, signal);
      }
    } finally {
      this.#readers.delete(reader);
    }
  }

  #more(reader: Reader<Event>, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) throw new BeamError('aborted', 'aborted by the caller', { cause: signal.reason });
    return waitFor<void>(signal === undefined ? {} : { signal }, 'no event', (resolve) => {
      reader.wake = resolve;
    }).finally(() => {
      reader.wake = undefined;
    });
  }
}

interface Reader<Event> {
  readonly waiting: Event[];
  wake: (() => void) | undefined;
}

/** Of a reader that doesn't read; the oldest are dropped then. */
const waitingMax = 10_000;
