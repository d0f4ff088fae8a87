/**
 * QUIC v1 packets made by hand, for tests that play a peer which breaks the rules: packet protection of RFC 9001 sections 5.2 to
 * 5.4, and the few frames of RFC 9000 section 19 that such a peer sends.
 */
import { createCipheriv, createHmac } from 'node:crypto';

/** Keys of one direction (RFC 9001 section 5.1). */
export interface PacketKeys {
  readonly key: Buffer;
  readonly iv: Buffer;
  readonly headerKey: Buffer;
}

/** The salt from which everybody derives the keys of Initial packets (RFC 9001 section 5.2). */
const initialSalt = Buffer.from('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'hex');
const tagBytes = 16;
const packetNumberBytes = 4;

/** Keys of a direction from its traffic secret, for TLS_AES_128_GCM_SHA256 only. */
export function packetKeys(secret: Uint8Array): PacketKeys {
  return {
    key: expandLabel(secret, 'quic key', 16),
    iv: expandLabel(secret, 'quic iv', 12),
    headerKey: expandLabel(secret, 'quic hp', 16),
  };
}

/** Keys of a dialer's Initial packets, given the destination id of its first one. */
export function initialKeys(destinationId: Uint8Array): PacketKeys {
  const secret = createHmac('sha256', initialSalt).update(destinationId).digest();
  return packetKeys(expandLabel(secret, 'client in', 32));
}

/** A packet of an open connection. */
export function shortPacket(
  keys: PacketKeys,
  destinationId: Uint8Array,
  packetNumber: number,
  frames: Uint8Array,
): Buffer {
  const header = Buffer.concat([
    Uint8Array.of(0x40 | (packetNumberBytes - 1)),
    destinationId,
    u32(packetNumber),
  ]);
  return protect(keys, header, packetNumber, frames);
}

/** An Initial packet of 1,200 bytes: the frames, then padding. */
export function initialPacket(ids: {
  readonly destinationId: Uint8Array;
  readonly sourceId?: Uint8Array;
  readonly frames: Uint8Array;
}): Buffer {
  const { destinationId, sourceId = Buffer.alloc(0), frames } = ids;
  const start = Buffer.concat([
    Uint8Array.of(0xc0 | (packetNumberBytes - 1), 0, 0, 0, 1, destinationId.length),
    destinationId,
    Uint8Array.of(sourceId.length),
    sourceId,
    Uint8Array.of(0), // no token
  ]);
  const payload = Buffer.alloc(1200 - start.length - 2 - packetNumberBytes - tagBytes);
  payload.set(frames);
  const length = integer(packetNumberBytes + payload.length + tagBytes);
  return protect(initialKeys(destinationId), Buffer.concat([start, length, u32(0)]), 0, payload);
}

/** A QUIC integer of one, two or four bytes (RFC 9000 section 16). */
export function integer(value: number): Buffer {
  if (value < 0x40) return Buffer.from([value]);
  if (value < 0x4000) return Buffer.from([0x40 | (value >>> 8), value & 0xff]);
  return u32((value | 0x8000_0000) >>> 0);
}

/** NEW_CONNECTION_ID (RFC 9000 section 19.15). */
export function newConnectionId(
  sequence: number,
  retirePriorTo: number,
  connectionId: Uint8Array,
  resetToken: Uint8Array,
): Buffer {
  const numbers = [Uint8Array.of(0x18), integer(sequence), integer(retirePriorTo)];
  return Buffer.concat([...numbers, Uint8Array.of(connectionId.length), connectionId, resetToken]);
}

/** CRYPTO (RFC 9000 section 19.6). */
export function cryptoFrame(offset: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of(0x06), integer(offset), integer(bytes.length), bytes]);
}

/** STREAM with an offset and a length (RFC 9000 section 19.8). */
export function streamFrame(id: number, offset: number, bytes: Uint8Array, isEnd = false): Buffer {
  return Buffer.concat([
    Uint8Array.of(isEnd ? 0x0f : 0x0e),
    integer(id),
    integer(offset),
    integer(bytes.length),
    bytes,
  ]);
}

/** RESET_STREAM (RFC 9000 section 19.4). */
export function resetStreamFrame(id: number, code: number, finalSize: number): Buffer {
  return Buffer.concat([Uint8Array.of(0x04), integer(id), integer(code), integer(finalSize)]);
}

/** STOP_SENDING (RFC 9000 section 19.5). */
export function stopSendingFrame(id: number, code: number): Buffer {
  return Buffer.concat([Uint8Array.of(0x05), integer(id), integer(code)]);
}

/** PATH_CHALLENGE (RFC 9000 section 19.17). */
export function pathChallengeFrame(data: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of(0x1a), data]);
}

/** PING (RFC 9000 section 19.2): asks for an answer. */
export const pingFrame: Uint8Array = Uint8Array.of(0x01);

function protect(keys: PacketKeys, header: Buffer, packetNumber: number, payload: Uint8Array): Buffer {
  const nonce = Buffer.from(keys.iv);
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ packetNumber) >>> 0, 8);
  const cipher = createCipheriv('aes-128-gcm', keys.key, nonce);
  cipher.setAAD(header);
  const packet = Buffer.concat([header, cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
  // The packet number is always four bytes long here, so the sample begins right behind it.
  const sample = packet.subarray(header.length, header.length + 16);
  const mask = createCipheriv('aes-128-ecb', keys.headerKey, null).update(sample);
  packet[0]! ^= mask[0]! & ((packet[0]! & 0x80) === 0 ? 0x1f : 0x0f);
  for (let at = 0; at < packetNumberBytes; at++)
    packet[header.length - packetNumberBytes + at]! ^= mask[1 + at]!;
  return packet;
}

/** HKDF-Expand-Label (RFC 8446 section 7.1) without context, for lengths of one hash at most. */
function expandLabel(secret: Uint8Array, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Uint8Array.of(0, length, name.length), name, Uint8Array.of(0, 1)]);
  return createHmac('sha256', secret).update(info).digest().subarray(0, length);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
