import { isKind } from '../etf/accessors.js';
import { ByteWriter } from '../etf/byte-writer.js';
import { writeBare } from '../etf/encode.js';
import type { Pid } from '../etf/identifiers.js';
import { Tag } from '../etf/tags.js';
import { encodeControl } from './control.js';
import { fragmentBytes } from './limits.js';
import type { Signal } from './signal.js';

/**
 * Signals on their way into the byte stream. A small one becomes a packet at once; one larger than {@link fragmentBytes} goes in
 * fragments, a round of one for each such message, so that small ones of other processes need not wait behind it. What a process
 * sends after a large message of its own waits until that has gone: signals of one sender keep their order.
 */
export class Outbox {
  readonly #style: PacketStyle;
  /** Packets that wait to be taken. */
  readonly #packets: ByteWriter = new ByteWriter();
  readonly #scratch: ByteWriter = new ByteWriter(fragmentBytes);
  /** Messages that go in fragments, by their sender, each with what has to wait behind it. */
  readonly #large = new Map<string, LargeMessage[]>();
  #nextSequence = 1n;
  #queuedBytes = 0;

  /** @param nativeRecords whether the peer reads them; default true */
  constructor(style: PacketStyle, nativeRecords = true) {
    this.#style = style;
    this.#scratch.allowsNativeRecords = nativeRecords;
  }

  /** Bytes that wait to be taken. */
  get queuedBytes(): number {
    return this.#packets.length + this.#queuedBytes;
  }

  /**
   * Appends a signal. Large binaries in it are not copied: they may not change until it has gone.
   *
   * @param sender who it is from where the signal itself names it otherwise, by a registered name
   * @throws {EtfError} `invalid_term`
   */
  push(signal: Signal, sender: string | undefined = senderOf(signal)): void {
    const scratch = this.#scratch;
    scratch.clear();
    const { control, payload } = encodeControl(signal);
    if (this.#style === 'pass_through') scratch.u8(Tag.version);
    writeBare(scratch, control);
    const controlBytes = scratch.length;
    if (payload !== undefined) {
      if (this.#style === 'pass_through') scratch.u8(Tag.version);
      writeBare(scratch, payload);
    }
    const waiting = this.#large.size === 0 || sender === undefined ? undefined : this.#large.get(sender);
    if (waiting === undefined && scratch.length <= fragmentBytes) {
      this.#writePacket(scratch.written());
      return;
    }
    const message = { body: new Rope(scratch.takeParts()), controlBytes, sequence: 0n, fragmentsLeft: 0 };
    this.#queuedBytes += message.body.length;
    if (waiting === undefined) this.#large.set(sender ?? '', [message]);
    else waiting.push(message);
  }

  /** Appends a tick. */
  pushTick(): void {
    this.#packets.u32(0);
  }

  /** The next bytes, about a round of fragments at most, or undefined when there are none. They are not used again here. */
  take(): readonly Uint8Array[] | undefined {
    if (this.#packets.length > 0) return this.#packets.takeParts();
    if (this.#large.size === 0) return undefined;
    const parts: Uint8Array[] = [];
    for (const [sender, messages] of this.#large) {
      this.#takeFragment(messages, parts);
      if (messages.length === 0) this.#large.delete(sender);
    }
    return parts;
  }

  #writePacket(body: Uint8Array): void {
    const packets = this.#packets;
    if (this.#style === 'pass_through') {
      packets.u32(body.length + 1);
      packets.u8(passThrough);
    } else {
      packets.u32(body.length + 3);
      packets.u8(Tag.version);
      packets.u8(distributionHeader);
      packets.u8(0);
    }
    packets.bytes(body);
  }

  #takeFragment(messages: LargeMessage[], parts: Uint8Array[]): void {
    const message = messages[0];
    if (message === undefined) return;
    const { body } = message;
    const before = body.length;
    if (
      this.#style === 'fragments' &&
      (message.fragmentsLeft > 0 || before > fragmentBytes + message.controlBytes)
    )
      this.#fragment(message, parts);
    else {
      this.#writePacketHead(parts, before);
      body.take(before, parts);
    }
    this.#queuedBytes -= before - body.length;
    if (body.length === 0) messages.shift();
  }

  #writePacketHead(parts: Uint8Array[], bodyBytes: number): void {
    const head = new ByteWriter();
    if (this.#style === 'pass_through') {
      head.u32(bodyBytes + 1);
      head.u8(passThrough);
    } else {
      head.u32(bodyBytes + 3);
      head.u8(Tag.version);
      head.u8(distributionHeader);
      head.u8(0);
    }
    parts.push(head.finish());
  }

  /** The first fragment holds the whole control message and a fragment of the payload. */
  #fragment(message: LargeMessage, parts: Uint8Array[]): void {
    const { body } = message;
    const isFirst = message.fragmentsLeft === 0;
    if (isFirst) {
      message.sequence = this.#nextSequence++;
      message.fragmentsLeft = Math.ceil((body.length - message.controlBytes) / fragmentBytes);
    }
    const bytes = Math.min(body.length, fragmentBytes + (isFirst ? message.controlBytes : 0));
    const head = new ByteWriter();
    head.u32(bytes + (isFirst ? 19 : 18));
    head.u8(Tag.version);
    head.u8(isFirst ? firstFragment : laterFragment);
    head.u64(message.sequence);
    head.u64(BigInt(message.fragmentsLeft));
    if (isFirst) head.u8(0);
    parts.push(head.finish());
    body.take(bytes, parts);
    message.fragmentsLeft -= 1;
  }
}

/**
 * What stands before a control message, by what both ends have agreed on:
 * `pass_through`: 112, and each term with its own 131 (without `DFLAG_DIST_HDR_ATOM_CACHE`);
 * `header`: 131 68 and a header, here always without atoms; `fragments`: the same, and large messages in pieces.
 */
export type PacketStyle = 'pass_through' | 'header' | 'fragments';

/** First byte of a packet without distribution header. */
export const passThrough = 112;
/** Follows 131: a distribution header. */
export const distributionHeader = 68;
/** Follows 131: the header of a message's first fragment. */
export const firstFragment = 69;
/** Follows 131: the header of a later fragment. */
export const laterFragment = 70;

interface LargeMessage {
  readonly body: Rope;
  readonly controlBytes: number;
  sequence: bigint;
  /** Fragments that are still to go, 0 before the first. */
  fragmentsLeft: number;
}

/** Bytes in parts, taken from the front. */
class Rope {
  readonly #parts: Uint8Array[];
  #at = 0;
  length: number;

  constructor(parts: Uint8Array[]) {
    this.#parts = parts;
    this.length = parts.reduce((sum, part) => sum + part.length, 0);
  }

  take(bytes: number, into: Uint8Array[]): void {
    let left = bytes;
    while (left > 0) {
      const part = this.#parts[0];
      if (part === undefined) throw new Error('more bytes taken than there are');
      const end = Math.min(part.length, this.#at + left);
      into.push(part.subarray(this.#at, end));
      left -= end - this.#at;
      this.#at = end;
      if (end < part.length) continue;
      this.#parts.shift();
      this.#at = 0;
    }
    this.length -= bytes;
  }
}

function senderOf(signal: Signal): string | undefined {
  if (signal.kind === 'spawn_reply' || signal.from === undefined) return undefined;
  return isKind(signal.from, 'pid') ? senderKey(signal.from) : signal.from.name;
}

/** What tells a process of this node from the others in an {@link Outbox}. */
export function senderKey(pid: Pid): string {
  return `${pid.id}.${pid.serial}`;
}
