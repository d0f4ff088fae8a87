// The part of the External Term Format that PROTOCOL.md uses, for the tests' fake agent.
// Atoms are { atom: string }, tuples { tuple: [...] }, binaries Buffers, maps Maps keyed by atom name, numbers integers.

export const atom = (name) => ({ atom: name });
export const tuple = (...items) => ({ tuple: items });
export const map = (object) => new Map(Object.entries(object));

export function encode(term) {
  const parts = [Buffer.from([131])];
  put(term, parts);
  return Buffer.concat(parts);
}

function put(term, parts) {
  if (Buffer.isBuffer(term)) return parts.push(head(109, term.length), term);
  if (typeof term === 'string') return put(Buffer.from(term), parts);
  if (typeof term === 'number') return parts.push(integer(term));
  if (Array.isArray(term)) return putList(term, parts);
  if (term instanceof Map) return putMap(term, parts);
  if (term.tuple) {
    parts.push(Buffer.from([104, term.tuple.length]));
    for (const item of term.tuple) put(item, parts);
    return;
  }
  parts.push(Buffer.from([119, Buffer.byteLength(term.atom)]), Buffer.from(term.atom));
}

function putList(items, parts) {
  if (items.length > 0) parts.push(head(108, items.length));
  for (const item of items) put(item, parts);
  parts.push(Buffer.from([106]));
}

function putMap(entries, parts) {
  parts.push(head(116, entries.size));
  for (const [key, value] of entries) {
    put(atom(key), parts);
    put(value, parts);
  }
}

function head(tag, length) {
  const buffer = Buffer.alloc(5);
  buffer[0] = tag;
  buffer.writeUInt32BE(length, 1);
  return buffer;
}

function integer(value) {
  if (value >= 0 && value < 256) return Buffer.from([97, value]);
  const buffer = Buffer.alloc(5);
  buffer[0] = 98;
  buffer.writeInt32BE(value, 1);
  return buffer;
}

export function decode(buffer) {
  return take({ buffer, at: 1 });
}

function take(input) {
  const tag = input.buffer[input.at++];
  const length = (size) => {
    input.at += size;
    return input.buffer.readUIntBE(input.at - size, size);
  };
  const bytes = (count) => {
    input.at += count;
    return input.buffer.subarray(input.at - count, input.at);
  };
  const items = (count) => Array.from({ length: count }, () => take(input));
  switch (tag) {
    case 97:
      return length(1);
    case 98:
      input.at += 4;
      return input.buffer.readInt32BE(input.at - 4);
    case 100:
    case 118:
      return atom(bytes(length(2)).toString());
    case 119:
      return atom(bytes(length(1)).toString());
    case 104:
      return { tuple: items(length(1)) };
    case 106:
      return [];
    case 107:
      return [...bytes(length(2))];
    case 108: {
      const list = items(length(4));
      input.at += 1;
      return list;
    }
    case 109:
      return bytes(length(4));
    case 110: {
      const size = length(1);
      const sign = length(1);
      const value = [...bytes(size)].reduceRight((sum, byte) => sum * 256 + byte, 0);
      return sign ? -value : value;
    }
    case 116:
      return new Map(items(2 * length(4)).reduce(pair, []));
    default:
      throw new Error(`tag ${tag}`);
  }
}

function pair(pairs, item, index) {
  if (index % 2 === 0) pairs.push([item.atom]);
  else pairs.at(-1).push(item);
  return pairs;
}
