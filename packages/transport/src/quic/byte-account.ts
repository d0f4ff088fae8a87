import { streamWindowBytesMax, unaccountedBytesMax } from '../limits.js';

/** A packet's own bytes (header, connection id, tag) and those of a small frame. */
const packetOverheadBytes = 64;
/** Pings and their like: bytes a second that nobody asks about. */
const freeBytesPerSecond = 256;

/**
 * Compares what a connection received with what became of it. The bundled quiche keeps some frames (CRYPTO,
 * PATH_CHALLENGE) without bound; a peer that sends a mebibyte which shows up nowhere is cut off. It bounds what a peer
 * can park per byte of honest traffic; it is no proof against one that pads its attack with traffic.
 *
 * Credited are: bytes read from streams and an eighth on top (headers, repeats), datagrams, per packet an overhead as
 * long as the turn delivered something, the same per packet sent as long as the turn wrote something (each may be acknowledged
 * by a packet of its own), an eighth of what was sent, and a trickle for pings.
 */
export class ByteAccount {
  /** Bytes of all packets received. */
  received = 0;
  /** Of these, bytes that were found not to be the peer's. */
  #foreign = 0;
  #credit = 0;
  #turnPackets = 0;
  #turnBytes = 0;
  #turnPacketsSent = 0;
  #turnBytesWritten = 0;
  readonly #startMs: number;

  constructor(nowMs: number) {
    this.#startMs = nowMs;
  }

  handlePacket(bytes: number): void {
    this.received += bytes;
    this.#turnPackets++;
  }

  /** Bytes read from a stream; an end counts as one. */
  handleRead(bytes: number): void {
    this.#credit += bytes + bytes / 8;
    this.#turnBytes += bytes;
  }

  /** Bytes given to a stream or sent as a datagram; an end counts as one. */
  handleWritten(bytes: number): void {
    this.#turnBytesWritten += bytes;
  }

  handleSent(bytes: number, packets: number): void {
    this.#credit += bytes / 8;
    this.#turnPacketsSent += packets;
  }

  /** The peer reset a stream in quiche's way: what had come since it was last empty will never be read. */
  handleDiscarded(parkedSince: number | undefined): void {
    const parked = parkedSince === undefined ? 0 : this.received - parkedSince;
    this.#credit += Math.min(streamWindowBytesMax, parked + this.#turnPackets * 1500);
  }

  handleTurnEnd(): void {
    const delivering = Math.min(this.#turnPackets, this.#turnBytes);
    // Only packets of turns that wrote something: others are acknowledgements themselves, which a peer can draw at will.
    const acknowledged = Math.min(this.#turnPacketsSent, this.#turnBytesWritten);
    this.#credit += packetOverheadBytes * (delivering + acknowledged);
    this.#turnPackets = this.#turnBytes = 0;
    this.#turnPacketsSent = this.#turnBytesWritten = 0;
  }

  /**
   * True when too much is unaccounted for.
   * @param unreadStreams how many streams may hold bytes that were not read yet; asked only when it counts
   * @param authentic bytes of the packets that were the peer's: what others send in its name is not its fault. Asked only when it counts
   */
  isExceeded(nowMs: number, unreadStreams: () => number, authentic: () => number): boolean {
    const free = ((nowMs - this.#startMs) / 1000) * freeBytesPerSecond;
    const isExceeded = (): boolean => {
      const unaccounted = this.received - this.#foreign - this.#credit - free;
      return (
        unaccounted > unaccountedBytesMax &&
        unaccounted > unaccountedBytesMax + unreadStreams() * streamWindowBytesMax
      );
    };
    if (!isExceeded()) return false;
    this.#foreign = this.received - authentic();
    return isExceeded();
  }
}
