import { isKind } from './accessors.js';
import { type Atom, atom } from './atom.js';
import { ByteReader } from './byte-reader.js';
import { EtfError } from './errors.js';
import { Pid, Port, Reference } from './identifiers.js';
import {
  atomCharactersMax,
  type DecodeLimits,
  defaultDecodeLimits,
  depthCeiling,
  mapKeyDepthMax,
  referenceWordsMax,
} from './limits.js';
import { ExportFun, NativeRecord, OpaqueFun } from './opaque.js';
import { Tag } from './tags.js';
import { BitString, Float, ImproperList, type Term, Tuple } from './term.js';
import { isList } from './term-key.js';
import { TermMap } from './term-map.js';

/**
 * Reads one term, which must fill `bytes`, beginning with the version byte 131.
 *
 * Binaries in the term are views into `bytes`, not copies: they keep the whole buffer alive and change with it. Copy
 * (`bytes.slice()`) what you keep when the buffer is reused.
 *
 * @throws {EtfError} for everything that a peer can send; see `EtfErrorCode`
 */
export function decodeTerm(bytes: Uint8Array, limits: Partial<DecodeLimits> = {}): Term {
  const { term, endOffset } = decodeTermAt(bytes, 0, limits);
  if (endOffset !== bytes.length)
    throw new EtfError('trailing_bytes', `${bytes.length - endOffset} bytes follow the term`);
  return term;
}

/**
 * Reads one term that begins at `offset` with the version byte, and says where it ended; what follows is not looked at.
 * Binaries are views, as with {@link decodeTerm}.
 *
 * @throws {EtfError} for everything that a peer can send; see `EtfErrorCode`
 */
export function decodeTermAt(
  bytes: Uint8Array,
  offset: number,
  limits: Partial<DecodeLimits> = {},
): { readonly term: Term; readonly endOffset: number } {
  const reader = new ByteReader(bytes, offset);
  const version = reader.u8();
  if (version !== Tag.version) throw new EtfError('bad_version', `version byte ${version} instead of 131`);
  if (reader.peek() === Tag.compressed)
    throw new EtfError('compressed', 'compressed terms are not supported');
  return decodeBare(bytes, reader.offset, limits);
}

/**
 * Reads one term without the version byte, as it stands behind a distribution header. Atoms may be references into
 * `atomRefs` (`ATOM_CACHE_REF`); without it such a tag is unknown.
 *
 * @throws {EtfError} for everything that a peer can send; see `EtfErrorCode`
 */
export function decodeBare(
  bytes: Uint8Array,
  offset: number,
  limits: Partial<DecodeLimits> = {},
  atomRefs?: readonly Atom[],
): { readonly term: Term; readonly endOffset: number } {
  const reader = new ByteReader(bytes, offset);
  const term = new Decoder(reader, { ...defaultDecodeLimits, ...limits }, atomRefs).term(0);
  return { term, endOffset: reader.offset };
}

class Decoder {
  readonly #reader: ByteReader;
  readonly #atomRefs: readonly Atom[] | undefined;
  readonly #integerBytesMax: number;
  readonly #depthMax: number;
  #elementsLeft: number;
  #mapKeyDepth = 0;

  constructor(reader: ByteReader, limits: DecodeLimits, atomRefs?: readonly Atom[]) {
    this.#reader = reader;
    this.#atomRefs = atomRefs;
    this.#integerBytesMax = limits.integerBytesMax;
    this.#depthMax = Math.min(limits.depthMax, depthCeiling);
    this.#elementsLeft = limits.elementsMax;
  }

