import { nodeNameBytesMax, type Presence, presenceBytesMax, presenceNamesMax } from '@macula/wire';
import type { PictureChange } from './watched-realm.js';

/** Takes as many names as fit a PRESENCE; `more`: there may be others. */
export function takeNames(names: Iterator<string>): { readonly names: string[]; readonly more: boolean } {
  const taken: string[] = [];
  for (let bytes = 0; taken.length < presenceNamesMax && bytes + nodeNameBytesMax <= presenceBytesMax; ) {
    const next = names.next();
    if (next.done === true) return { names: taken, more: false };
    taken.push(next.value);
    bytes += Buffer.byteLength(next.value);
  }
  return { names: taken, more: true };
}

/** A change as messages that each stand for themselves. */
export function inMessages({ joined, left }: PictureChange): Presence[] {
  const alone = { kind: 'presence', whole: false, more: false } as const;
  return [
    ...inParts(left).map((names): Presence => ({ ...alone, joined: [], left: names })),
    ...inParts(joined).map((names): Presence => ({ ...alone, joined: names, left: [] })),
  ];
}

function inParts(names: readonly string[]): string[][] {
  const rest = names.values();
  const parts: string[][] = [];
  for (let more = names.length > 0; more; ) {
    const part = takeNames(rest);
    if (part.names.length > 0) parts.push(part.names);
    more = part.more;
  }
  return parts;
}
