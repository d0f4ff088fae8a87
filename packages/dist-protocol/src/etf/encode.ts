import { Atom } from './atom.js';
import { ByteWriter } from './byte-writer.js';
import { deflated } from './compression.js';
import { EtfError } from './errors.js';
import { writeBigint, writeInteger } from './integers.js';
import { depthCeiling } from './limits.js';
import { giveWriter, takeWriter } from './shared-writer.js';
import { Tag } from './tags.js';
import { Float, type Term, Tuple } from './term.js';
import { isList } from './term-key.js';
import { TermMap } from './term-map.js';

/** Options of {@link encodeTerm}. */
export interface EncodeOptions {
  /**
   * Compresses with zlib, as `term_to_binary(T, [compressed])` does, where that makes the term smaller. `true` is level 6; 1 is the
   * fastest, 9 the smallest. Default `false`.
   */
  readonly compressed?: boolean | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
}

/**
 * The term in External Term Format with the leading 131: the same bytes as `term_to_binary(T, [{minor_version, 2}])`,
 * which OTP 26 and later do by default, except that a map keeps the order of its own entries, and that a port of at most 28 bits goes in
 * the form of OTP 25.
 * Every OTP since 25 reads them.
 *
 * Small results share an `ArrayBuffer` of 16 KiB with others, as Node's small buffers do: copy what you transfer, or keep long.
 *
 * @throws {EtfError} `invalid_term` for what is no term (a `number` that is not a safe integer, a string, …), `too_deep`
 * beyond 1,000 levels
 */
export function encodeTerm(term: Term, { compressed = false }: EncodeOptions = {}): Uint8Array {
  const writer = takeWriter();
  writer.u8(Tag.version);
  writeTerm(writer, term, 0);
  const bytes =
    compressed === false ? writer.finish() : compress(writer, compressed === true ? 6 : compressed);
  giveWriter(writer);
  return bytes;
}

function compress(plain: ByteWriter, level: number): Uint8Array {
  const term = plain.written().subarray(1);
  const stream = deflated(term, level);
  if (stream.length + 6 > plain.length) return plain.finish();
  const writer = new ByteWriter(undefined, stream.length + 6);
  writer.u8(Tag.version);
  writer.tagged32(Tag.compressed, term.length);
  writer.bytes(stream);
  return writer.finish();
}

/**
 * Does nothing for a term, so that what takes it later takes it. Large binaries are not copied for it.
 *
 * @throws {EtfError} as {@link encodeTerm}
 */
export function checkTerm(term: Term): void {
  writeTerm(new ByteWriter(4_096), term, 0);
}

/**
 * Appends the term without the version byte, as it stands behind a distribution header. No atom cache is used.
 *
 * @throws {EtfError} as {@link encodeTerm}
 */
export function writeBare(writer: ByteWriter, term: Term): void {
  writeTerm(writer, term, 0);
}

function writeTerm(writer: ByteWriter, term: Term, depth: number): void {
  if (typeof term === 'number') writeInteger(writer, term);
  else if (term instanceof Atom) writer.bytes(term.encoded);
  else if (depth > depthCeiling) throw new EtfError('too_deep', `term nested deeper than ${depthCeiling}`);
  else if (term instanceof Tuple) writeTuple(writer, term.elements, depth);
  else if (term instanceof Uint8Array) {
    writer.tagged32(Tag.binary, term.length);
    writer.bytes(term);
  } else if (isList(term)) writeList(writer, term, depth);
  else if (term instanceof TermMap) writeMap(writer, term, depth);
  else if (term instanceof Float) writer.taggedF64(Tag.newFloat, term.value);
  else if (typeof term === 'bigint') writeBigint(writer, term);
  else writeOther(writer, term, depth);
}

function writeAll(writer: ByteWriter, terms: readonly Term[], depth: number): void {
  for (let at = 0; at < terms.length; at++) writeTerm(writer, terms[at]!, depth + 1);
}

function writeTuple(writer: ByteWriter, elements: readonly Term[], depth: number): void {
  if (elements.length <= 255) writer.tagged8(Tag.smallTuple, elements.length);
  else writer.tagged32(Tag.largeTuple, elements.length);
  writeAll(writer, elements, depth);
}

function writeList(writer: ByteWriter, list: readonly Term[], depth: number): void {
  if (list.length === 0) {
    writer.u8(Tag.nil);
    return;
  }
  if (isString(list)) {
    writer.u8(Tag.string);
    writer.u16(list.length);
    for (let at = 0; at < list.length; at++) writer.u8(Number(list[at]));
    return;
  }
  writer.tagged32(Tag.list, list.length);
  writeAll(writer, list, depth);
  writer.u8(Tag.nil);
}

