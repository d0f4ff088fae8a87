import { listenerIdBytes } from './native.js';

/** The part of a QUIC packet (RFC 8999) that a listener needs to find its connection. */
export type PacketHeader =
  /** `1` in the first bit: handshake and version negotiation. */
  | {
      readonly kind: 'long';
      readonly version: number;
      /** Of version 1. */
      readonly isInitial: boolean;
      readonly destinationId: Buffer;
      readonly sourceId: Buffer;
      /** Of an Initial that answers a Retry; empty otherwise. */
      readonly token: Buffer;
    }
  /** `0` in the first bit: everything after the handshake. */
  | { readonly kind: 'short'; readonly destinationId: Buffer };

/** Reads the header; undefined when it isn't one. The ids are views into the packet. */
export function parsePacketHeader(packet: Buffer): PacketHeader | undefined {
  const first = packet[0];
  if (first === undefined) return undefined;
  if ((first & 0x80) === 0) {
    if (packet.length < 1 + listenerIdBytes) return undefined;
    return { kind: 'short', destinationId: packet.subarray(1, 1 + listenerIdBytes) };
  }
  // first | version 4 | length of destination id | destination id | length of source id | source id
  if (packet.length < 7) return undefined;
  const destinationEnd = 6 + packet[5]!;
  const sourceLength = packet[destinationEnd];
  if (sourceLength === undefined || packet.length < destinationEnd + 1 + sourceLength) return undefined;
  const isInitial = (first & 0x30) === 0;
  const sourceEnd = destinationEnd + 1 + sourceLength;
  return {
    kind: 'long',
    version: packet.readUInt32BE(1),
    isInitial,
    destinationId: packet.subarray(6, destinationEnd),
    sourceId: packet.subarray(destinationEnd + 1, sourceEnd),
    token: isInitial ? tokenAt(packet, sourceEnd) : packet.subarray(0, 0),
  };
}

/** The token of an Initial, whose length is a QUIC integer of one or two bytes: ours are shorter than 64. */
function tokenAt(packet: Buffer, at: number): Buffer {
  const first = packet[at] ?? 0;
  const second = packet[at + 1] ?? 0;
  const [length, start] = first < 0x40 ? [first, at + 1] : [((first & 0x3f) << 8) | second, at + 2];
  const isLonger = first >= 0x80;
  return isLonger || start + length > packet.length
    ? packet.subarray(0, 0)
    : packet.subarray(start, start + length);
}

/** Key of a connection id in a map. */
export function idKey(id: Buffer): string {
  return id.toString('latin1');
}
