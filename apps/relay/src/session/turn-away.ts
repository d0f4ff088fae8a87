import type { Connection } from '@macula/transport';
import { codeNumber, codeSentence, encodeMessage, type WireCode } from '@macula/wire';
import { goodbyeLingerMs, turnAwayMsMax, turnedAwayMax } from '../limits.js';
import type { Refusal } from './accept-hello.js';

/** A refusal that says no more than its code. */
export function refusalOf(code: WireCode): Refusal {
  return { code, text: codeSentence(code) };
}

/**
 * Closes connections before anything of them is read. When to try again goes into a GOODBYE, for which the dialer's stream is awaited a moment: its
 * first bytes are on their way.
 */
export class TurnAway {
  #waiting = 0;

  /** Closes one. */
  close(connection: Connection, { code, text, retryMs }: Refusal): void {
    const close = (): void => connection.close(codeNumber(code), text);
    const isTold = retryMs !== undefined && this.#waiting < turnedAwayMax;
    if (!isTold) {
      connection.start({ onStream: (stream) => stream.reset(codeNumber(code)), onClosed: () => {} });
      close();
      return;
    }
    this.#waiting += 1;
    let timer = setTimeout(close, turnAwayMsMax);
    let isSaid = false;
    connection.start({
      onStream: (stream) => {
        if (isSaid) return stream.reset(codeNumber(code));
        isSaid = true;
        stream.start({ onData: () => {}, onEnd: () => {}, onDrain: () => {}, onClosed: () => {} });
        stream.write(encodeMessage({ kind: 'goodbye', code, text, retryMs }));
        clearTimeout(timer);
        timer = setTimeout(close, goodbyeLingerMs);
      },
      onClosed: () => {
        clearTimeout(timer);
        this.#waiting -= 1;
      },
    });
  }
}
