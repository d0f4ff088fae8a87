/**
 * Joins byte strings into one new array.
 *
 * @param parts - the strings, in order.
 */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(totalBytes(parts));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/**
 * Length of all parts together.
 *
 * @param parts - the byte strings.
 */
export function totalBytes(parts: readonly Uint8Array[]): number {
  let total = 0;
  for (const part of parts) total += part.length;
  return total;
}

/**
 * The byte strings, each after its length as u16be: no two lists have one encoding.
 *
 * @param parts - at most 65,535 bytes each.
 */
export function lengthPrefixed(parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(parts.flatMap((part) => [uint16(part.length), part]));
}

/**
 * Whether two byte strings are equal; not for secrets.
 *
 * @param a - one string.
 * @param b - the other.
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/**
 * UTF-8 of a text.
 *
 * @param text - the text.
 */
export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * Text of UTF-8; what is not UTF-8 becomes U+FFFD.
 *
 * @param bytes - the bytes.
 */
export function utf8Text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/**
 * Two bytes, big-endian.
 *
 * @param value - 0 to 65,535.
 */
export function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value);
}

/**
 * Reads two bytes, big-endian.
 *
 * @param bytes - where from.
 * @param offset - index of the first byte.
 */
export function readUint16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

/**
 * Four bytes, big-endian.
 *
 * @param value - 0 to 2^32 - 1.
 */
export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/**
 * Reads four bytes, big-endian.
 *
 * @param bytes - where from.
 * @param offset - index of the first byte.
 */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return readUint16(bytes, offset) * 0x1_0000 + readUint16(bytes, offset + 2);
}

/**
 * Writes eight bytes, big-endian.
 *
 * @param bytes - where to.
 * @param value - 0 to 2^53 - 1.
 * @param offset - index of the first byte.
 */
export function writeUint64(bytes: Uint8Array, value: number, offset: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  for (let index = 0; index < 4; index++) {
    bytes[offset + index] = high >>> (24 - 8 * index);
    bytes[offset + 4 + index] = value >>> (24 - 8 * index);
  }
}

/**
 * Reads eight bytes, big-endian.
 *
 * @param bytes - where from.
 * @param offset - index of the first byte.
 * @returns the number, or `undefined` when it is above 2^53 - 1.
 */
export function readUint64(bytes: Uint8Array, offset: number): number | undefined {
  const value = readUint32(bytes, offset) * 0x1_0000_0000 + readUint32(bytes, offset + 4);
  return value <= Number.MAX_SAFE_INTEGER ? value : undefined;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
