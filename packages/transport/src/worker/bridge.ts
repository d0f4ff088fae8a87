import type { Duplex } from 'node:stream';
import { parseRelayUrl } from '../relay-url.js';
import type { Connection, Listener, Transport } from '../transport.js';
import { BridgeConnection } from './bridge-connection.js';
import { FrameChannel } from './frame-channel.js';
import { decodeJson, encodeJson, type Frame, FrameType } from './frames.js';
import {
  type Close,
  type DialRequest,
  type Facts,
  heartbeatMs,
  type ListenRequest,
  readStreamMessage,
  toFailure,
} from './messages.js';

/** Heartbeats between two reports of a connection's figures. */
const statsEveryHeartbeats = 2;

/**
 * The worker's side: does what the parent asks with a transport of its own, until the pipe closes.
 * @param onClosed the pipe has closed and the transport too
 */
export function runBridge(pipe: Duplex, transport: Transport, onClosed: () => void): void {
  new Bridge(pipe, transport, onClosed);
}

class Bridge {
  readonly #channel: FrameChannel;
  readonly #transport: Transport;
  readonly #connections: Map<number, BridgeConnection> = new Map();
  readonly #listeners: Map<number, Listener> = new Map();
  /** Attempts that haven't come to an end. */
  readonly #dials: Map<number, AbortController> = new Map();
  #connectionIdNext = 1;

  constructor(pipe: Duplex, transport: Transport, onClosed: () => void) {
    this.#transport = transport;
    let heartbeats = 0;
    const timer = setInterval(() => {
      this.#channel.send(FrameType.heartbeat, 0);
      if (++heartbeats % statsEveryHeartbeats === 0) {
        for (const connection of this.#connections.values()) connection.sendStats();
      }
    }, heartbeatMs);
    this.#channel = new FrameChannel(pipe, {
      onFrame: (frame) => this.#handle(frame),
      onDrain: () => {},
      onClosed: () => {
        clearInterval(timer);
        void transport.close().then(onClosed, onClosed);
      },
    });
    this.#channel.send(FrameType.heartbeat, 0);
  }

  #handle(frame: Frame): void {
    const { type, connection: id, payload } = frame;
    switch (type) {
      case FrameType.heartbeat:
        break;
      case FrameType.dial:
        void this.#dial(id, decodeJson(payload));
        break;
      case FrameType.listen:
        void this.#listen(id, decodeJson(payload));
        break;
      case FrameType.certificate:
        this.#listeners.get(id)?.setCertificate(decodeJson(payload));
        break;
      case FrameType.unlisten:
        void this.#unlisten(id, payload.readUInt32BE(0));
        break;
      case FrameType.close: {
        const { code, reason } = decodeJson<Close>(payload);
        this.#dials.get(id)?.abort();
        this.#connections.get(id)?.close(code, reason);
        break;
      }
      case FrameType.datagram:
        this.#connections.get(id)?.sendDatagram(payload);
        break;
      default: {
        const message = readStreamMessage(frame);
        if (message) this.#connections.get(id)?.handleMessage(message);
      }
    }
  }

  async #dial(id: number, { urlText, pins, ...rest }: DialRequest): Promise<void> {
    const giveUp = new AbortController();
    this.#dials.set(id, giveUp);
    try {
      const fragment = pins.length > 0 ? `#sha256=${pins.join(',')}` : '';
      const url = parseRelayUrl(urlText + fragment);
      const connection = await this.#transport.dial({ ...rest, url, signal: giveUp.signal });
      if (giveUp.signal.aborted) {
        connection.close(0, 'given up');
        return;
      }
      this.#channel.send(FrameType.dialed, id, 0, encodeJson(factsOf(connection)));
      this.#bridge(id, connection);
    } catch (thrown) {
      this.#channel.send(FrameType.failed, id, 0, encodeJson(toFailure(thrown)));
    } finally {
      this.#dials.delete(id);
    }
  }

  async #listen(id: number, request: ListenRequest): Promise<void> {
    try {
      const listener = await this.#transport.listen(request);
      this.#listeners.set(id, listener);
      this.#channel.send(FrameType.listening, id, 0, encodeJson(listener.address));
      listener.start({
        onConnection: (connection) => {
          const connectionId = this.#connectionIdNext;
          this.#connectionIdNext += 2;
          this.#channel.send(FrameType.accepted, connectionId, id, encodeJson(factsOf(connection)));
          this.#bridge(connectionId, connection);
        },
      });
    } catch (thrown) {
      this.#channel.send(FrameType.failed, id, 0, encodeJson(toFailure(thrown)));
    }
  }

  async #unlisten(id: number, code: number): Promise<void> {
    await this.#listeners.get(id)?.close(code);
    this.#listeners.delete(id);
    this.#channel.send(FrameType.unlistened, id);
  }

  #bridge(id: number, connection: Connection): void {
    const bridged = new BridgeConnection(this.#channel, id, connection, () => this.#connections.delete(id));
    this.#connections.set(id, bridged);
    bridged.sendStats();
  }
}

function factsOf({ remoteAddress, certificateSha256, datagramBytesMax }: Connection): Facts {
  return {
    remoteAddress,
    certificateSha256: Buffer.from(certificateSha256).toString('hex'),
    datagramBytesMax,
  };
}
