import { TransportError } from '../errors.js';

/**
 * What parent and worker process say to each other over file descriptor 3.
 *
 * ```text
 *   u32 length of what follows | u8 type | u32 connection | u32 stream | payload        (big endian)
 *
 *   parent → worker                                worker → parent
 *   dial        connection, JSON DialRequest       dialed     connection, JSON Facts
 *   listen      listener, JSON ListenRequest       listening  listener, JSON SocketAddress
 *                                                  failed     connection or listener, JSON Failure
 *   certificate listener, JSON CertificatePair     accepted   connection, stream = listener, JSON Facts
 *   unlisten    listener, u32 code                 unlistened listener
 *   close (also gives up a dial)
 *               connection, JSON Close             closed     connection, JSON ClosedReport
 *                                                  stats      connection, 4 × f64
 *                                                  renewal    connection
 *   both ways
 *   heartbeat | open, priority: u8 | data: bytes | end | reset: f64 code | credit: u32 bytes | datagram: bytes
 * ```
 *
 * The parent names connections it dials with even numbers, the worker those it accepts with odd ones; the same for
 * streams. Data needs credit ({@link workerWindowBytes} per stream and direction), so the queue of the pipe is
 * bounded and nothing else waits behind a stream that isn't read.
 */
export const FrameType = {
  heartbeat: 1,
  dial: 2,
  dialed: 3,
  failed: 4,
  listen: 5,
  listening: 6,
  certificate: 7,
  accepted: 8,
  unlisten: 9,
  unlistened: 10,
  close: 11,
  closed: 12,
  stats: 13,
  open: 14,
  priority: 15,
  data: 16,
  end: 17,
  reset: 18,
  credit: 19,
  datagram: 20,
  renewal: 21,
} as const;

/** One of {@link FrameType}. */
export type FrameTypeCode = (typeof FrameType)[keyof typeof FrameType];

/** Bytes of length, type, connection and stream. */
const headerBytes = 13;
/** What the length counts beside the payload. */
const lengthBase = headerBytes - 4;
/** Largest payload; the largest that is sent are PEM chains. */
const payloadBytesMax: number = 1024 * 1024;
/** Payloads below are copied behind their header: one buffer less for the system to gather. */
const copyBelowBytes = 2048;

const nothing = Buffer.alloc(0);

/** The frame as the buffers to write. */
export function encodeFrame(
  type: FrameTypeCode,
  connection: number,
  stream: number,
  payload: Uint8Array = nothing,
): readonly Uint8Array[] {
  const isCopied = payload.length < copyBelowBytes;
  const frame = Buffer.allocUnsafe(isCopied ? headerBytes + payload.length : headerBytes);
  frame.writeUInt32BE(lengthBase + payload.length, 0);
  frame[4] = type;
  frame.writeUInt32BE(connection, 5);
  frame.writeUInt32BE(stream, 9);
  if (!isCopied) return [frame, payload];
  frame.set(payload, headerBytes);
  return [frame];
}

/** A frame that was read; the payload belongs to the receiver. */
export interface Frame {
  readonly type: FrameTypeCode;
  readonly connection: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #parts: Buffer[] = [];
  #bytes = 0;
  #needed = 4;

  /** The frames that are complete now; undefined when the other side doesn't speak this protocol: an unknown type, or a payload of another size. */
  push(chunk: Buffer): readonly Frame[] | undefined {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed) return [];
    const all = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts, this.#bytes);
    const frames: Frame[] = [];
    let at = 0;
    this.#needed = 4;
    while (all.length - at >= 4) {
      const length = all.readUInt32BE(at);
      if (length < lengthBase || length > lengthBase + payloadBytesMax) return undefined;
      const end = at + 4 + length;
      if (end > all.length) {
        this.#needed = 4 + length;
        break;
      }
      const type = all[at + 4]!;
      if (!isPayloadOf(type, length - lengthBase)) return undefined;
      frames.push({
        type: type as FrameTypeCode,
        connection: all.readUInt32BE(at + 5),
        stream: all.readUInt32BE(at + 9),
        payload: all.subarray(at + headerBytes, end),
      });
      at = end;
    }
    this.#parts = at < all.length ? [all.subarray(at)] : [];
    this.#bytes = all.length - at;
    return frames;
  }
}

function isPayloadOf(type: number, bytes: number): boolean {
  const exact = payloadBytes[type];
  return exact === 'any' || exact === bytes;
}

/** Size of each type's payload. */
const payloadBytes: Readonly<Record<number, number | 'any'>> = {
  [FrameType.heartbeat]: 0,
  [FrameType.dial]: 'any',
  [FrameType.dialed]: 'any',
  [FrameType.failed]: 'any',
  [FrameType.listen]: 'any',
  [FrameType.listening]: 'any',
  [FrameType.certificate]: 'any',
  [FrameType.accepted]: 'any',
  [FrameType.unlisten]: 4,
  [FrameType.unlistened]: 0,
  [FrameType.close]: 'any',
  [FrameType.closed]: 'any',
  [FrameType.stats]: 32,
  [FrameType.open]: 1,
  [FrameType.priority]: 1,
  [FrameType.data]: 'any',
  [FrameType.end]: 0,
  [FrameType.reset]: 8,
  [FrameType.credit]: 4,
  [FrameType.datagram]: 'any',
  [FrameType.renewal]: 0,
};

/** A number as payload. */
export function encodeUint32(value: number): Buffer {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32BE(value);
  return payload;
}

/** Numbers as payload; NaN stands for unknown. */
export function encodeDoubles(...values: readonly number[]): Buffer {
  const payload = Buffer.allocUnsafe(8 * values.length);
  for (const [index, value] of values.entries()) payload.writeDoubleBE(value, 8 * index);
  return payload;
}

/** A JSON value as payload. */
export function encodeJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/**
 * The JSON value of a payload; parent and worker are one program, so its shape is taken as it is.
 * @throws TransportError with code `protocol_violation` when it is none: the channel is of no use then
 */
export function decodeJson<T>(payload: Buffer): T {
  try {
    return JSON.parse(payload.toString()) as T;
  } catch (cause) {
    throw new TransportError('protocol_violation', 'a frame of the other process is no JSON', { cause });
  }
}
