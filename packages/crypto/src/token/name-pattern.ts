/**
 * Whether a node name fits a pattern. `*` stands for any characters, also none; everything else for itself.
 *
 * Takes time linear in both lengths whatever they are: the pieces between the stars are found one after the other, each
 * as far left as it goes, by Knuth, Morris and Pratt's search. Patterns come from issuers and names from strangers, and
 * trying all ways in which the stars could share the name would let one pattern occupy a relay.
 *
 * @param pattern - of a token's `names`.
 * @param name - the node's name.
 */
export function matchesNamePattern(pattern: string, name: string): boolean {
  return matchesPieces(pattern.split('*').map(codeUnits), codeUnits(name));
}

/**
 * {@link matchesNamePattern} on code units, so that a test can count what is looked at.
 *
 * @param pieces - what is between the stars, first and last included: one piece is a pattern without stars.
 * @param name - the node's name.
 */
export function matchesPieces(pieces: readonly ArrayLike<number>[], name: ArrayLike<number>): boolean {
  const first = pieces[0]!;
  const last = pieces[pieces.length - 1]!;
  if (pieces.length === 1) return first.length === name.length && isAt(first, name, 0);
  const end = name.length - last.length;
  if (end < first.length || !isAt(first, name, 0) || !isAt(last, name, end)) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = endOfFirst(piece, name, at, end);
    if (found === undefined) return false;
    at = found;
  }
  return true;
}

function isAt(piece: ArrayLike<number>, name: ArrayLike<number>, at: number): boolean {
  for (let index = 0; index < piece.length; index++) if (piece[index] !== name[at + index]) return false;
  return true;
}

/** Index behind the first occurrence of the piece in `name[from, to)`. */
function endOfFirst(
  piece: ArrayLike<number>,
  name: ArrayLike<number>,
  from: number,
  to: number,
): number | undefined {
  if (piece.length === 0) return from;
  if (piece.length > to - from) return undefined;
  const borders = bordersOf(piece);
  let matched = 0;
  for (let at = from; at < to; at++) {
    const unit = name[at];
    while (matched > 0 && piece[matched] !== unit) matched = borders[matched - 1]!;
    if (piece[matched] === unit) matched++;
    if (matched === piece.length) return at + 1;
  }
  return undefined;
}

/** For each prefix the length of the longest shorter prefix that it ends with. */
function bordersOf(piece: ArrayLike<number>): number[] {
  const borders = [0];
  let length = 0;
  for (let index = 1; index < piece.length; index++) {
    while (length > 0 && piece[length] !== piece[index]) length = borders[length - 1]!;
    if (piece[length] === piece[index]) length++;
    borders.push(length);
  }
  return borders;
}

function codeUnits(text: string): Uint16Array {
  return Uint16Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
}
