import type { Atom } from '../etf/atom.js';
import type { ControlHead } from './control.js';
import { ChannelError } from './errors.js';
import type { ChannelLimits } from './limits.js';

/** A message whose fragments have all come. */
export interface Assembled {
  /** Its control message. */
  readonly head: ControlHead;
  /** The atoms that its header named. */
  readonly atoms: readonly Atom[];
  /** What stands behind the control message. */
  readonly payload: Uint8Array;
}

/**
 * Messages that come in fragments, several at a time.
 *
 * ```text
 * 131 69 sequence:8 fragment:8 header control beginning     the first: its number is how many there are
 * 131 70 sequence:8 fragment:8 continuation                 the rest: counted down to 1
 * ```
 *
 * Source: ERTS User's Guide, "Distribution Header for fragmented messages".
 */
export class Assemblies {
  readonly #limits: ChannelLimits;
  readonly #open = new Map<bigint, Assembly>();
  #bytes = 0;

  constructor(limits: ChannelLimits) {
    this.#limits = limits;
  }

  /** Messages that are unfinished. */
  get size(): number {
    return this.#open.size;
  }

  /** Bytes that unfinished messages hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Takes the first fragment, of a message of `fragments` (more than one).
   *
   * @throws {ChannelError} `malformed_fragment` when the sequence is open already, `message_too_large`
   */
  begin(first: {
    readonly sequence: bigint;
    readonly fragments: bigint;
    readonly head: ControlHead;
    readonly atoms: readonly Atom[];
    readonly part: Uint8Array;
    /** Bytes before the part: header and control message are held as well. */
    readonly headBytes: number;
  }): void {
    if (this.#open.has(first.sequence))
      throw new ChannelError('malformed_fragment', `sequence ${first.sequence} begins twice`);
    if (this.#open.size >= this.#limits.assembliesMax)
      throw new ChannelError(
        'message_too_large',
        `more than ${this.#limits.assembliesMax} unfinished messages`,
      );
    const assembly: Assembly = {
      head: first.head,
      atoms: first.atoms,
      next: first.fragments - 1n,
      buffer: nothing,
      length: 0,
      headBytes: first.headBytes,
    };
    this.#bytes += first.headBytes;
    this.#open.set(first.sequence, assembly);
    this.#append(assembly, first.part);
  }

  /**
   * Takes a fragment that continues a message; returns the message with its last one.
   *
   * @throws {ChannelError} `malformed_fragment` when it continues nothing or comes out of turn, `message_too_large`
   */
  proceed(sequence: bigint, fragment: bigint, part: Uint8Array): Assembled | undefined {
    const assembly = this.#open.get(sequence);
    if (assembly === undefined)
      throw new ChannelError('malformed_fragment', `fragment of sequence ${sequence}, which has not begun`);
    if (fragment !== assembly.next)
      throw new ChannelError('malformed_fragment', `fragment ${fragment} where ${assembly.next} must come`);
    this.#append(assembly, part);
    assembly.next -= 1n;
    if (fragment !== 1n) return undefined;
    this.#open.delete(sequence);
    this.#bytes -= assembly.length + assembly.headBytes;
    const { head, atoms, buffer, length } = assembly;
    return { head, atoms, payload: buffer.subarray(0, length) };
  }

  #append(assembly: Assembly, part: Uint8Array): void {
    this.#bytes += part.length;
    if (this.#bytes > this.#limits.assemblyBytesMax)
      throw new ChannelError(
        'message_too_large',
        `unfinished messages of more than ${this.#limits.assemblyBytesMax} bytes; raise assemblyBytesMax if the peer is meant to send that`,
      );
    const needed = assembly.length + part.length;
    if (needed > assembly.buffer.length) {
      // What is left to come bounds the growth. The system gives pages as they are written to, so a claim alone takes none.
      const expected = needed + Number(assembly.next) * part.length;
      const grown = new Uint8Array(
        Math.max(needed, Math.min(expected, assembly.buffer.length * growth, growthMax)),
      );
      grown.set(assembly.buffer.subarray(0, assembly.length));
      assembly.buffer = grown;
    }
    assembly.buffer.set(part, assembly.length);
    assembly.length = needed;
  }
}

interface Assembly {
  readonly head: ControlHead;
  readonly atoms: readonly Atom[];
  /** Number that the next fragment must have. */
  next: bigint;
  buffer: Uint8Array;
  length: number;
  readonly headBytes: number;
}

const nothing = new Uint8Array(0);
/** A message is copied by a seventh more than once, and claims memory for eight times what has come. */
const growth = 8;
/** A typed array of Node 20 may hold 4 GiB; more than that no fragment is waited for. */
const growthMax = 0xffff_ffff;
