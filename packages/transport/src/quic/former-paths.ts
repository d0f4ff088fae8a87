import type { Host, NativeConnection } from './native.js';
import type { UdpSocket } from './udp-socket.js';

/** Packets for a former path at a time: a challenge, and two probes (RFC 9002 section 6.2.4). */
const probesMax = 3;
/** Bytes of a packet that may hold PATH_CHALLENGE or PATH_RESPONSE: header 1, number 1, frame 9, tag 16. A bare ping is shorter. */
const challengeBytesMin = 27;

/** What is read of an event; the binding's types lack `FailedValidation`. */
interface PathEventSeen {
  readonly type: string;
  readonly peer?: Host;
}

/**
 * The addresses a peer has left. quiche 0.18 notices only what an acknowledgement of the same path shows, and its probe for a path the peer has
 * left stays unsent; so of more than two packets lost with a path, some are never sent again. The probes go to where the peer is now: it doesn't
 * tell paths apart.
 *
 * A challenge goes to the address that it is for, and to no other: who answers it shows that he is there. A short probe holds none, nor does
 * one for a path that quiche has given up to validate.
 */
export class FormerPaths {
  readonly #native: NativeConnection;
  readonly #socket: UdpSocket;
  /** Packets have come from more than one address. */
  #hasSome = false;
  /** Addresses that were left before they were validated, and from which nothing has come since. */
  readonly #givenUp: Set<string> = new Set();

  constructor(native: NativeConnection, socket: UdpSocket) {
    this.#native = native;
    this.#socket = socket;
  }

  /** A packet has come from another address than the one before; quiche has seen it. */
  handlePeerMoved(to: Host): void {
    this.#hasSome = true;
    this.#readEvents();
    this.#givenUp.delete(addressOf(to));
  }

  /** After each timeout of quiche. */
  probe(): void {
    if (!this.#hasSome) return;
    this.#readEvents();
    const paths = this.#native.pathStats();
    const present = paths.find(({ active }) => active)?.peerHost;
    if (!present) return;
    for (const { active, peerHost } of paths) {
      const isGivenUp = this.#givenUp.has(addressOf(peerHost));
      for (let count = 0; !active && count < probesMax; count++) {
        const length = this.#packetFor(peerHost);
        if (length === 0) break;
        this.#socket.sendBuffer(length, isGivenUp || length < challengeBytesMin ? present : peerHost);
      }
    }
  }

  #readEvents(): void {
    for (let event = this.#native.pathEventNext(); event; event = this.#native.pathEventNext()) {
      const { type, peer } = event as PathEventSeen;
      if (type === 'FailedValidation' && peer) this.#givenUp.add(addressOf(peer));
    }
  }

  /** Makes a packet for one path in the socket's buffer; answers its length, 0 when there is nothing to send. */
  #packetFor(peer: Host): number {
    try {
      return this.#native.sendOnPath(this.#socket.packetBuffer(), this.#socket.local, peer)?.[0] ?? 0;
    } catch {
      // quiche has forgotten the path.
      return 0;
    }
  }
}

function addressOf({ host, port }: Host): string {
  return `${host} ${port}`;
}
