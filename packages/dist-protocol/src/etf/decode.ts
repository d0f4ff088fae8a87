import { isKind } from './accessors.js';
import { type Atom, atomOfBytes } from './atom.js';
import { ByteReader } from './byte-reader.js';
import { inflate } from './compression.js';
import { EtfError } from './errors.js';
import { Pid, Port, Reference } from './identifiers.js';
import { integerOf } from './integers.js';
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
import { Columns, TermMap } from './term-map.js';

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
  const decoder = new Decoder(bytes, offset, limits, undefined);
  const version = decoder.u8();
  if (version !== Tag.version) throw new EtfError('bad_version', `version byte ${version} instead of 131`);
  if (decoder.peek() === Tag.compressed) return decodeCompressed(bytes, decoder, limits);
  const term = decoder.term(0);
  return { term, endOffset: decoder.offset };
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
  const decoder = new Decoder(bytes, offset, limits, atomRefs);
  const term = decoder.term(0);
  return { term, endOffset: decoder.offset };
}

/** `131 80 size:4`, and a zlib stream of a term without its version byte. */
function decodeCompressed(
  bytes: Uint8Array,
  decoder: Decoder,
  limits: Partial<DecodeLimits>,
): { readonly term: Term; readonly endOffset: number } {
  decoder.u8();
  const size = decoder.u32();
  const sizeMax = limits.uncompressedBytesMax ?? defaultDecodeLimits.uncompressedBytesMax;
  if (size > sizeMax)
    throw new EtfError('uncompressed_too_large', `compressed term of ${size} bytes, limit ${sizeMax}`);
  const { output, endOffset } = inflate({ bytes, offset: decoder.offset, size });
  const inner = new Decoder(output, 0, limits, undefined);
  const term = inner.term(0);
  if (inner.offset !== size)
    throw new EtfError('trailing_bytes', `${size - inner.offset} bytes follow the compressed term`);
  return { term, endOffset };
}

class Decoder extends ByteReader {
  readonly #atomRefs: readonly Atom[] | undefined;
  readonly #integerBytesMax: number;
  readonly #depthMax: number;
  #elementsLeft: number;
  #mapKeyDepth = 0;

  constructor(
    bytes: Uint8Array,
    offset: number,
    limits: Partial<DecodeLimits>,
    atomRefs: readonly Atom[] | undefined,
  ) {
    super(bytes, offset);
    this.#atomRefs = atomRefs;
    this.#integerBytesMax = limits.integerBytesMax ?? defaultDecodeLimits.integerBytesMax;
    this.#depthMax = Math.min(limits.depthMax ?? defaultDecodeLimits.depthMax, depthCeiling);
    this.#elementsLeft = limits.elementsMax ?? defaultDecodeLimits.elementsMax;
  }

