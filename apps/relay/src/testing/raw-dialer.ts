import type { Connection, ConnectionClosed, RelayUrl, Stream, Transport } from '@macula/transport';
import { decodeMessage, encodeMessage, FrameReader, type Message } from '@macula/wire';
import { until } from './until.js';

/** A control stream to a relay and nothing else: says what a test tells it to, and reads what comes. */
export class RawDialer {
  readonly connection: Connection;
  /** Every message that came and was not asked for yet. */
  readonly messages: Message[] = [];
  closed: ConnectionClosed | undefined;
  readonly #control: Stream;

  private constructor(connection: Connection) {
    this.connection = connection;
    connection.start({
      onStream: () => {},
      onClosed: (info) => {
        this.closed = info;
      },
    });
    this.#control = connection.openStream({ priority: 'control' });
    const frames = new FrameReader();
    this.#control.start({
      onData: (bytes) => {
        frames.push(bytes);
        for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
          const message = decodeMessage(frame);
          if (message !== undefined) this.messages.push(message);
        }
      },
      onEnd: () => {},
      onDrain: () => {},
      onClosed: () => {},
    });
  }

  static async dial(transport: Transport, url: RelayUrl): Promise<RawDialer> {
    return new RawDialer(await transport.dial({ url, tlsVerify: 'none' }));
  }

  send(...messages: readonly Message[]): void {
    this.write(Buffer.concat(messages.map(encodeMessage)));
  }

  write(bytes: Uint8Array): void {
    this.#control.write(bytes);
  }

  /** The next message, which must be of this kind. */
  async next<K extends Message['kind']>(kind: K): Promise<Extract<Message, { kind: K }>> {
    const message = await until(() => this.messages.shift(), kind);
    if (message.kind !== kind) throw new Error(`${JSON.stringify(message)} instead of ${kind}`);
    return message as Extract<Message, { kind: K }>;
  }
}
