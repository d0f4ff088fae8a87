import { ByteWriter } from './byte-writer.js';

/** An empty writer, the same one again and again when it is given back. */
export function takeWriter(): ByteWriter {
  // Whoever is interrupted by an error does not give back a writer with half a term in it.
  const writer = spare ?? new ByteWriter(undefined, 4096);
  spare = undefined;
  return writer;
}

/** Gives back a writer of {@link takeWriter}. */
export function giveWriter(writer: ByteWriter): void {
  writer.clear();
  if (writer.capacity <= spareMax) spare = writer;
}

let spare: ByteWriter | undefined;
/** Bytes of a writer that is kept. */
const spareMax = 1_048_576;
