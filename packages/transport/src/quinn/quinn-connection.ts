import { ConnectionCore, type ConnectionFacts } from '../core/connection-core.js';
import type { StreamOwner } from '../core/stream-core.js';
import { TransportError } from '../errors.js';
import { streamWindowBytesMax } from '../limits.js';
import type { Connection, ConnectionClosed, ConnectionStats, StreamPriority } from '../transport.js';
import { closedInfo } from './closed-info.js';
import type { ControlChannel } from './control-channel.js';
import type { ControlMessage, Opener } from './control-messages.js';
import { identityText } from './identity.js';
import type { NativeConnection, NativeStream } from './native.js';
import { QuinnStream, readBytesMax } from './quinn-stream.js';

/** Bytes handed over in one write; a write costs a change of threads. */
const writeBytesMax = 128 * 1024;
/** Up to here a buffer for gathering comes from Node's pool, bytes. */
const smallWriteBytes = 4096;
/** Buffers for gathering small writes that are kept for later. */
const scratchesMax = 4;
/** Bytes of a stream that is over which are read to reach its end; more can't be under way. Beyond, the peer is stopped. */
const drainBytesMax: number = 2 * streamWindowBytesMax;
/** Milliseconds that a close waits for the peer to have got its code: four round trips, and at least and at most these. */
const lingerMsMin = 500;
const lingerMsMax = 2000;

/** A connection as the binding made it, with its control channel. */
export interface NativeParts {
  readonly native: NativeConnection;
  readonly control: ControlChannel;
  /** Streams a peer may have open at once. */
  readonly streamsMax: number;
  readonly peerPublicKey: Uint8Array;
}

/**
 * The Ed25519 identity that the peer of a quinn connection has proved in the handshake, as in `#id=`: 43 characters of
 * base64url; undefined for connections of other transports.
 */
export function quinnPeerIdentity(connection: Connection): string | undefined {
  return connection instanceof QuinnConnection ? connection.peerIdentity : undefined;
}

/** A connection of the quinn binding. */
export class QuinnConnection extends ConnectionCore<QuinnStream> implements StreamOwner<QuinnStream> {
  /** The peer's identity, as in `#id=`. */
  readonly peerIdentity: string;
  readonly datagramBytesMax = 0;
  /** Resolves when the binding has done with it. */
  readonly released: Promise<void>;

  readonly #native: NativeConnection;
  readonly #control: ControlChannel;
  readonly #streamsMax: number;
  /** Streams by {@link nameOf}; those that are over are forgotten. */
  readonly #byName: Map<number, QuinnStream> = new Map();
  /** Codes of the peer's streams that were reset before they were accepted. */
  readonly #earlyResets: Map<number, number> = new Map();
  readonly #toOpen: QuinnStream[] = [];
  readonly #scratches: Buffer[] = [];
  /** Streams that are over by our doing, until the peer is known to know: by {@link nameOf}. */
  readonly #unacknowledged: Map<number, QuinnStream> = new Map();
  /** Streams that are over and still read to their end. */
  readonly #draining: Set<Promise<void>> = new Set();
  /** Settles when the peer has ended its control stream. */
  readonly #controlEnded: Promise<void>;
  #isOpening = false;
  /** Streams the peer has announced and that are not accepted yet. */
  #announced = 0;
  #isAccepting = false;
  #accepting: NativeStream | undefined;
  #acceptedIndexNext: number;
  #release!: () => void;

