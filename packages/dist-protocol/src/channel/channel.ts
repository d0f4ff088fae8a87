import type { Atom } from '../etf/atom.js';
import { atom } from '../etf/atom.js';
import { decodeBare, decodeTermAt } from '../etf/decode.js';
import { EtfError } from '../etf/errors.js';
import type { Pid } from '../etf/identifiers.js';
import type { DecodeLimits } from '../etf/limits.js';
import { Tag } from '../etf/tags.js';
import type { Term } from '../etf/term.js';
import { Assemblies } from './assemblies.js';
import { AtomCache } from './atom-cache.js';
import { type ControlHead, complete, decodeControl } from './control.js';
import { ChannelError } from './errors.js';
import { type ChannelLimits, defaultChannelLimits } from './limits.js';
import {
  distributionHeader,
  firstFragment,
  laterFragment,
  Outbox,
  passThrough,
  senderKey,
} from './outbox.js';
import { PacketReader } from './packet-reader.js';
import type { Signal } from './signal.js';
import { Ticker } from './ticker.js';

/** What a {@link DistChannel} says. */
export type ChannelOutput =
  /** The peer sent a signal. `error`: why the reason of an exit could not be read. */
  | { readonly kind: 'signal'; readonly signal: Signal; readonly error?: EtfError }
  /**
   * A message could not be read, and is left out; the channel goes on, since its bounds were known. `signal` is the one it would
   * have been, without what could not be read. An exit is never left out: it comes as a `signal` with the reason `unreadable`.
   */
  | { readonly kind: 'unreadable'; readonly signal: Signal; readonly error: EtfError }
  /** The connection must be closed. Nothing follows. */
  | { readonly kind: 'failed'; readonly error: ChannelError | EtfError };

/** How two nodes talk once they have shaken hands. */
export interface ChannelOptions {
  /** Both ends have `DFLAG_DIST_HDR_ATOM_CACHE`: packets begin with a distribution header. */
  readonly distributionHeader: boolean;
  /** Both ends have `DFLAG_FRAGMENTS` as well. */
  readonly fragments: boolean;
  /** Both ends have `DFLAG_NATIVE_RECORDS`: a node without it would close the connection for one. Default true. */
  readonly nativeRecords?: boolean;
  /** Milliseconds without a byte after which the peer counts as gone; a tick goes out in each quarter without any. Default 60,000, as `net_ticktime`. */
  readonly tickTimeMs?: number;
  /** What is accepted. */
  readonly limits?: Partial<ChannelLimits>;
  /** What a term may hold. */
  readonly termLimits?: Partial<DecodeLimits>;
}

/**
 * Everything between two nodes that have shaken hands, as a core: bytes in, signals out, and back.
 *
 * Call {@link handleBytes} with what came, then {@link pollOutput} until undefined. After {@link send}, and after
 * {@link handleTimeout}, call {@link pollTransmit} until undefined and write what it gives, or as long as the transport takes it.
 * {@link pollTimeout} says when {@link handleTimeout} is due.
 */
export class DistChannel {
  readonly #packets: PacketReader;
  readonly #cache: AtomCache = new AtomCache();
  readonly #assemblies: Assemblies;
  readonly #outbox: Outbox;
  readonly #ticker: Ticker;
  readonly #hasHeader: boolean;
  readonly #termLimits: Partial<DecodeLimits>;
  #failure: ChannelError | EtfError | undefined;
  #hasToldFailure = false;

  constructor(options: ChannelOptions, nowMs: number) {
    const limits = { ...defaultChannelLimits, ...options.limits };
    this.#packets = new PacketReader(limits.packetBytesMax);
    this.#assemblies = new Assemblies(limits);
    this.#hasHeader = options.distributionHeader;
    const withHeader = options.fragments ? 'fragments' : 'header';
    const style = options.distributionHeader ? withHeader : 'pass_through';
    this.#outbox = new Outbox(style, options.nativeRecords);
    this.#ticker = new Ticker(options.tickTimeMs ?? 60_000, nowMs);
    this.#termLimits = options.termLimits ?? {};
  }

  /** Bytes that {@link pollTransmit} has not given yet. */
  get queuedBytes(): number {
    return this.#outbox.queuedBytes;
  }

  /** Takes what came. Everything that the chunk before gave must have been polled. */
  handleBytes(bytes: Uint8Array): void {
    this.#ticker.received();
    this.#packets.push(bytes);
  }