  term(depth: number): Term {
    if (depth > this.#depthMax) throw new EtfError('too_deep', `term nested deeper than ${this.#depthMax}`);
    const reader = this.#reader;
    const tag = reader.u8();
    switch (tag) {
      case Tag.smallInteger:
        return reader.u8();
      case Tag.integer:
        return reader.i32();
      case Tag.smallBig:
        return this.#big(reader.u8());
      case Tag.largeBig:
        return this.#big(reader.u32());
      case Tag.newFloat:
        return new Float(reader.f64());
      case Tag.float:
        return textFloat(reader.view(31));
      case Tag.atom:
      case Tag.smallAtom:
      case Tag.atomUtf8:
      case Tag.smallAtomUtf8:
        return this.#atomBody(tag);
      case Tag.atomCacheRef:
        return this.#cachedAtom();
      case Tag.smallTuple:
        return new Tuple(this.#terms(reader.u8(), depth));
      case Tag.largeTuple:
        return new Tuple(this.#terms(reader.u32(), depth));
      case Tag.nil:
        return [];
      case Tag.string:
        return this.#string([]);
      case Tag.list:
        return this.#list(depth);
      case Tag.binary:
        return reader.view(reader.u32());
      case Tag.bitBinary:
        return this.#bitString();
      case Tag.map:
        return this.#map(depth);
      case Tag.pid:
      case Tag.newPid:
        return this.#pid(tag);
      case Tag.port:
      case Tag.newPort:
      case Tag.v4Port:
        return this.#port(tag);
      case Tag.reference:
      case Tag.newReference:
      case Tag.newerReference:
        return this.#reference(tag);
      case Tag.export:
        return this.#exportFun();
      case Tag.newFun:
        return this.#opaqueFun(depth);
      case Tag.nativeRecord:
        return this.#nativeRecord(depth);
      default:
        throw new EtfError('unknown_tag', `unknown tag ${tag} at byte ${reader.offset - 1}`);
    }
  }

  #spend(elements: number, bytesEach: number): void {
    this.#reader.expect(elements, bytesEach);
    this.#elementsLeft -= elements;
    if (this.#elementsLeft < 0) throw new EtfError('too_many_elements', 'term with too many elements');
  }

  #terms(count: number, depth: number): Term[] {
    this.#spend(count, 1);
    const terms: Term[] = [];
    for (let index = 0; index < count; index++) terms.push(this.term(depth + 1));
    return terms;
  }

  #big(length: number): number | bigint {
    if (length > this.#integerBytesMax)
      throw new EtfError('integer_too_large', `integer of ${length} bytes, limit ${this.#integerBytesMax}`);
    const negative = this.#reader.u8() !== 0;
    const digits = this.#reader.view(length);
    const parts: string[] = [];
    for (let at = length - 1; at >= 0; at--) parts.push((digits[at] ?? 0).toString(16).padStart(2, '0'));
    const magnitude = length === 0 ? 0n : BigInt(`0x${parts.join('')}`);
    const value = negative ? -magnitude : magnitude;
    return magnitude <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }

  #atomTerm(): Atom {
    const tag = this.#reader.u8();
    if (tag === Tag.atomCacheRef) return this.#cachedAtom();
    if (tag !== Tag.atom && tag !== Tag.smallAtom && tag !== Tag.atomUtf8 && tag !== Tag.smallAtomUtf8)
      throw new EtfError('unknown_tag', `tag ${tag} where an atom must stand`);
    return this.#atomBody(tag);
  }

  #cachedAtom(): Atom {
    const index = this.#reader.u8();
    const cached = this.#atomRefs?.[index];
    if (cached === undefined)
      throw new EtfError('unknown_tag', `atom cache reference ${index} that no header names`);
    return cached;
  }

