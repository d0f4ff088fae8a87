/**
 * The control stream carries what the binding can't say. The dialer opens it first of all (its stream 0), and each end
 * begins it with the hello.
 *
 * ```text
 *   hello   6d 61 63 75 6c 61 2f 31             "macula/1"
 *   reset   01 | opener 1 | index 6 | code 6    opener: 0 dialer, 1 listener; index: that end's nth stream
 *   close   02 | code 6 | length 2 | reason     UTF-8, at most 1024 bytes; then the end of the control stream
 *   open    03                                  one more stream was opened
 * ```
 *
 * Integers are big-endian. A reset or a close is answered with one (code 0), unless both ends send it. When an end has
 * got one it finishes its half of the streams in question and reads the other half to its end; not before, since the
 * peer would take that for a regular end. So no RESET_STREAM, STOP_SENDING or CONNECTION_CLOSE meets a pending call:
 * in the binding one that fails (a read, a write, a wait for a stream) keeps its connection's memory for ever. That
 * is what `open` is for, too: who waits for a stream knows that there is one.
 */

import { TransportError } from '../errors.js';

/** What one end tells the other. */
export type ControlMessage =
  | { readonly kind: 'open' }
  | { readonly kind: 'reset'; readonly opener: Opener; readonly index: number; readonly code: number }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string };

/** Which end opened a stream. */
export type Opener = 'dialer' | 'listener';

/** The first bytes of each end. */
export const hello: Buffer = Buffer.from('macula/1');

/** Longest reason, bytes; longer ones are cut. */
export const reasonBytesMax = 1024;

/** The bytes of a message. */
export function encodeControl(message: ControlMessage): Buffer {
  if (message.kind === 'open') return Buffer.from([openKind]);
  const { code } = message;
  if (message.kind === 'reset') {
    const bytes = Buffer.alloc(resetBytes);
    bytes.writeUInt8(resetKind, 0);
    bytes.writeUInt8(openers.indexOf(message.opener), 1);
    bytes.writeUIntBE(message.index, 2, 6);
    bytes.writeUIntBE(code, 8, 6);
    return bytes;
  }
  const reason = Buffer.from(message.reason).subarray(0, reasonBytesMax);
  const head = Buffer.alloc(closeHeadBytes);
  head.writeUInt8(closeKind, 0);
  head.writeUIntBE(code, 1, 6);
  head.writeUInt16BE(reason.length, 7);
  return Buffer.concat([head, reason]);
}

/** Cuts what comes on the control stream into messages. */
export class ControlReader {
  #rest: Buffer = Buffer.alloc(0);
  #hasHello = false;

  /** The peer has said hello. */
  get hasHello(): boolean {
    return this.#hasHello;
  }

  /**
   * The messages that are complete with these bytes.
   * @throws TransportError with code `protocol_violation`; the reader is of no use afterwards
   */
  push(bytes: Uint8Array): readonly ControlMessage[] {
    this.#rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    if (!this.#hasHello) {
      if (!hello.subarray(0, this.#rest.length).equals(this.#rest.subarray(0, hello.length))) {
        throw new TransportError('protocol_violation', "the peer doesn't speak macula/1");
      }
      if (this.#rest.length < hello.length) return [];
      this.#hasHello = true;
      this.#rest = this.#rest.subarray(hello.length);
    }
    const messages: ControlMessage[] = [];
    for (let message = this.#next(); message; message = this.#next()) messages.push(message);
    return messages;
  }

  #next(): ControlMessage | undefined {
    const rest = this.#rest;
    const kind = rest[0];
    if (kind === undefined) return undefined;
    if (kind === openKind) {
      this.#rest = rest.subarray(1);
      return { kind: 'open' };
    }
    if (kind === resetKind) {
      if (rest.length < resetBytes) return undefined;
      const opener = openers[rest[1]!];
      if (!opener) throw new TransportError('protocol_violation', 'a reset names neither end');
      this.#rest = rest.subarray(resetBytes);
      return { kind: 'reset', opener, index: rest.readUIntBE(2, 6), code: rest.readUIntBE(8, 6) };
    }
    if (kind !== closeKind) {
      throw new TransportError('protocol_violation', `unknown control message ${kind}`);
    }
    if (rest.length < closeHeadBytes) return undefined;
    const end = closeHeadBytes + rest.readUInt16BE(7);
    if (end > closeHeadBytes + reasonBytesMax) {
      throw new TransportError('protocol_violation', 'the reason of a close is too long');
    }
    if (rest.length < end) return undefined;
    this.#rest = rest.subarray(end);
    return { kind: 'close', code: rest.readUIntBE(1, 6), reason: rest.toString('utf8', closeHeadBytes, end) };
  }
}

const openers: readonly Opener[] = ['dialer', 'listener'];
const resetKind = 1;
const closeKind = 2;
const openKind = 3;
const resetBytes = 14;
const closeHeadBytes = 9;
