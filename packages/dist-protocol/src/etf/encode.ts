import type { Atom } from './atom.js';
import { ByteWriter } from './byte-writer.js';
import { EtfError } from './errors.js';
import { depthCeiling } from './limits.js';
import { Tag } from './tags.js';
import type { Term } from './term.js';
import { isList } from './term-key.js';

/**
 * The term in External Term Format with the leading 131: the same bytes as `term_to_binary(T, [{minor_version, 2}])`,
 * which OTP 26 and later do by default, except that a map keeps the order of its own entries.
 * Every OTP since 25 reads them.
 *
 * @throws {EtfError} `invalid_term` for what is no term (a `number` that is not a safe integer, a string, …), `too_deep`
 * beyond 1,000 levels
 */
export function encodeTerm(term: Term): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(Tag.version);
  writeTerm(writer, term, 0);
  return writer.finish();
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
  if (depth > depthCeiling) throw new EtfError('too_deep', `term nested deeper than ${depthCeiling}`);
  if (typeof term === 'number') writeNumber(writer, term);
  else if (typeof term === 'bigint') writeBigint(writer, term);
  else if (term instanceof Uint8Array) {
    writer.u8(Tag.binary);
    writer.u32(term.length);
    writer.bytes(term);
  } else if (isList(term)) writeList(writer, term, depth);
  else writeObject(writer, term, depth);
}

type ObjectTerm = Extract<Term, { readonly kind: string }>;

function writeObject(writer: ByteWriter, term: ObjectTerm, depth: number): void {
  switch (term?.kind) {
    case 'atom':
      writeAtom(writer, term);
      return;
    case 'float':
      writer.u8(Tag.newFloat);
      writer.f64(term.value);
      return;
    case 'bit_string':
      writer.u8(Tag.bitBinary);
      writer.u32(term.bytes.length);
      writer.u8(term.lastBits);
      writer.bytes(term.bytes);
      return;
    case 'tuple':
      writeCount(writer, term.arity, { small: Tag.smallTuple, large: Tag.largeTuple });
      writeAll(writer, term.elements, depth);
      return;
    case 'improper_list':
      writer.u8(Tag.list);
      writer.u32(term.elements.length);
      writeAll(writer, term.elements, depth);
      writeTerm(writer, term.tail, depth + 1);
      return;
    case 'map':
      writer.u8(Tag.map);
      writer.u32(term.size);
      for (const entry of term) writeAll(writer, entry, depth);
      return;
    case 'pid':
      writer.u8(Tag.newPid);
      writeAtom(writer, term.node);
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
      writeAtom(writer, term.node);
      writer.u32(term.creation);
      for (const word of term.words) writer.u32(word);
      return;
    case 'export_fun':
      writer.u8(Tag.export);
      writeAtom(writer, term.module);
      writeAtom(writer, term.functionName);
      writeNumber(writer, term.arity);
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

function writeAll(writer: ByteWriter, terms: readonly Term[], depth: number): void {
  for (const term of terms) writeTerm(writer, term, depth + 1);
}

function writeNumber(writer: ByteWriter, value: number): void {
  if (!Number.isSafeInteger(value))
    throw new EtfError(
      'invalid_term',
      `${value} is not a safe integer: use Float for floats, bigint beyond 2^53`,
    );
  if (value >= 0 && value <= 255) {
    writer.u8(Tag.smallInteger);
    writer.u8(value);
  } else if (value === (value | 0)) {
    writer.u8(Tag.integer);
    writer.u32(value >>> 0);
  } else writeBig(writer, BigInt(value));
}

function writeBigint(writer: ByteWriter, value: bigint): void {
  if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER)
    writeNumber(writer, Number(value));
  else writeBig(writer, value);
}

function writeBig(writer: ByteWriter, value: bigint): void {
  let hex = (value < 0n ? -value : value).toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  writeCount(writer, hex.length / 2, { small: Tag.smallBig, large: Tag.largeBig });
  writer.u8(value < 0n ? 1 : 0);
  for (let at = hex.length - 2; at >= 0; at -= 2) writer.u8(Number.parseInt(hex.slice(at, at + 2), 16));
}

function writeCount(writer: ByteWriter, count: number, tags: { small: number; large: number }): void {
  if (count <= 255) {
    writer.u8(tags.small);
    writer.u8(count);
  } else {
    writer.u8(tags.large);
    writer.u32(count);
  }
}

function writeList(writer: ByteWriter, list: readonly Term[], depth: number): void {
  if (list.length === 0) {
    writer.u8(Tag.nil);
    return;
  }
  if (list.length <= 0xffff && list.every(isByte)) {
    writer.u8(Tag.string);
    writer.u16(list.length);
    for (const byte of list) writer.u8(Number(byte));
    return;
  }
  writer.u8(Tag.list);
  writer.u32(list.length);
  writeAll(writer, list, depth);
  writer.u8(Tag.nil);
}

function isByte(term: Term): boolean {
  if (typeof term === 'bigint') return term >= 0n && term <= 255n;
  return typeof term === 'number' && (term & 0xff) === term;
}

function writeAtom(writer: ByteWriter, { name }: Atom): void {
  if (name.length <= 255 && isAscii(name)) {
    writer.u8(Tag.smallAtomUtf8);
    writer.u8(name.length);
    for (let at = 0; at < name.length; at++) writer.u8(name.charCodeAt(at));
    return;
  }
  const utf8 = textEncoder.encode(name);
  if (utf8.length <= 255) {
    writer.u8(Tag.smallAtomUtf8);
    writer.u8(utf8.length);
  } else {
    writer.u8(Tag.atomUtf8);
    writer.u16(utf8.length);
  }
  writer.bytes(utf8);
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false;
  return true;
}

function writePort(writer: ByteWriter, port: Extract<Term, { readonly kind: 'port' }>): void {
  const old = port.id <= oldPortIdMax;
  writer.u8(old ? Tag.newPort : Tag.v4Port);
  writeAtom(writer, port.node);
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
  body.u8(fun.arity);
  body.bytes(fun.uniq);
  body.u32(fun.index);
  body.u32(fun.freeVariables.length);
  writeAtom(body, fun.module);
  writeNumber(body, fun.oldIndex);
  writeNumber(body, fun.oldUniq);
  writeTerm(body, fun.creator, depth + 1);
  writeAll(body, fun.freeVariables, depth);
  writer.u8(Tag.newFun);
  writer.u32(body.length + 4);
  writer.bytes(body.written());
}

function writeNativeRecord(
  writer: ByteWriter,
  record: Extract<Term, { readonly kind: 'native_record' }>,
  depth: number,
): void {
  writer.u8(Tag.nativeRecord);
  writer.u32(record.fields.length);
  writer.u8(record.flags);
  writeAtom(writer, record.module);
  writeAtom(writer, record.name);
  for (const [name] of record.fields) writeAtom(writer, name);
  for (const [, value] of record.fields) writeTerm(writer, value, depth + 1);
}

const textEncoder = new TextEncoder();
/** A port number of at most 28 bits goes as NEW_PORT, as the emulator does (`ERTS_MAX_V3_PORT_NUM`). */
const oldPortIdMax = 0x0fff_ffffn;
