/**
 * Changes valid bytes the way an attacker or a broken line would: flips bits, sets bytes and length fields to extremes, cuts, repeats,
 * removes and inserts, and joins the head of one message with the tail of another.
 *
 * @param valid what to begin with; stays as it is
 * @param other another valid message, for its tail; may be the same
 * @param recipe arbitrary bytes, four for each change (what, where, where, value): let a property generate them, so that a failure
 *   shrinks to few changes
 * @returns at most `valid.length + other.length` and 256 bytes for each change
 */
export function mutate(valid: Uint8Array, other: Uint8Array, recipe: Uint8Array): Uint8Array {
  let bytes = Uint8Array.from(valid);
  for (let step = 0; step < recipe.length; step += 4) {
    const [what = 0, high = 0, low = 0, value = 0] = recipe.subarray(step, step + 4);
    const change = changes[what % changes.length]!;
    bytes = change(bytes, { at: (high * 256 + low) % (bytes.length + 1), value, other });
  }
  return bytes;
}

interface Place {
  /** From 0 to the number of bytes. */
  readonly at: number;
  /** 0 to 255. */
  readonly value: number;
  readonly other: Uint8Array;
}

const changes: readonly ((bytes: Uint8Array, place: Place) => Uint8Array<ArrayBuffer>)[] = [
  function flipBits(bytes, { at, value }) {
    return overwritten(bytes, at, [(bytes[at] ?? 0) ^ (value || 1)]);
  },
  function setByte(bytes, { at, value }) {
    return overwritten(bytes, at, [value]);
  },
  function setLength(bytes, { at, value }) {
    return overwritten(bytes, at, lengths[value % lengths.length]!);
  },
  function count(bytes, { at, value }) {
    return overwritten(bytes, at, [(bytes[at] ?? 0) + (value % 2 === 0 ? 1 : -1)]);
  },
  function cut(bytes, { at }) {
    return bytes.slice(0, at);
  },
  function remove(bytes, { at, value }) {
    return joined(bytes.subarray(0, at), bytes.subarray(at + value));
  },
  function repeat(bytes, { at, value }) {
    return joined(bytes.subarray(0, at + value), bytes.subarray(at));
  },
  function insert(bytes, { at, value }) {
    return joined(bytes.subarray(0, at), Uint8Array.of(value), bytes.subarray(at));
  },
  function splice(bytes, { at, value, other }) {
    return joined(bytes.subarray(0, at), other.subarray(Math.floor((other.length * value) / 255)));
  },
];

/** What length and count fields of one, two, four and eight bytes may lie, big-endian. */
const lengths: readonly (readonly number[])[] = [
  [0],
  [0x7f],
  [0xff],
  [0, 0],
  [0xff, 0xff],
  [0, 0, 0, 0],
  [0, 1, 0, 1],
  [0x7f, 0xff, 0xff, 0xff],
  [0x80, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
  [0, 0x20, 0, 0, 0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
];

/** As far as there are bytes to write over. */
function overwritten(bytes: Uint8Array, at: number, values: readonly number[]): Uint8Array<ArrayBuffer> {
  const result = Uint8Array.from(bytes);
  result.set(values.slice(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
  return result;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/**
 * Bytes that a decoded value holds: characters, bytes and numbers in it, however deep. A decoder that makes more of a message than the message
 * has is one that believes its length fields.
 *
 * @param value plain data: objects (or a Map), arrays, byte strings, text, numbers
 */
export function heldBytes(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  if (value instanceof Uint8Array) return value.length;
  const parts =
    value instanceof Map ? [...value].flat() : Array.isArray(value) ? value : Object.values(value);
  let sum = 1;
  for (const part of parts) sum += heldBytes(part);
  return sum;
}
