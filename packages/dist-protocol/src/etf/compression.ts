import { deflate, Z_FINISH, Z_OK, Z_STREAM_END, ZStream, zlibInflate, zlibInflateInit } from 'pako';
import { EtfError } from './errors.js';

/** What {@link inflate} reads. */
export interface Compressed {
  /** Holds the zlib stream. */
  readonly bytes: Uint8Array;
  /** Where the stream begins. */
  readonly offset: number;
  /** Bytes that it claims to hold. */
  readonly size: number;
}

/**
 * The `size` bytes of a zlib stream, and where it ended. Never more memory than `size`, nor than the stream could fill:
 * a zip bomb stops at the byte behind what it has claimed.
 *
 * @throws {EtfError} `invalid_compressed` when the stream is damaged, cut off, or holds fewer or more bytes
 */
export function inflate({ bytes, offset, size }: Compressed): { output: Uint8Array; endOffset: number } {
  const input = bytes.subarray(offset);
  if (size > input.length * ratioMax + ratioMax)
    throw new EtfError('invalid_compressed', `${input.length} compressed bytes can't hold ${size}`);
  const stream = new ZStream();
  let status: number = zlibInflateInit(stream);
  if (status === Z_OK) {
    stream.input = input;
    stream.avail_in = input.length;
    stream.output = new Uint8Array(size);
    stream.avail_out = size;
    status = zlibInflate(stream, Z_FINISH);
  }
  if (status !== Z_STREAM_END || stream.total_out !== size)
    throw new EtfError(
      'invalid_compressed',
      `zlib stream that ${status === Z_STREAM_END ? `holds ${stream.total_out} of` : 'is damaged, or does not end with'} ${size} bytes`,
    );
  return { output: stream.output, endOffset: offset + stream.total_in };
}

/** The bytes as a zlib stream, the same that zlib itself makes of them. @param level 1 (fast) to 9 (small) */
export function deflated(bytes: Uint8Array, level: number): Uint8Array {
  return deflate(bytes, { level, legacyHash: true });
}

/** What deflate can make of one byte, at most (zlib's own documentation: 1032 to 1). */
const ratioMax = 1_032;
