import { type Connection, createQuicTransport, type Stream, type Transport } from '@macula/transport';
import type { Target } from './calls.js';
import { echoMessage, resetByte } from './contestant.js';
import { dialTo } from './over-transport.js';

/** Handshakes, or short connections, at once: below what makes a listener ask for a Retry. */
const dialingMax = 16;
/** Short streams at once. */
const streamsAtOnce = 64;

const one = Buffer.from([0]);
const resetMe = Buffer.alloc(64, resetByte);

/** The dialing side of what is measured on QUIC besides throughput. */
export class QuicLoad {
  #transport: Transport | undefined;
  #connection: Connection | undefined;
  #held = 0;

  /** Opens connections and keeps them. */
  async hold(target: Target, count: number, keepAliveMs: number): Promise<number> {
    const transport = createQuicTransport({ keepAliveMs });
    await inParallel(count, dialingMax, async () => {
      const connection = await dialTo(transport, target.port, target.certificate);
      this.#held++;
      connection.start({ onStream: () => {}, onClosed: () => this.#held-- });
      await echoOnce(connection);
    });
    return this.#held;
  }

  /** Connections of {@link hold} that are still open. */
  get held(): number {
    return this.#held;
  }

  /** Makes connections and drops them. */
  async connections(target: Target, count: number): Promise<number> {
    this.#transport ??= createQuicTransport();
    const transport = this.#transport;
    await inParallel(count, dialingMax, async () => {
      const connection = await dialTo(transport, target.port, target.certificate);
      connection.start({ onStream: () => {}, onClosed: () => {} });
      await echoOnce(connection);
      connection.close(0, '');
    });
    return count;
  }

  /** Dials the connection for what follows. */
  async connect(target: Target): Promise<null> {
    this.#transport ??= createQuicTransport();
    this.#connection = await dialTo(this.#transport, target.port, target.certificate);
    this.#connection.start({ onStream: () => {}, onClosed: () => {} });
    return null;
  }

  /** Streams opened and ended by both ends. */
  async streams(count: number): Promise<number> {
    await inParallel(count, streamsAtOnce, () => closedStream(this.#use().openStream()));
    return count;
  }

  /** Streams reset, the even ones by the listener, the others here when they have been answered. */
  async resets(count: number): Promise<number> {
    let resets = 0;
    await inParallel(count, streamsAtOnce, async (index) => {
      const stream = this.#use().openStream();
      if (await resetStream(stream, index % 2 === 0)) resets++;
    });
    return resets;
  }

  /** Streams opened at once; how many the listener answered. They are ended afterwards. */
  async credit(count: number, waitMs: number): Promise<number> {
    const streams = Array.from({ length: count }, () => this.#use().openStream());
    let answered = 0;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      for (const stream of streams) {
        let missing = echoMessage.length;
        stream.start({
          onData: (bytes) => {
            missing -= bytes.length;
            if (missing > 0 || ++answered < count) return;
            clearTimeout(timer);
            resolve();
          },
          onDrain: () => {},
          onEnd: () => {},
          onClosed: () => {},
        });
        stream.write(echoMessage);
      }
    });
    for (const stream of streams) stream.end();
    return answered;
  }

  #use(): Connection {
    if (!this.#connection) throw new Error('not connected');
    return this.#connection;
  }
}

/** Does `work` so many times, at most `atOnce` at a time. */
export async function inParallel(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
}

function echoOnce(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = connection.openStream();
    let isEnded = false;
    stream.start({
      onData: () => stream.end(),
      onDrain: () => {},
      onEnd: () => (isEnded = true),
      onClosed: ({ kind }) => (isEnded ? resolve() : reject(new Error(`echo is over: ${kind}`))),
    });
    stream.write(echoMessage);
  });
}

function closedStream(stream: Stream): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.start({
      onData: () => {},
      onDrain: () => {},
      onEnd: () => {},
      onClosed: ({ kind }) => (kind === 'done' ? resolve() : reject(new Error(`stream is over: ${kind}`))),
    });
    stream.write(one);
    stream.end();
  });
}

function resetStream(stream: Stream, byListener: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    stream.start({
      onData: () => stream.reset(8),
      onDrain: () => {},
      onEnd: () => {},
      onClosed: (reason) => resolve(reason.kind === 'reset' && reason.local !== byListener),
    });
    stream.write(byListener ? resetMe : echoMessage);
  });
}
