import { BitString, type Term } from '../etf/term.js';
import type { Scanner } from './scanner.js';

/**
 * Reads a binary or bit string from behind `<<` on. A segment is a string, an integer, a character or a float, with a size and types
 * as Erlang has them: `integer` (the default), `float`, `utf8`, `big`, `little`, `signed`, `unsigned`.
 *
 * @param bytesMax bytes that it may have
 * @throws {TermSyntaxError}
 */
export function parseBits(scanner: Scanner, bytesMax: number): Term {
  const bits = new BitWriter(scanner, bytesMax);
  if (scanner.accept('>>')) return bits.finish();
  do parseSegment(scanner, bits);
  while (scanner.accept(','));
  scanner.expect('>>');
  return bits.finish();
}

type Value = { readonly text: string } | { readonly integer: bigint } | { readonly float: number };

function parseSegment(scanner: Scanner, bits: BitWriter): void {
  const value = parseValue(scanner);
  const size = scanner.accept(':') ? parseSize(scanner) : undefined;
  const types = scanner.accept('/') ? parseTypes(scanner) : [];
  const isLittle = types.includes('little');
  if (types.includes('utf8')) {
    if (size !== undefined || 'float' in value)
      throw scanner.error('unexpected', 'utf8 with a size, or of a float');
    const text = 'text' in value ? value.text : characterOf(scanner, value.integer);
    for (const byte of textEncoder.encode(text)) bits.integer(BigInt(byte), 8, false);
  } else if ('text' in value) {
    for (const character of value.text) {
      const code = BigInt(character.codePointAt(0) ?? 0);
      if (types.includes('float')) bits.float(Number(code), size ?? 64, isLittle);
      else bits.integer(code, size ?? 8, isLittle);
    }
  } else if ('float' in value || types.includes('float'))
    bits.float('float' in value ? value.float : Number(value.integer), size ?? 64, isLittle);
  else bits.integer(value.integer, size ?? 8, isLittle);
}

function parseValue(scanner: Scanner): Value {
  const first = scanner.next();
  if (first === '"') return { text: scanner.string() };
  const isNegative = scanner.accept('-');
  if (!isNegative) scanner.accept('+');
  const value: Value = scanner.next() === '$' ? { integer: BigInt(scanner.character()) } : scanner.number();
  if (!isNegative) return value;
  return 'integer' in value ? { integer: -value.integer } : { float: -value.float };
}

function parseSize(scanner: Scanner): number {
  scanner.next();
  const start = scanner.at;
  const size = scanner.number();
  if ('float' in size) throw scanner.error('invalid_number', 'a size that is a float', start);
  return Number(size.integer);
}

function parseTypes(scanner: Scanner): string[] {
  const types: string[] = [];
  do {
    scanner.next();
    const start = scanner.at;
    const type = scanner.atomName() ?? '';
    if (!knownTypes.has(type)) throw scanner.error('unsupported', `a segment of type '${type}'`, start);
    types.push(type);
  } while (scanner.accept('-'));
  return types;
}

function characterOf(scanner: Scanner, code: bigint): string {
  if (code < 0n || code > 0x10_ffffn || (code >= 0xd800n && code < 0xe000n))
    throw scanner.error('invalid_character', `no character: ${code}`);
  return String.fromCodePoint(Number(code));
}

/** Bits one after the other, from the most significant of the first byte on. */
class BitWriter {
  readonly #scanner: Scanner;
  readonly #bitsMax: number;
  #bytes = new Uint8Array(32);
  #bits = 0;

  constructor(scanner: Scanner, bytesMax: number) {
    this.#scanner = scanner;
    this.#bitsMax = bytesMax * 8;
  }

  /** The lowest `size` bits of the value. */
  integer(value: bigint, size: number, isLittle: boolean): void {
    this.#reserve(size);
    if (size === 8) {
      this.#put(Number(BigInt.asUintN(8, value)), 8);
      return;
    }
    const whole = size >> 3;
    const rest = size & 7;
    // Digits through text: to shift a bigint once for each byte would cost the square of its size.
    const hex = BigInt.asUintN(size, value)
      .toString(16)
      .padStart(Math.ceil(size / 4), '0');
    const padded = hex.length % 2 === 0 ? hex : `0${hex}`;
    const bytes: number[] = [];
    for (let at = 0; at < padded.length; at += 2) bytes.push(Number.parseInt(padded.slice(at, at + 2), 16));
    if (isLittle) {
      for (let index = 0; index < whole; index++) this.#put(bytes[bytes.length - 1 - index]!, 8);
      if (rest > 0) this.#put(bytes[0]!, rest);
    } else {
      if (rest > 0) this.#put(bytes[0]!, rest);
      for (let index = 0; index < whole; index++) this.#put(bytes[bytes.length - whole + index]!, 8);
    }
  }

  float(value: number, size: number, isLittle: boolean): void {
    if (size !== 64 && size !== 32) throw this.#scanner.error('unsupported', `a float of ${size} bits`);
    this.#reserve(size);
    const view = new DataView(new ArrayBuffer(8));
    if (size === 64) view.setFloat64(0, value, isLittle);
    else view.setFloat32(0, value, isLittle);
    if (size === 32 && !Number.isFinite(view.getFloat32(0, isLittle)))
      throw this.#scanner.error('invalid_number', 'a float beyond the range of 32 bits');
    for (let index = 0; index < size / 8; index++) this.#put(view.getUint8(index), 8);
  }

  finish(): Term {
    const bytes = this.#bytes.slice(0, Math.ceil(this.#bits / 8));
    const lastBits = this.#bits & 7;
    return lastBits === 0 ? bytes : new BitString(bytes, lastBits);
  }

  /** The lowest `count` bits, at most 8, of a byte that has no others. */
  #put(byte: number, count: number): void {
    const used = this.#bits & 7;
    const at = this.#bits >> 3;
    const shifted = byte << (16 - used - count);
    this.#bytes[at]! |= shifted >> 8;
    if (used + count > 8) this.#bytes[at + 1]! |= shifted & 255;
    this.#bits += count;
  }

  #reserve(size: number): void {
    if (this.#bits + size > this.#bitsMax)
      throw this.#scanner.error('too_large', `a binary of more than ${this.#bitsMax / 8} bytes`);
    const needed = Math.ceil((this.#bits + size) / 8) + 1;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

const knownTypes: ReadonlySet<string> = new Set([
  'integer',
  'float',
  'utf8',
  'big',
  'little',
  'signed',
  'unsigned',
]);
const textEncoder = new TextEncoder();
