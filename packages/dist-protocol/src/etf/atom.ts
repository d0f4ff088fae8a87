import { EtfError } from './errors.js';
import { atomCharactersMax } from './limits.js';
import { Tag } from './tags.js';

/**
 * An Erlang atom. Made by {@link atom}, which returns the same object for the same name, so atoms compare with `===`.
 *
 * The table behind it holds atoms weakly, and 1,024 that were read last: a peer that sends a million atoms fills nothing,
 * unlike the emulator's atom table.
 */
export class Atom {
  /** Discriminates {@link Term}. */
  get kind(): 'atom' {
    return 'atom';
  }
  /** The characters without quotes. */
  readonly name: string;
  /** The atom as it goes on the wire: tag, length, UTF-8. Not to be changed. */
  readonly encoded: Uint8Array;

  /**
   * Use {@link atom}: an atom that is made here is not interned.
   *
   * @throws {EtfError} as {@link atom}
   */
  constructor(name: string) {
    if (name.length > atomCharactersMax && [...name].length > atomCharactersMax)
      throw new EtfError('invalid_atom', `atom longer than ${atomCharactersMax} characters`);
    if (loneSurrogate.test(name)) throw new EtfError('invalid_atom', 'atom with a lone surrogate');
    this.name = name;
    this.encoded = encodeName(name);
  }

  /** The bare name; use `formatTerm` for Erlang syntax with quotes. */
  toString(): string {
    return this.name;
  }
}

/**
 * The atom with this name.
 *
 * @param name up to 255 characters (code points)
 * @throws {EtfError} `invalid_atom` for more characters or a lone surrogate
 */
export function atom(name: string): Atom {
  const known = table.get(name)?.deref();
  if (known !== undefined) return known;
  const made = new Atom(name);
  table.set(name, new WeakRef(made));
  collected.register(made, name);
  return made;
}

/**
 * The atom whose name these bytes are. One of the last 1,024 is found without making a string.
 *
 * @throws {EtfError} `invalid_atom` for too many characters, or bytes that are not UTF-8
 */
export function atomOfBytes(bytes: Uint8Array, at: number, length: number, isLatin1: boolean): Atom {
  const slot = slotOf(bytes, at, length);
  const recent = recents[slot];
  if (recent !== undefined && hasName(recent, bytes, at, length)) {
    // Bytes beyond ASCII mean one thing in Latin-1 and another in UTF-8.
    if (!isLatin1 || recent.name.length === length) return recent;
  }
  const name = nameOf(bytes.subarray(at, at + length), isLatin1);
  const found = atom(name);
  if (!isLatin1 || found.encoded.length === length + 2) recents[slot] = found;
  return found;
}

/** What the emulator itself writes, `SMALL_ATOM_UTF8` up to 255 bytes. */
function encodeName(name: string): Uint8Array {
  const utf8 = textEncoder.encode(name);
  const isSmall = utf8.length <= 255;
  const head = isSmall ? [Tag.smallAtomUtf8, utf8.length] : [Tag.atomUtf8, utf8.length >> 8, utf8.length];
  const encoded = new Uint8Array(head.length + utf8.length);
  encoded.set(head);
  encoded.set(utf8, head.length);
  return encoded;
}

function hasName({ encoded }: Atom, bytes: Uint8Array, at: number, length: number): boolean {
  const head = encoded.length - length;
  if (head !== (length > 255 ? 3 : 2)) return false;
  for (let index = 0; index < length; index++) if (encoded[head + index] !== bytes[at + index]) return false;
  return true;
}

/** Of the length and four of the bytes: names that agree in those push each other out, no more. */
function slotOf(bytes: Uint8Array, at: number, length: number): number {
  if (length === 0) return 0;
  const hash =
    Math.imul(length, 0x9e37_79b1) ^
    Math.imul(bytes[at]!, 0x85eb_ca6b) ^
    Math.imul(bytes[at + (length >> 2)]!, 0x1656_67b1) ^
    Math.imul(bytes[at + (length >> 1)]!, 0x27d4_eb2f) ^
    Math.imul(bytes[at + length - 1]!, 0xc2b2_ae35);
  return (hash >>> 16) & (recentsMax - 1);
}

function nameOf(bytes: Uint8Array, isLatin1: boolean): string {
  if (isLatin1) return String.fromCharCode(...bytes);
  try {
    return utf8Decoder.decode(bytes);
  } catch (cause) {
    throw new EtfError('invalid_atom', 'atom that is not UTF-8', { cause });
  }
}

const table = new Map<string, WeakRef<Atom>>();
const collected = new FinalizationRegistry<string>((name) => {
  if (table.get(name)?.deref() === undefined) table.delete(name);
});
const recentsMax = 1024;
/** Atoms by a hash of their bytes; a later one takes the place of another. At most 1,024 × about 2 KiB are kept so. */
const recents: (Atom | undefined)[] = new Array<Atom | undefined>(recentsMax).fill(undefined);
const loneSurrogate = /\p{Surrogate}/u;
const textEncoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
