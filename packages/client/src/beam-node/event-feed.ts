import { BeamError } from './beam-error.js';
import { waitFor } from './patience.js';

/** Events for any number of readers, each of which gets those that come after {@link read}. */
export class EventFeed<Event> {
  readonly #readers = new Set<Reader<Event>>();
  #hasEnded = false;

  /** Gives an event to every reader. */
  push(event: Event): void {
    for (const reader of this.#readers) {
      if (!reader.wants(event)) continue;
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
  read(signal?: AbortSignal, wants: (event: Event) => boolean = () => true): AsyncGenerator<Event> {
    const reader: Reader<Event> = { wants, waiting: [], wake: undefined };
    this.#readers.add(reader);
    const events = this.#read(reader, signal);
    const end = events.return.bind(events);
    // A generator that is ended before its first `next` runs nothing, not even `finally`.
    events.return = (value) => {
      this.#readers.delete(reader);
      return end(value);
    };
    return events;
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
  readonly wants: (event: Event) => boolean;
  readonly waiting: Event[];
  wake: (() => void) | undefined;
}

/** Of a reader that doesn't read; the oldest are dropped then. */
const waitingMax = 10_000;
