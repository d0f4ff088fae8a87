/** Bytes as a text with a character each, for maps and for comparing: texts compare as their bytes do. */
export function keyOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