/** Whether the list is one of bytes that `STRING` can hold. */
function isString(list: readonly Term[]): boolean {
  if (list.length > 0xffff) return false;
  for (let at = 0; at < list.length; at++) {
    const term = list[at];
    if (
      typeof term === 'bigint' ? term < 0n || term > 255n : typeof term !== 'number' || (term & 0xff) !== term
    )
      return false;
  }
  return true;
}

function writeMap(writer: ByteWriter, { keys, values }: TermMap, depth: number): void {
  writer.tagged32(Tag.map, keys.length);
  for (let at = 0; at < keys.length; at++) {
    writeTerm(writer, keys[at]!, depth + 1);
    writeTerm(writer, values[at]!, depth + 1);
  }
}

type ObjectTerm = Extract<Term, { readonly kind: string }>;

/** What is rare, and what another copy of this package has made, or a program by hand. */
function writeOther(writer: ByteWriter, term: ObjectTerm, depth: number): void {
  try {
    writeByKind(writer, term, depth);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new EtfError('invalid_term', `no ${term.kind}: a part of it is missing, or something else`, {
      cause,
    });
  }
}

function writeByKind(writer: ByteWriter, term: ObjectTerm, depth: number): void {
  switch (term?.kind) {
    case 'atom':
      writer.bytes(term.encoded);
      return;
    case 'float':
      writer.taggedF64(Tag.newFloat, term.value);
      return;
    case 'bit_string':
      writer.tagged32(Tag.bitBinary, term.bytes.length);
      writer.u8(term.lastBits);
      writer.bytes(term.bytes);
      return;
    case 'tuple':
      writeTuple(writer, term.elements, depth);
      return;
    case 'improper_list':
      writer.tagged32(Tag.list, term.elements.length);
      writeAll(writer, term.elements, depth);
      writeTerm(writer, term.tail, depth + 1);
      return;
    case 'map':
      writeMap(writer, term, depth);
      return;
    case 'pid':
      writer.u8(Tag.newPid);
      writer.bytes(term.node.encoded);
      writer.u32(term.id);
      writer.u32(term.serial);
      writer.u32(term.creation);
      return;
    case 'port':
      writePort(writer, term);
      return;
    case 'reference':
      writer.u8(Tag.newerReference);
      writer.u16(term.words.length);
      writer.bytes(term.node.encoded);
      writer.u32(term.creation);
      for (const word of term.words) writer.u32(word);
      return;
    case 'export_fun':
      writer.u8(Tag.export);
      writer.bytes(term.module.encoded);
      writer.bytes(term.functionName.encoded);
      writeInteger(writer, term.arity);
      return;
    case 'opaque_fun':
      writeOpaqueFun(writer, term, depth);
      return;
    case 'native_record':
      writeNativeRecord(writer, term, depth);
      return;
    default:
      throw new EtfError('invalid_term', `not a term: ${typeof term}`);
  }
}

function writePort(writer: ByteWriter, port: Extract<Term, { readonly kind: 'port' }>): void {
  const old = port.id <= oldPortIdMax;
  writer.u8(old ? Tag.newPort : Tag.v4Port);
  writer.bytes(port.node.encoded);
  if (old) writer.u32(Number(port.id));
  else writer.u64(port.id);
  writer.u32(port.creation);
}

function writeOpaqueFun(
  writer: ByteWriter,
  fun: Extract<Term, { readonly kind: 'opaque_fun' }>,
  depth: number,
): void {
  const body = new ByteWriter();
  body.allowsNativeRecords = writer.allowsNativeRecords;
  body.u8(fun.arity);
  body.bytes(fun.uniq);
  body.u32(fun.index);
  body.u32(fun.freeVariables.length);
  body.bytes(fun.module.encoded);
  writeInteger(body, fun.oldIndex);
  writeInteger(body, fun.oldUniq);
  writeTerm(body, fun.creator, depth + 1);
  writeAll(body, fun.freeVariables, depth);
  writer.tagged32(Tag.newFun, body.length + 4);
  writer.bytes(body.written());
}

function writeNativeRecord(
  writer: ByteWriter,
  record: Extract<Term, { readonly kind: 'native_record' }>,
  depth: number,
): void {
  if (!writer.allowsNativeRecords)
    throw new EtfError(
      'invalid_term',
      'the other node has no native records: OTP 29 or later is needed; send a tuple instead',
    );
  writer.tagged32(Tag.nativeRecord, record.fields.length);
  writer.u8(record.flags);
  writer.bytes(record.module.encoded);
  writer.bytes(record.name.encoded);
  for (const [name] of record.fields) writer.bytes(name.encoded);
  for (const [, value] of record.fields) writeTerm(writer, value, depth + 1);
}

/** A port number of at most 28 bits goes as NEW_PORT, as the emulator does (`ERTS_MAX_V3_PORT_NUM`). */
const oldPortIdMax = 0x0fff_ffffn;
