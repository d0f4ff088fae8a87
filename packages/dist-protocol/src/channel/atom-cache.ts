import { type Atom, atom } from '../etf/atom.js';
import { EtfError } from '../etf/errors.js';
import { ChannelError } from './errors.js';
import { atomCacheEntries } from './limits.js';

/**
 * The receiving half of the atom cache: 2,048 places that the peer fills and refers to in the header of each packet.
 *
 * ```text
 * n:1                        number of references; with 0 the header ends here
 * flags: (n / 2 + 1) bytes   four bits each, low half first: new:1 segment:3, then once longAtoms in the lowest bit
 * n × reference              place:1, and for a new one length:1 (2 with longAtoms) utf8:length
 * ```
 *
 * Source: ERTS User's Guide, "Distribution Header".
 */
export class AtomCache {
  readonly #atoms: (Atom | undefined)[] = [];

  /**
   * Reads a header's references from `offset` on, takes over the new ones, and says where it ended.
   *
   * @throws {ChannelError} `malformed_header`
   */
  readHeader(
    bytes: Uint8Array,
    offset: number,
  ): { readonly atoms: readonly Atom[]; readonly endOffset: number } {
    const count = byteAt(bytes, offset);
    if (count === 0) return { atoms: noAtoms, endOffset: offset + 1 };
    const flagsAt = offset + 1;
    let at = flagsAt + (count >> 1) + 1;
    const long = (halfByte(bytes, flagsAt, count) & 1) === 1;
    const atoms: Atom[] = [];
    for (let index = 0; index < count; index++) {
      const flags = halfByte(bytes, flagsAt, index);
      const place = ((flags & 7) << 8) | byteAt(bytes, at);
      at += 1;
      if ((flags & 8) === 0) {
        const known = this.#atoms[place];
        if (known === undefined) throw malformed(`reference to place ${place}, which holds no atom`);
        atoms.push(known);
        continue;
      }
      let length = byteAt(bytes, at++);
      if (long) length = (length << 8) | byteAt(bytes, at++);
      if (at + length > bytes.length) throw malformed('the header ends inside an atom');
      const made = readAtom(bytes.subarray(at, at + length));
      at += length;
      if (this.#atoms.length === 0) this.#atoms.length = atomCacheEntries;
      this.#atoms[place] = made;
      atoms.push(made);
    }
    return { atoms, endOffset: at };
  }
}

function readAtom(bytes: Uint8Array): Atom {
  try {
    return atom(utf8.decode(bytes));
  } catch (cause) {
    const what = cause instanceof EtfError ? cause.message : 'atom that is not UTF-8';
    throw new ChannelError('malformed_header', what, { cause });
  }
}

function halfByte(bytes: Uint8Array, at: number, index: number): number {
  const byte = byteAt(bytes, at + (index >> 1));
  return (index & 1) === 0 ? byte & 15 : byte >> 4;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw malformed('the header ends early');
  return byte;
}

function malformed(message: string): ChannelError {
  return new ChannelError('malformed_header', message);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const noAtoms: readonly Atom[] = [];
