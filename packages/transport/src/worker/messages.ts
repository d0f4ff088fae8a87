import type { StreamMessage } from '../core/credit-connection.js';
import { TransportError, type TransportErrorCode } from '../errors.js';
import { streamBufferBytesMax } from '../limits.js';
import type { CertificatePair, ConnectionClosed, SocketAddress } from '../transport.js';
import type { FrameChannel } from './frame-channel.js';
import { encodeDoubles, encodeUint32, type Frame, FrameType } from './frames.js';

/** Bytes of a stream on their way between the processes, per direction. */
export const workerWindowBytes: number = streamBufferBytesMax;

/** Milliseconds between heartbeats, both ways. */
export const heartbeatMs = 500;

/** JSON of a `dial` frame; pins are hexadecimal. */
export interface DialRequest {
  readonly urlText: string;
  readonly pins: readonly string[];
  readonly tlsVerify: 'none' | 'verify_peer';
  readonly caPem?: readonly string[];
  readonly connectTimeoutMs?: number;
}

/** JSON of a `listen` frame. */
export interface ListenRequest {
  readonly host: string;
  readonly port: number;
  readonly certificate: CertificatePair;
}

/** JSON of `dialed` and `accepted` frames. */
export interface Facts {
  readonly remoteAddress: SocketAddress;
  /** Hexadecimal. */
  readonly certificateSha256: string;
  readonly datagramBytesMax: number;
}

/** JSON of a `failed` frame. */
export interface Failure {
  readonly code: TransportErrorCode;
  readonly message: string;
}

/** JSON of a `close` frame. */
export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** JSON of a `closed` frame: why the connection is over. */
export type ClosedReport =
  | ({ readonly kind: 'local' | 'peer' } & Close)
  | { readonly kind: 'lost'; readonly error: Failure };

/** An error as it travels. */
export function toFailure(thrown: unknown): Failure {
  const { code, message } = TransportError.from(thrown);
  return { code, message };
}

/** The error that travelled. */
export function fromFailure({ code, message }: Failure): TransportError {
  return new TransportError(code, message);
}

/** Why a connection is over, as it travels. */
export function toClosedReport(info: ConnectionClosed): ClosedReport {
  return info.kind === 'lost' ? { kind: 'lost', error: toFailure(info.error) } : info;
}

/** Why a connection is over. */
export function fromClosedReport(report: ClosedReport): ConnectionClosed {
  return report.kind === 'lost' ? { kind: 'lost', error: fromFailure(report.error) } : report;
}

/** Sends what a stream says. */
export function sendStreamMessage(channel: FrameChannel, connection: number, message: StreamMessage): void {
  const { stream } = message;
  switch (message.kind) {
    case 'open':
      channel.send(FrameType.open, connection, stream, priorityByte(message.priority));
      break;
    case 'priority':
      channel.send(FrameType.priority, connection, stream, priorityByte(message.priority));
      break;
    case 'data':
      channel.send(FrameType.data, connection, stream, message.bytes);
      break;
    case 'end':
      channel.send(FrameType.end, connection, stream);
      break;
    case 'reset':
      channel.send(FrameType.reset, connection, stream, encodeDoubles(message.code));
      break;
    case 'credit':
      channel.send(FrameType.credit, connection, stream, encodeUint32(message.bytes));
      break;
  }
}

/** What a stream says in a frame; undefined when the frame is about something else. */
export function readStreamMessage({ type, stream, payload }: Frame): StreamMessage | undefined {
  switch (type) {
    case FrameType.open:
      return { kind: 'open', stream, priority: payload[0] === 1 ? 'control' : 'bulk' };
    case FrameType.priority:
      return { kind: 'priority', stream, priority: payload[0] === 1 ? 'control' : 'bulk' };
    case FrameType.data:
      return { kind: 'data', stream, bytes: payload };
    case FrameType.end:
      return { kind: 'end', stream };
    case FrameType.reset:
      return { kind: 'reset', stream, code: payload.readDoubleBE(0) };
    case FrameType.credit:
      return { kind: 'credit', stream, bytes: payload.readUInt32BE(0) };
    default:
      return undefined;
  }
}

function priorityByte(priority: 'control' | 'bulk'): Uint8Array {
  return Uint8Array.of(priority === 'control' ? 1 : 0);
}