  /** The next signal, or failure. */
  pollOutput(): ChannelOutput | undefined {
    if (this.#failure !== undefined) return this.#tellFailure();
    try {
      for (;;) {
        const packet = this.#packets.next();
        if (packet === undefined) return undefined;
        const output = packet.length === 0 ? undefined : this.#read(packet);
        if (output !== undefined) return output;
      }
    } catch (thrown) {
      if (!(thrown instanceof ChannelError) && !(thrown instanceof EtfError)) throw thrown;
      this.#failure = thrown;
      return this.#tellFailure();
    }
  }

  /**
   * Sends a signal: {@link pollTransmit} has its bytes. Large binaries in it may not change until they have gone.
   *
   * @param sender the process it is from, where the signal names it by a registered name: signals of one sender keep their order
   * @throws {EtfError} `invalid_term` or `too_deep` for what is no term, or none to the peer; nothing is sent
   * @throws {ChannelError} `failed_before`
   */
  send(signal: Signal, sender?: Pid): void {
    if (this.#failure !== undefined)
      throw new ChannelError('failed_before', 'the connection has failed', { cause: this.#failure });
    this.#outbox.push(signal, sender === undefined ? undefined : senderKey(sender));
  }

  /** The next bytes to write, in order; undefined when there are none. */
  pollTransmit(): readonly Uint8Array[] | undefined {
    const parts = this.#outbox.take();
    if (parts !== undefined) this.#ticker.sent();
    return parts;
  }

  /** When {@link handleTimeout} must be called. */
  pollTimeout(): { readonly atMs: number; readonly why: 'tick' } | undefined {
    return this.#failure === undefined ? { atMs: this.#ticker.dueMs, why: 'tick' } : undefined;
  }

  /** Sends a tick when nothing else was sent for a quarter of the tick time; fails when nothing came for all of it. */
  handleTimeout(nowMs: number): void {
    if (this.#failure !== undefined) return;
    const due = this.#ticker.advance(nowMs);
    if (due === 'tick' && this.#outbox.queuedBytes === 0) this.#outbox.pushTick();
    if (due === 'silent')
      this.#failure = new ChannelError('tick_timeout', 'no byte from the peer within net_ticktime');
  }

  #tellFailure(): ChannelOutput | undefined {
    if (this.#hasToldFailure || this.#failure === undefined) return undefined;
    this.#hasToldFailure = true;
    return { kind: 'failed', error: this.#failure };
  }

  #read(packet: Uint8Array): ChannelOutput | undefined {
    if (!this.#hasHeader) {
      if (packet[0] !== passThrough)
        throw new ChannelError('malformed_packet', `packet that begins with ${packet[0]} instead of 112`);
      return this.#readPassThrough(packet);
    }
    if (packet[0] !== Tag.version)
      throw new ChannelError('malformed_packet', `packet that begins with ${packet[0]} instead of 131`);
    switch (packet[1]) {
      case distributionHeader: {
        const { atoms, endOffset } = this.#cache.readHeader(packet, 2);
        const control = decodeBare(packet, endOffset, this.#termLimits, atoms);
        return this.#finish(decodeControl(control.term), packet, control.endOffset, atoms);
      }
      case firstFragment:
        return this.#readFirstFragment(packet);
      case laterFragment:
        return this.#readLaterFragment(packet);
      default:
        throw new ChannelError('malformed_packet', `header of the unknown kind ${packet[1]}`);
    }
  }

  #readPassThrough(packet: Uint8Array): ChannelOutput {
    const control = decodeTermAt(packet, 1, this.#termLimits);
    const head = decodeControl(control.term);
    if (head.payload !== undefined && packet[control.endOffset] !== Tag.version)
      throw new ChannelError('malformed_packet', 'message that does not begin with 131');
    const payloadAt = head.payload === undefined ? control.endOffset : control.endOffset + 1;
    return this.#finish(head, packet, payloadAt, undefined);
  }

  #readFirstFragment(packet: Uint8Array): ChannelOutput | undefined {
    const [sequence, fragments] = fragmentNumbers(packet);
    if (fragments === 0n) throw new ChannelError('malformed_fragment', 'first fragment with the number 0');
    const { atoms, endOffset } = this.#cache.readHeader(packet, 18);
    const control = decodeBare(packet, endOffset, this.#termLimits, atoms);
    const head = decodeControl(control.term);
    if (fragments === 1n) return this.#finish(head, packet, control.endOffset, atoms);
    const part = packet.subarray(control.endOffset);
    this.#assemblies.begin({ sequence, fragments, head, atoms, part, headBytes: control.endOffset });
    return undefined;
  }

  #readLaterFragment(packet: Uint8Array): ChannelOutput | undefined {
    const [sequence, fragment] = fragmentNumbers(packet);
    const whole = this.#assemblies.proceed(sequence, fragment, packet.subarray(18));
    return whole === undefined ? undefined : this.#finish(whole.head, whole.payload, 0, whole.atoms);
  }

  #finish(
    head: ControlHead,
    bytes: Uint8Array,
    payloadAt: number,
    atoms: readonly Atom[] | undefined,
  ): ChannelOutput {
    if (head.payload === undefined) return { kind: 'signal', signal: head.signal };
    let payload: Term;
    try {
      const read = decodeBare(bytes, payloadAt, this.#termLimits, atoms);
      if (read.endOffset !== bytes.length)
        throw new EtfError('trailing_bytes', `${bytes.length - read.endOffset} bytes follow the message`);
      payload = read.term;
    } catch (thrown) {
      if (!(thrown instanceof EtfError)) throw thrown;
      if (head.payload === 'reason')
        return { kind: 'signal', signal: complete(head, unreadable), error: thrown };
      return { kind: 'unreadable', signal: head.signal, error: thrown };
    }
    return { kind: 'signal', signal: complete(head, payload) };
  }
}

function fragmentNumbers(packet: Uint8Array): readonly [sequence: bigint, fragment: bigint] {
  if (packet.length < 18) throw new ChannelError('malformed_fragment', `fragment of ${packet.length} bytes`);
  const view = new DataView(packet.buffer, packet.byteOffset);
  return [view.getBigUint64(2), view.getBigUint64(10)];
}

/** The reason of an exit whose own reason could not be read. */
const unreadable = atom('unreadable');