  #atomBody(tag: number): Atom {
    const small = tag === Tag.smallAtom || tag === Tag.smallAtomUtf8;
    const length = small ? this.#reader.u8() : this.#reader.u16();
    if (length > atomCharactersMax * 4) throw new EtfError('invalid_atom', `atom of ${length} bytes`);
    const bytes = this.#reader.view(length);
    if (tag === Tag.atom || tag === Tag.smallAtom || isAscii(bytes))
      return atom(String.fromCharCode(...bytes));
    let name: string;
    try {
      name = utf8.decode(bytes);
    } catch (cause) {
      throw new EtfError('invalid_atom', 'atom that is not UTF-8', { cause });
    }
    return atom(name);
  }

  #string(into: Term[]): Term[] {
    const length = this.#reader.u16();
    this.#spend(length, 1);
    for (const byte of this.#reader.view(length)) into.push(byte);
    return into;
  }

  /** A tail that is itself a list continues this one, so `[1 | [2 | [3]]]` needs no depth. */
  #list(depth: number): Term {
    const reader = this.#reader;
    const elements: Term[] = [];
    for (;;) {
      const count = reader.u32();
      this.#spend(count, 1);
      for (let index = 0; index < count; index++) elements.push(this.term(depth + 1));
      const tailTag = reader.peek();
      if (tailTag === Tag.list) {
        reader.u8();
        continue;
      }
      if (tailTag === Tag.string) {
        reader.u8();
        return this.#string(elements);
      }
      const tail = this.term(depth + 1);
      if (isList(tail) || elements.length === 0) return isList(tail) ? elements : tail;
      return new ImproperList(elements, tail);
    }
  }

  #bitString(): Uint8Array | BitString {
    const length = this.#reader.u32();
    const lastBits = this.#reader.u8();
    const bytes = this.#reader.view(length);
    if (lastBits > 8 || (lastBits === 0) !== (length === 0))
      throw new EtfError('invalid_bits', `bit string of ${length} bytes with ${lastBits} bits in the last`);
    return lastBits === 8 || length === 0 ? bytes : new BitString(bytes, lastBits);
  }

  #map(depth: number): TermMap {
    const count = this.#reader.u32();
    this.#spend(count * 2, 1);
    const entries: [Term, Term][] = [];
    if (++this.#mapKeyDepth > mapKeyDepthMax) throw new EtfError('too_deep', 'maps nested as keys of maps');
    for (let index = 0; index < count; index++) {
      const key = this.term(depth + 1);
      this.#mapKeyDepth -= 1;
      const value = this.term(depth + 1);
      this.#mapKeyDepth += 1;
      entries.push([key, value]);
    }
    this.#mapKeyDepth -= 1;
    return new TermMap(entries);
  }

  #pid(tag: number): Pid {
    const node = this.#atomTerm();
    const id = this.#reader.u32();
    const serial = this.#reader.u32();
    const creation = tag === Tag.pid ? this.#reader.u8() : this.#reader.u32();
    return new Pid({ node, id, serial, creation });
  }

  #port(tag: number): Port {
    const node = this.#atomTerm();
    const id = tag === Tag.v4Port ? this.#reader.u64() : BigInt(this.#reader.u32());
    const creation = tag === Tag.port ? this.#reader.u8() : this.#reader.u32();
    return new Port({ node, id, creation });
  }

  #reference(tag: number): Reference {
    const reader = this.#reader;
    if (tag === Tag.reference) {
      const node = this.#atomTerm();
      const word = reader.u32();
      return new Reference({ node, words: [word], creation: reader.u8() });
    }
    const count = reader.u16();
    if (count < 1 || count > referenceWordsMax)
      throw new EtfError('invalid_reference', `reference of ${count} words`);
    const node = this.#atomTerm();
    const creation = tag === Tag.newReference ? reader.u8() : reader.u32();
    return new Reference({ node, creation, words: Array.from({ length: count }, () => reader.u32()) });
  }

  #exportFun(): ExportFun {
    const module = this.#atomTerm();
    const functionName = this.#atomTerm();
    const tag = this.#reader.u8();
    if (tag !== Tag.smallInteger) throw new EtfError('unknown_tag', `tag ${tag} where an arity must stand`);
    return new ExportFun(module, functionName, this.#reader.u8());
  }

  /** Read through and through: behind a distribution header its atoms are references that mean nothing elsewhere. */
  #opaqueFun(depth: number): OpaqueFun {
    const reader = this.#reader;
    const end = reader.offset + reader.u32();
    const arity = reader.u8();
    const uniq = reader.view(16);
    const index = reader.u32();
    const freeCount = reader.u32();
    const module = this.#atomTerm();
    const oldIndex = this.#i32Term();
    const oldUniq = this.#i32Term();
    const creator = this.term(depth + 1);
    if (!isKind(creator, 'pid')) throw new EtfError('invalid_fun', 'fun that no pid has made');
    const freeVariables = this.#terms(freeCount, depth);
    if (reader.offset !== end)
      throw new EtfError('invalid_fun', `fun that ends ${reader.offset - end} bytes behind its size`);
    return new OpaqueFun({ arity, uniq, index, module, oldIndex, oldUniq, creator, freeVariables });
  }

  #i32Term(): number {
    const tag = this.#reader.u8();
    if (tag === Tag.smallInteger) return this.#reader.u8();
    if (tag === Tag.integer) return this.#reader.i32();
    throw new EtfError('unknown_tag', `tag ${tag} where an integer must stand`);
  }

  #nativeRecord(depth: number): NativeRecord {
    const count = this.#reader.u32();
    const flags = this.#reader.u8();
    const module = this.#atomTerm();
    const name = this.#atomTerm();
    this.#spend(count * 2, 1);
    const names: Atom[] = [];
    for (let index = 0; index < count; index++) names.push(this.#atomTerm());
    const fields = names.map((field) => [field, this.term(depth + 1)] as const);
    return new NativeRecord({ module, name, flags, fields });
  }
}

function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > 127) return false;
  return true;
}

/** `FLOAT_EXT`: what `sprintf("%.20e")` writes, filled up with zero bytes. */
function textFloat(bytes: Uint8Array): Float {
  const text = String.fromCharCode(...bytes).replace(/\0+$/, '');
  if (!/^\s*[+-]?\d+\.\d+(e[+-]?\d+)?$/.test(text))
    throw new EtfError('invalid_float', 'not the text of a float');
  return new Float(Number(text));
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