  term(depth: number): Term {
    if (depth > this.#depthMax) throw new EtfError('too_deep', `term nested deeper than ${this.#depthMax}`);
    const tag = this.u8();
    switch (tag) {
      case Tag.smallInteger:
        return this.u8();
      case Tag.integer:
        return this.i32();
      case Tag.smallBig:
        return this.#big(this.u8());
      case Tag.largeBig:
        return this.#big(this.u32());
      case Tag.newFloat:
        return new Float(this.f64());
      case Tag.float:
        return textFloat(this.view(31));
      case Tag.atom:
      case Tag.smallAtom:
      case Tag.atomUtf8:
      case Tag.smallAtomUtf8:
        return this.#atomBody(tag);
      case Tag.atomCacheRef:
        return this.#cachedAtom();
      case Tag.smallTuple:
        return new Tuple(this.#terms(this.u8(), depth));
      case Tag.largeTuple:
        return new Tuple(this.#terms(this.u32(), depth));
      case Tag.nil:
        return [];
      case Tag.string:
        return this.#string([]);
      case Tag.list:
        return this.#list(depth);
      case Tag.binary:
        return this.view(this.u32());
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
        throw new EtfError('unknown_tag', `unknown tag ${tag} at byte ${this.offset - 1}`);
    }
  }

  #spend(elements: number, bytesEach: number): void {
    this.expect(elements, bytesEach);
    this.#elementsLeft -= elements;
    if (this.#elementsLeft < 0) throw new EtfError('too_many_elements', 'term with too many elements');
  }

  #terms(count: number, depth: number): Term[] {
    this.#spend(count, 1);
    const next = depth + 1;
    // Most tuples are small, and `push` would make room for 17 in each.
    if (count === 2) return [this.term(next), this.term(next)];
    if (count === 3) return [this.term(next), this.term(next), this.term(next)];
    return this.#fill(count, next);
  }

  #fill(count: number, depth: number): Term[] {
    const terms: Term[] = count <= exactMax ? new Array<Term>(count) : [];
    for (let index = 0; index < count; index++) terms[index] = this.term(depth);
    return terms;
  }

  #big(length: number): number | bigint {
    if (length > this.#integerBytesMax)
      throw new EtfError('integer_too_large', `integer of ${length} bytes, limit ${this.#integerBytesMax}`);
    const isNegative = this.u8() !== 0;
    return integerOf(this.bytes, this.skip(length), length, isNegative);
  }

  #atomTerm(): Atom {
    const tag = this.u8();
    if (tag === Tag.atomCacheRef) return this.#cachedAtom();
    if (tag !== Tag.atom && tag !== Tag.smallAtom && tag !== Tag.atomUtf8 && tag !== Tag.smallAtomUtf8)
      throw new EtfError('unknown_tag', `tag ${tag} where an atom must stand`);
    return this.#atomBody(tag);
  }

