import { Duplex } from 'node:stream';

/** Two ends of a byte stream in memory, each with back-pressure; what ends or is destroyed on one side ends on the other. */
export function streamPair(): readonly [Duplex, Duplex] {
  const one = new End();
  const other = new End();
  one.peer = other;
  other.peer = one;
  return [one, other];
}

class End extends Duplex {
  peer: End | undefined;
  #resume: (() => void) | undefined;

  constructor() {
    super({ allowHalfOpen: false });
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    const peer = this.peer;
    // Never within the caller's own turn, as a socket: else two ends would call each other ever deeper.
    setImmediate(() => {
      if (peer === undefined || peer.destroyed || peer.push(Uint8Array.from(chunk))) done();
      else peer.#resume = done;
    });
  }

  override _final(done: () => void): void {
    setImmediate(() => {
      if (this.peer?.destroyed === false) this.peer.push(null);
    });
    done();
  }

  override _read(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    setImmediate(() => this.peer?.destroy());
    done(error);
  }
}
