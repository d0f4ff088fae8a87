// What the search for leaked tokens and keys needs.
import fs from 'node:fs';
import path from 'node:path';

/** Tokens and keys that the fake agents of a shared folder were given, each once. */
export function secretsSeen(directory) {
  const lines = fs.readFileSync(path.join(directory, 'secrets'), 'utf8').trim().split('\n');
  const seen = { token: new Set(), key: new Set() };
  for (const line of lines) {
    const [kind, hex] = line.split(' ');
    seen[kind].add(hex);
  }
  return { tokens: [...seen.token], keys: [...seen.key] };
}

/** A secret as it is, in hex, as Erlang prints a binary, and in base64 (crash dumps) at each of the three alignments. */
export function disguises(secret) {
  const hex = secret.toString('hex');
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), secret]).toString('base64');
    // Without the characters that also depend on the neighbours.
    return [`base64+${shift}`, text.slice(4, 40)];
  });
  return [
    ['raw', secret],
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ['integers', [...secret].join(',')],
    ...base64,
  ];
}
