import type { Term } from '@macula/dist-protocol';
import { BeamError } from './beam-error.js';
import { type Patience, waitFor } from './patience.js';

/** Messages that wait for the program, in order; read by one reader at a time. */
export class Mailbox {
  readonly #messagesMax: number;
  #messages: Term[] = [];
  /** Index of the next message in `#messages`: shifting an array of many costs too much. */
  #next = 0;
  #wake: (() => void) | undefined;
  #ended: BeamError | undefined;

  constructor(messagesMax: number) {
    this.#messagesMax = messagesMax;
  }

  /** Messages that wait. */
  get size(): number {
    return this.#messages.length - this.#next;
  }

  /** Appends a message; false when there is no room. */
  push(message: Term): boolean {
    if (this.#ended !== undefined) return true;
    if (this.size >= this.#messagesMax) return false;
    this.#messages.push(message);
    this.#wake?.();
    return true;
  }

  /** The oldest message, taken out; undefined when there is none. */
  shift(): Term | undefined {
    if (this.#next >= this.#messages.length) return undefined;
    const message = this.#messages[this.#next];
    this.#next += 1;
    if (this.#next === this.#messages.length) {
      this.#messages = [];
      this.#next = 0;
    } else if (this.#next >= compactMin && this.#next * 2 >= this.#messages.length) {
      this.#messages = this.#messages.slice(this.#next);
      this.#next = 0;
    }
    return message;
  }

  /** No more messages come; what waits can still be read. */
  end(error: BeamError): void {
    this.#ended ??= error;
    this.#wake?.();
  }

  /**
   * The oldest message, waited for.
   *
   * @throws {BeamError} `timeout`, `aborted`, or what the mailbox ended with, once it is empty
   */
  async take(patience: Patience): Promise<Term> {
    if (this.#wake !== undefined) throw new BeamError('bad_option', 'this mailbox is being read already');
    for (;;) {
      const message = this.shift();
      if (message !== undefined) return message;
      if (this.#ended !== undefined) throw this.#ended;
      try {
        await waitFor<void>(patience, 'no message', (resolve) => {
          this.#wake = resolve;
        });
      } finally {
        this.#wake = undefined;
      }
    }
  }
}

const compactMin = 1_024;
