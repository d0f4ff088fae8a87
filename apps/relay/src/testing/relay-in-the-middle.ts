import type { Connection, Stream, Transport } from '@macula/transport';
import {
  codeNumber,
  decodeMessage,
  encodeMessage,
  encodeRawFrame,
  FrameReader,
  type Message,
  type RawFrame,
} from '@macula/wire';

/** What somebody in the middle can do with one connection of a victim. */
export interface MiddleHandlers {
  /** A message came; return true when it was dealt with, else it is passed on as it is. */
  onMessage?(message: Message, from: 'agent' | 'relay', pair: MiddlePair): boolean;
}

/** One victim's connection and the one that goes on to the true relay. */
export interface MiddlePair {
  toAgent(message: Message): void;
  toRelay(message: Message): void;
}

/** Somebody who ends TLS between agents and a relay with a certificate of their own, and sees and changes every message. */
export class RelayInTheMiddle {
  /** Every message that came, in order. */
  readonly seen: { readonly from: 'agent' | 'relay'; readonly message: Message }[] = [];
  readonly #handlers: MiddleHandlers;
  readonly #dialRelay: () => Promise<Connection>;

  private constructor(dialRelay: () => Promise<Connection>, handlers: MiddleHandlers) {
    this.#dialRelay = dialRelay;
    this.#handlers = handlers;
  }

  /** Listens with `transport`; gives the port as well. */
  static async listen(
    transport: Transport,
    at: Parameters<Transport['listen']>[0],
    parts: { readonly dialRelay: () => Promise<Connection>; readonly handlers?: MiddleHandlers },
  ): Promise<{ middle: RelayInTheMiddle; port: number }> {
    const middle = new RelayInTheMiddle(parts.dialRelay, parts.handlers ?? {});
    const listener = await transport.listen(at);
    listener.start({ onConnection: (connection) => middle.#handleVictim(connection) });
    return { middle, port: listener.address.port };
  }

  #handleVictim(victim: Connection): void {
    victim.start({ onStream: (stream) => void this.#join(victim, stream), onClosed: () => {} });
  }

  async #join(victim: Connection, near: Stream): Promise<void> {
    const held: Uint8Array[] = [];
    let onData = (bytes: Uint8Array): void => void held.push(bytes);
    near.start({ onData: (bytes) => onData(bytes), onEnd: () => {}, onDrain: () => {}, onClosed: () => {} });
    const onward = await this.#dialRelay();
    onward.start({ onStream: () => {}, onClosed: () => victim.close(codeNumber('shutdown'), '') });
    const far = onward.openStream();
    const pair: MiddlePair = {
      toAgent: (message) => void near.write(encodeMessage(message)),
      toRelay: (message) => void far.write(encodeMessage(message)),
    };
    onData = this.#reader('agent', far, pair);
    far.start({
      onData: this.#reader('relay', near, pair),
      onEnd: () => {},
      onDrain: () => {},
      onClosed: () => {},
    });
    for (const bytes of held) onData(bytes);
  }

  #reader(from: 'agent' | 'relay', to: Stream, pair: MiddlePair): (bytes: Uint8Array) => void {
    const frames = new FrameReader();
    return (bytes) => {
      frames.push(bytes);
      for (let frame = frames.next(); frame !== undefined; frame = frames.next())
        this.#handle(frame, from, to, pair);
    };
  }

  #handle(frame: RawFrame, from: 'agent' | 'relay', to: Stream, pair: MiddlePair): void {
    const message = decodeMessage(frame);
    if (message !== undefined) {
      this.seen.push({ from, message });
      if (this.#handlers.onMessage?.(message, from, pair) === true) return;
    }
    to.write(encodeRawFrame(frame.type, frame.body));
  }
}
