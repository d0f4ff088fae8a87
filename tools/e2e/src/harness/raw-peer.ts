import type { Duplex } from 'node:stream';
import {
  atom,
  DistChannel,
  DistFlag,
  Handshake,
  type HandshakePeer,
  Pid,
  Reference,
  type Signal,
  supportedFlags,
} from '@macula/dist-protocol';
import { openByPort } from './typescript-node.js';

/** What a raw peer can do; by default all that the package can. */
export interface RawPeerOptions {
  readonly flags?: bigint;
  /** Default `E2E_COOKIE`. */
  readonly cookie?: string;
}

/**
 * The two cores of `@macula/dist-protocol` on a socket and nothing else: a node that says exactly what the test says, and shows every
 * signal that comes.
 */
export class RawPeer {
  /** All signals that have come. */
  readonly signals: Signal[] = [];
  /** Everything that has come, handshake included. */
  readonly received: Uint8Array[] = [];
  /** Why it has ended, where the channel failed. */
  failure: Error | undefined;
  readonly #socket: Duplex;
  readonly #channel: DistChannel;

  private constructor(
    socket: Duplex,
    channel: DistChannel,
    /** Who it says it is. */
    readonly local: HandshakePeer,
    readonly peer: HandshakePeer,
    received: readonly Uint8Array[],
  ) {
    this.#socket = socket;
    this.#channel = channel;
    this.received.push(...received);
  }

  /** Dials a node of the carrier `tcp`. @throws HandshakeError */
  static async dial(
    node: string,
    { flags = supportedFlags, cookie = 'E2E_COOKIE' }: RawPeerOptions = {},
  ): Promise<RawPeer> {
    const socket = await openByPort(node, AbortSignal.timeout(5_000));
    const local = { name: 'raw-1@127.0.0.1', creation: 5, flags };
    const options = { local, challenge: 1, peerName: node, cookie: Buffer.from(cookie, 'latin1') };
    const handshake = Handshake.initiator(options, 0);
    const received: Uint8Array[] = [];
    return new Promise((resolve, reject) => {
      let made: RawPeer | undefined;
      const poll = () => {
        for (let output = handshake.pollOutput(); output !== undefined; output = handshake.pollOutput()) {
          if (output.kind === 'send') socket.write(output.bytes);
          else if (output.kind === 'peer_alive') handshake.answerAlive(true);
          else if (output.kind === 'failed') reject(output.error);
          else if (output.kind === 'connected') {
            const has = (flag: bigint) => (output.flags & flag) !== 0n;
            const header = has(DistFlag.distHdrAtomCache);
            const fragments = header && has(DistFlag.fragments);
            const channel = new DistChannel({ distributionHeader: header, fragments }, 0);
            made = new RawPeer(socket, channel, local, output.peer, received);
            made.#handle(output.rest);
            resolve(made);
          }
        }
      };
      socket.on('data', (bytes: Buffer) => {
        if (made !== undefined) {
          made.received.push(bytes);
          made.#handle(bytes);
          return;
        }
        received.push(bytes);
        handshake.handleBytes(bytes);
        poll();
      });
      socket.on('end', () => {
        handshake.handleEnd();
        poll();
      });
      socket.on('error', reject);
      poll();
    });
  }

  /** A pid of this node. */
  pid(id: number): Pid {
    return new Pid({ node: atom(this.local.name), id, serial: 0, creation: this.local.creation });
  }

  /** A reference of this node. */
  reference(id: number): Reference {
    return new Reference({ node: atom(this.local.name), creation: this.local.creation, words: [id, 0, 0] });
  }

  /** Sends signals. */
  send(...signals: readonly Signal[]): void {
    for (const signal of signals) this.#channel.send(signal);
    for (let parts = this.#channel.pollTransmit(); parts !== undefined; parts = this.#channel.pollTransmit())
      for (const part of parts) this.#socket.write(part);
  }

  /** Writes bytes as they are. */
  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Ends the connection. */
  close(): void {
    this.#socket.destroy();
  }

  /** Whether the other side has ended the connection. */
  get hasEnded(): boolean {
    return this.#socket.readableEnded || this.#socket.destroyed;
  }

  #handle(bytes: Uint8Array): void {
    this.#channel.handleBytes(bytes);
    for (let output = this.#channel.pollOutput(); output !== undefined; output = this.#channel.pollOutput()) {
      if (output.kind === 'signal') this.signals.push(output.signal);
      else this.failure = output.error;
    }
  }
}