  #cachedAtom(): Atom {
    const index = this.u8();
    const cached = this.#atomRefs?.[index];
    if (cached === undefined)
      throw new EtfError('unknown_tag', `atom cache reference ${index} that no header names`);
    return cached;
  }

  #atomBody(tag: number): Atom {
    const length = tag === Tag.smallAtomUtf8 || tag === Tag.smallAtom ? this.u8() : this.u16();
    if (length > atomCharactersMax * 4) throw new EtfError('invalid_atom', `atom of ${length} bytes`);
    const isLatin1 = tag === Tag.atom || tag === Tag.smallAtom;
    return atomOfBytes(this.bytes, this.skip(length), length, isLatin1);
  }

  #string(into: Term[]): Term[] {
    const length = this.u16();
    this.#spend(length, 1);
    const { bytes } = this;
    const end = this.skip(length) + length;
    for (let at = end - length; at < end; at++) into.push(bytes[at]!);
    return into;
  }

  /** A tail that is itself a list continues this one, so `[1 | [2 | [3]]]` needs no depth. */
  #list(depth: number): Term {
    let elements: Term[] | undefined;
    for (;;) {
      const count = this.u32();
      this.#spend(count, 1);
      if (elements === undefined) elements = this.#fill(count, depth + 1);
      else for (let index = 0; index < count; index++) elements.push(this.term(depth + 1));
      const tailTag = this.peek();
      if (tailTag === Tag.list) {
        this.u8();
        continue;
      }
      if (tailTag === Tag.string) {
        this.u8();
        return this.#string(elements);
      }
      const tail = this.term(depth + 1);
      if (isList(tail) || elements.length === 0) return isList(tail) ? elements : tail;
      return new ImproperList(elements, tail);
    }
  }

  #bitString(): Uint8Array | BitString {
    const length = this.u32();
    const lastBits = this.u8();
    const bytes = this.view(length);
    if (lastBits > 8 || (lastBits === 0) !== (length === 0))
      throw new EtfError('invalid_bits', `bit string of ${length} bytes with ${lastBits} bits in the last`);
    return lastBits === 8 || length === 0 ? bytes : new BitString(bytes, lastBits);
  }

  #map(depth: number): TermMap {
    const count = this.u32();
    this.#spend(count * 2, 1);
    const keys: Term[] = count <= exactMax ? new Array<Term>(count) : [];
    const values: Term[] = count <= exactMax ? new Array<Term>(count) : [];
    if (++this.#mapKeyDepth > mapKeyDepthMax) throw new EtfError('too_deep', 'maps nested as keys of maps');
    for (let index = 0; index < count; index++) {
      keys[index] = this.term(depth + 1);
      this.#mapKeyDepth -= 1;
      values[index] = this.term(depth + 1);
      this.#mapKeyDepth += 1;
    }
    this.#mapKeyDepth -= 1;
    return new TermMap(new Columns(keys, values));
  }

  #pid(tag: number): Pid {
    const node = this.#atomTerm();
    const id = this.u32();
    const serial = this.u32();
    const creation = tag === Tag.pid ? this.u8() : this.u32();
    return new Pid({ node, id, serial, creation });
  }

  #port(tag: number): Port {
    const node = this.#atomTerm();
    const id = tag === Tag.v4Port ? this.u64() : BigInt(this.u32());
    const creation = tag === Tag.port ? this.u8() : this.u32();
    return new Port({ node, id, creation });
  }

  #reference(tag: number): Reference {
    if (tag === Tag.reference) {
      const node = this.#atomTerm();
      const word = this.u32();
      return new Reference({ node, words: [word], creation: this.u8() });
    }
    const count = this.u16();
    if (count < 1 || count > referenceWordsMax)
      throw new EtfError('invalid_reference', `reference of ${count} words`);
    const node = this.#atomTerm();
    const creation = tag === Tag.newReference ? this.u8() : this.u32();
    const words = new Array<number>(count);
    for (let index = 0; index < count; index++) words[index] = this.u32();
    return new Reference({ node, creation, words });
  }

  #exportFun(): ExportFun {
    const module = this.#atomTerm();
    const functionName = this.#atomTerm();
    const tag = this.u8();
    if (tag !== Tag.smallInteger) throw new EtfError('unknown_tag', `tag ${tag} where an arity must stand`);
    return new ExportFun(module, functionName, this.u8());
  }

  /** Read through and through: behind a distribution header its atoms are references that mean nothing elsewhere. */
  #opaqueFun(depth: number): OpaqueFun {
    const end = this.offset + this.u32();
    const arity = this.u8();
    const uniq = this.view(16);
    const index = this.u32();
    const freeCount = this.u32();
    const module = this.#atomTerm();
    const oldIndex = this.#i32Term();
    const oldUniq = this.#i32Term();
    const creator = this.term(depth + 1);
    if (!isKind(creator, 'pid')) throw new EtfError('invalid_fun', 'fun that no pid has made');
    const freeVariables = this.#terms(freeCount, depth);
    if (this.offset !== end)
      throw new EtfError('invalid_fun', `fun that ends ${this.offset - end} bytes behind its size`);
    return new OpaqueFun({ arity, uniq, index, module, oldIndex, oldUniq, creator, freeVariables });
  }

  #i32Term(): number {
    const tag = this.u8();
    if (tag === Tag.smallInteger) return this.u8();
    if (tag === Tag.integer) return this.i32();
    throw new EtfError('unknown_tag', `tag ${tag} where an integer must stand`);
  }

  #nativeRecord(depth: number): NativeRecord {
    const count = this.u32();
    const flags = this.u8();
    const module = this.#atomTerm();
    const name = this.#atomTerm();
    this.#spend(count * 2, 1);
    const names: Atom[] = [];
    for (let index = 0; index < count; index++) names.push(this.#atomTerm());
    const fields = names.map((field) => [field, this.term(depth + 1)] as const);
    return new NativeRecord({ module, name, flags, fields });
  }
}

/** Elements up to which an array is made with its size: a larger one is made as they come, for they may not. */
const exactMax = 256;

/** `FLOAT_EXT`: what `sprintf("%.20e")` writes, filled up with zero bytes. */
function textFloat(bytes: Uint8Array): Float {
  const text = String.fromCharCode(...bytes).replace(/\0+$/, '');
  if (!/^\s*[+-]?\d+\.\d+(e[+-]?\d+)?$/.test(text))
    throw new EtfError('invalid_float', 'not the text of a float');
  return new Float(Number(text));
}