  constructor(facts: ConnectionFacts, { native, control, streamsMax, peerPublicKey }: NativeParts) {
    super(facts);
    this.#native = native;
    this.#control = control;
    this.#streamsMax = streamsMax;
    this.peerIdentity = identityText(peerPublicKey);
    // The dialer's first stream is the control stream.
    this.#acceptedIndexNext = facts.role === 'listener' ? 1 : 0;
    this.released = new Promise((resolve) => {
      this.#release = resolve;
    });
    this.#controlEnded = new Promise((resolve) => {
      control.start({
        onMessage: (message) => this.#handleMessage(message),
        onEnd: () => {
          resolve();
          if (!this.closed) this.#violate('the peer ended its control stream');
        },
        onViolation: (error) => this.#lose({ kind: 'lost', error }),
      });
    });
    void native.closed().then(() => this.#handleClosed());
  }

  sendDatagram(): boolean {
    return false;
  }

  stats(): ConnectionStats {
    const { udpTxBytes, udpRxBytes, pathLostPackets } = this.#native.stats();
    return {
      rttMs: this.#native.rtt(),
      bytesSent: udpTxBytes,
      bytesReceived: udpRxBytes,
      packetsLost: pathLostPackets,
    };
  }

  streamWantsWrite(stream: QuinnStream): void {
    if (this.closed) return;
    if (stream.native) {
      if (!stream.isWriting) void this.#write(stream, stream.native);
    } else if (!stream.isOpening) {
      stream.isOpening = true;
      this.#toOpen.push(stream);
      if (!this.#isOpening) void this.#openStreams();
    }
  }

  streamWantsRead(stream: QuinnStream): void {
    queueMicrotask(() => this.#read(stream));
  }

  streamWasReset(stream: QuinnStream, code: number): void {
    // One that is still to be opened is looked at when its turn comes.
    if (stream.native) this.#sendReset(stream, code);
    this.#forget(stream);
  }

  streamPriorityChanged(): void {
    // The binding has no priorities: quinn takes its streams in turn, packet by packet.
  }

  protected override makeStream(id: number, priority: StreamPriority): QuinnStream {
    const native = this.#accepting;
    this.#accepting = undefined;
    return new QuinnStream(this, { id, priority, native });
  }

  protected override closeProtocol(code: number, reason: string): void {
    this.#control.send({ kind: 'close', code, reason });
    this.#control.end();
    void this.#quiesce(false).then(() => this.#native.abort());
  }

  /**
   * Ends our half of every stream and reads the peer's halves to their end, that of the control stream too. The end
   * that closes ends its control stream at once, the other one when this resolves; so nothing is pending at either
   * end when the first one aborts. A timer does, where the peer doesn't play its part.
   */
  async #quiesce(isKnown: boolean): Promise<void> {
    const lingerMs = Math.min(Math.max(lingerMsMin, 4 * this.#native.rtt()), lingerMsMax);
    const timer = setTimeout(() => this.#native.abort(), lingerMs);
    void this.released.then(() => clearTimeout(timer));
    for (const stream of this.streams) this.#endBoth(stream, isKnown);
    await Promise.all([this.#controlEnded, ...this.#draining]);
  }

  /** The binding has done with the connection. */
  async #handleClosed(): Promise<void> {
    this.#release();
    // The wait for a stream fails with the reason; before that come streams that nobody has taken.
    while (!this.closed) {
      try {
        await this.#native.inboundStream();
      } catch (thrown) {
        this.finish(closedInfo(thrown));
      }
    }
  }

  #violate(text: string): void {
    this.#lose({ kind: 'lost', error: new TransportError('protocol_violation', text) });
  }

  /** Closes the connection without a word to the peer. */
  #lose(info: ConnectionClosed): void {
    this.#native.abort();
    this.finish(info);
  }

  #handleMessage(message: ControlMessage): void {
    if (this.closed) {
      if (message.kind === 'close') this.#acknowledgeAll();
      return;
    }
    switch (message.kind) {
      case 'close': {
        this.#acknowledgeAll();
        this.#control.send({ kind: 'close', code: 0, reason: '' });
        void this.#quiesce(true).then(() => this.#control.end());
        this.finish({ kind: 'peer', code: message.code, reason: message.reason });
        break;
      }
      case 'open':
        this.#announced++;
        if (this.#announced > this.#streamsMax) this.#violate('streams beyond the limit');
        else if (!this.#isAccepting) void this.#acceptStreams();
        break;
      case 'reset':
        this.#handleReset(message);
        break;
    }
  }

  #handleReset(message: ControlMessage & { kind: 'reset' }): void {
    const name = nameOf(message);
    const stream = this.#byName.get(name);
    const own = this.#unacknowledged.get(name);
    if (own) {
      this.#acknowledge(own);
      this.#unacknowledged.delete(name);
    } else if (stream) {
      stream.finish({ kind: 'reset', code: message.code, local: false });
      this.#answerReset(stream);
      this.#forget(stream);
    } else if (message.opener !== this.role && message.index >= this.#acceptedIndexNext) {
      if (message.index > this.#acceptedIndexNext + this.#streamsMax) {
        this.#violate('the reset of a stream beyond the limit');
      } else {
        this.#earlyResets.set(message.index, message.code);
      }
    }
  }

  async #acceptStreams(): Promise<void> {
    this.#isAccepting = true;
    while (this.#announced > 0) {
      let native: NativeStream;
      try {
        native = await this.#native.inboundStream();
      } catch {
        // The connection is over, which it learns otherwise.
        return;
      }
      if (this.closed) return;
      this.#announced--;
      this.#accept(native);
    }
    this.#isAccepting = false;
  }

  #accept(native: NativeStream): void {
    this.#accepting = native;
    const stream = this.acceptStream();
    stream.index = Number(native.id());
    this.#acceptedIndexNext = stream.index + 1;
    const code = this.#earlyResets.get(stream.index);
    if (code === undefined) {
      this.#byName.set(this.#nameOf(stream), stream);
    } else {
      this.#earlyResets.delete(stream.index);
      stream.finish({ kind: 'reset', code, local: false });
      this.#answerReset(stream);
      this.streams.delete(stream);
    }
    this.announce(stream);
  }

  /** One after the other, since the peer is to learn of them in the order of their first bytes. */
  async #openStreams(): Promise<void> {
    this.#isOpening = true;
    for (let stream = this.#toOpen.shift(); stream; stream = this.#toOpen.shift()) {
      if (stream.closed) continue;
      let native: NativeStream;
      try {
        native = await this.#native.outboundStream();
      } catch {
        // The connection is over, which it learns otherwise.
        return;
      }
      if (this.closed) return;
      this.#opened(stream, native);
    }
    this.#isOpening = false;
  }

  #opened(stream: QuinnStream, native: NativeStream): void {
    stream.native = native;
    stream.index = Number(native.id());
    this.#control.send({ kind: 'open' });
    const { closed } = stream;
    if (closed) {
      if (closed.kind === 'reset') this.#sendReset(stream, closed.code);
      return;
    }
    this.#byName.set(this.#nameOf(stream), stream);
    void this.#write(stream, native);
    this.#read(stream);
  }

  async #write(stream: QuinnStream, native: NativeStream): Promise<void> {
    stream.isWriting = true;
    while (stream.hasOutput) {
      const wanted = Math.min(stream.queue.bytes, writeBytesMax);
      const scratch = this.#takeScratch(wanted);
      const bytes = stream.queue.peek(wanted, scratch);
      const isGathered = bytes.buffer === scratch.buffer;
      if (!isGathered) this.#keepScratch(scratch);
      try {
        if (bytes.length > 0) await native.write(bytes);
        else await native.finishWrite();
      } catch {
        // Stopped by the peer, whose reset comes on the control stream, or the connection is over.
        return;
      }
      if (isGathered) this.#keepScratch(scratch);
      if (stream.closed || this.closed) break;
      if (bytes.length > 0) stream.sent(bytes.length);
      else stream.endSent();
    }
    stream.isWriting = false;
    if (!stream.closed && !this.closed) return;
    this.#finishWrite(stream);
    this.#forget(stream);
  }

  #takeScratch(bytes: number): Buffer {
    if (bytes <= smallWriteBytes) return Buffer.allocUnsafe(bytes);
    return this.#scratches.pop() ?? Buffer.allocUnsafeSlow(writeBytesMax);
  }

  #keepScratch(scratch: Buffer): void {
    if (scratch.length === writeBytesMax && this.#scratches.length < scratchesMax) {
      this.#scratches.push(scratch);
    }
  }

  /** Delivers what is there and asks for more, while the owner takes it. */
  #read(stream: QuinnStream): void {
    while (stream.isReading) {
      const bytes = stream.inbox.shift();
      if (!bytes) break;
      stream.deliverData(bytes);
    }
    const { native } = stream;
    if (!native || this.closed || !stream.isReading || stream.inbox.bytes > 0 || stream.readEnded) return;
    if (stream.endReceived) {
      stream.deliverEnd();
      if (stream.closed) this.#forget(stream);
      return;
    }
    if (stream.isReadPending || stream.isReadBroken) return;
    stream.isReadPending = true;
    stream.reading = native.read(stream.readBytes).then(
      (bytes) => {
        stream.isReadPending = false;
        if (!bytes) stream.endReceived = true;
        if (stream.closed) return;
        if (bytes) {
          stream.tuneRead(bytes.length);
          stream.inbox.push(bytes);
        }
        this.#read(stream);
      },
      () => {
        stream.isReadPending = false;
        stream.isReadBroken = true;
      },
    );
  }

  #sendReset(stream: QuinnStream, code: number): void {
    const opener = this.#openerOf(stream);
    this.#control.send({ kind: 'reset', opener, index: stream.index, code });
    this.#endBoth(stream, false);
  }

  #answerReset(stream: QuinnStream): void {
    const opener = this.#openerOf(stream);
    this.#control.send({ kind: 'reset', opener, index: stream.index, code: 0 });
    this.#endBoth(stream, true);
  }

  /**
   * Reads the peer's half of a stream that is over to its end, and finishes our half as soon as the peer knows that it is
   * over: it would take the end for a regular one. The peer does the same.
   */
  #endBoth(stream: QuinnStream, isKnown: boolean): void {
    const { native } = stream;
    if (!native || stream.isDraining) return;
    stream.isDraining = true;
    if (isKnown) this.#acknowledge(stream);
    else if (!stream.writeEnded) this.#unacknowledged.set(this.#nameOf(stream), stream);
    const draining = this.#drain(stream, native).then(() => {
      this.#draining.delete(draining);
    });
    this.#draining.add(draining);
  }

  #acknowledgeAll(): void {
    for (const stream of this.#unacknowledged.values()) this.#acknowledge(stream);
    this.#unacknowledged.clear();
  }

  #acknowledge(stream: QuinnStream): void {
    stream.isOverKnown = true;
    this.#finishWrite(stream);
  }

  /** A write that is pending goes through first, since the peer reads; the writer calls this then. */
  #finishWrite(stream: QuinnStream): void {
    if (!stream.isOverKnown || stream.isWriting || stream.writeEnded) return;
    stream.writeEnded = true;
    void stream.native?.finishWrite();
  }

  async #drain(stream: QuinnStream, native: NativeStream): Promise<void> {
    await stream.reading;
    let bytesLeft = drainBytesMax;
    while (!stream.endReceived && !stream.isReadBroken) {
      try {
        const bytes = await native.read(readBytesMax);
        if (!bytes) return;
        bytesLeft -= bytes.length;
      } catch {
        return;
      }
      if (bytesLeft < 0) {
        await native.stopRead();
        return;
      }
    }
  }

  #forget(stream: QuinnStream): void {
    this.streams.delete(stream);
    if (stream.native) this.#byName.delete(this.#nameOf(stream));
  }

  #nameOf(stream: QuinnStream): number {
    return nameOf({ opener: this.#openerOf(stream), index: stream.index });
  }

  #openerOf(stream: QuinnStream): Opener {
    const isDialers = stream.isAccepted === (this.role === 'listener');
    return isDialers ? 'dialer' : 'listener';
  }
}

/** One number for a stream of a connection. */
function nameOf({ opener, index }: { readonly opener: Opener; readonly index: number }): number {
  return index * 2 + (opener === 'dialer' ? 0 : 1);
}
