/** The layout of everything that is signed: fields in fixed order, never re-encoded msgpack. */

const textEncoder = new TextEncoder();

/** Every field with a u32be length in front, so that no two lists of fields have the same bytes. */
export function concatFields(fields: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, field) => sum + 4 + field.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const field of fields) {
    view.setUint32(at, field.length);
    bytes.set(field, at + 4);
    at += 4 + field.length;
  }
  return bytes;
}

/** Text as UTF-8. */
export function text(value: string): Uint8Array {
  return textEncoder.encode(value);
}

/** A whole number as u64be. */
export function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
