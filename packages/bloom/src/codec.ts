import { BloomFilter, bitmapBytes } from './bloom-filter.js';
import { type BloomDelta, checkDelta } from './delta.js';
import { BloomError } from './errors.js';
import { deltaPositionsMax } from './limits.js';
import { type BloomParameters, checkParameters } from './parameters.js';

/**
 * A whole filter as bytes (all numbers big-endian, sizes in bytes):
 *
 * ```text
 * kind:1 = 1   hashes:1   bits:4   epoch:8   version:8   bitmap:ceil(bits / 8)
 * ```
 *
 * Bit p of the bitmap is bit 7 − p mod 8 of byte p div 8 (most significant first); unused bits at the end are 0.
 */
export function encodeFilter(filter: BloomFilter): Uint8Array {
  const bytes = new Uint8Array(filterHeadBytes + bitmapBytes(filter.parameters));
  const view = writeHead(bytes, filterKind, filter);
  view.setBigUint64(14, BigInt(filter.version));
  bytes.set(filter.bitmap(), filterHeadBytes);
  return bytes;
}

/**
 * Reads what {@link encodeFilter} wrote, in its whole length.
 *
 * @throws {BloomError} `truncated`, `invalid_format`, `invalid_parameters`
 */
export function decodeFilter(bytes: Uint8Array): BloomFilter {
  const { view, parameters, epoch } = readHead(bytes, filterKind, filterHeadBytes);
  expectLength(bytes, filterHeadBytes + bitmapBytes(parameters));
  const version = counterAt(view, 14);
  return new BloomFilter({ parameters, epoch, version, bitmap: bytes.subarray(filterHeadBytes) });
}

/**
 * A delta as bytes (all numbers big-endian, sizes in bytes):
 *
 * ```text
 * kind:1 = 2   hashes:1   bits:4   epoch:8   baseVersion:8   version:8   set:4   cleared:4
 * position:4 × set   position:4 × cleared        (each list ascending)
 * ```
 *
 * @throws {BloomError} `delta_too_large` beyond 65,536 positions (send the whole filter), `invalid_delta`
 */
export function encodeDelta(delta: BloomDelta): Uint8Array {
  checkDelta(delta);
  const positions = [...delta.set, ...delta.cleared];
  const bytes = new Uint8Array(deltaHeadBytes + positions.length * 4);
  const view = writeHead(bytes, deltaKind, delta);
  view.setBigUint64(14, BigInt(delta.baseVersion));
  view.setBigUint64(22, BigInt(delta.version));
  view.setUint32(30, delta.set.length);
  view.setUint32(34, delta.cleared.length);
  for (const [index, position] of positions.entries()) view.setUint32(deltaHeadBytes + index * 4, position);
  return bytes;
}

/**
 * Reads what {@link encodeDelta} wrote, in its whole length.
 *
 * @throws {BloomError} `truncated`, `invalid_format`, `invalid_parameters`, `delta_too_large`, `invalid_delta`
 */
export function decodeDelta(bytes: Uint8Array): BloomDelta {
  const { view, parameters, epoch } = readHead(bytes, deltaKind, deltaHeadBytes);
  const setCount = view.getUint32(30);
  const clearedCount = view.getUint32(34);
  if (setCount + clearedCount > deltaPositionsMax)
    throw new BloomError('delta_too_large', `delta of ${setCount + clearedCount} bits`);
  expectLength(bytes, deltaHeadBytes + (setCount + clearedCount) * 4);
  const positionAt = (index: number) => view.getUint32(deltaHeadBytes + index * 4);
  return checkDelta({
    parameters,
    epoch,
    baseVersion: counterAt(view, 14),
    version: counterAt(view, 22),
    set: Array.from({ length: setCount }, (_, index) => positionAt(index)),
    cleared: Array.from({ length: clearedCount }, (_, index) => positionAt(setCount + index)),
  });
}

function writeHead(
  bytes: Uint8Array,
  kind: number,
  { parameters, epoch }: { readonly parameters: BloomParameters; readonly epoch: number },
): DataView {
  const view = new DataView(bytes.buffer);
  view.setUint8(0, kind);
  view.setUint8(1, parameters.hashes);
  view.setUint32(2, parameters.bits);
  view.setBigUint64(6, BigInt(epoch));
  return view;
}

function readHead(
  bytes: Uint8Array,
  kind: number,
  headBytes: number,
): { readonly view: DataView; readonly parameters: BloomParameters; readonly epoch: number } {
  if (bytes.length < headBytes) throw new BloomError('truncated', `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== kind)
    throw new BloomError('invalid_format', `kind ${view.getUint8(0)} instead of ${kind}`);
  const parameters = checkParameters({ hashes: view.getUint8(1), bits: view.getUint32(2) });
  return { view, parameters, epoch: counterAt(view, 6) };
}

function expectLength(bytes: Uint8Array, length: number): void {
  if (bytes.length < length) throw new BloomError('truncated', `${bytes.length} bytes instead of ${length}`);
  if (bytes.length > length)
    throw new BloomError('invalid_format', `${bytes.length - length} bytes too many`);
}

function counterAt(view: DataView, offset: number): number {
  const value = view.getBigUint64(offset);
  if (value > Number.MAX_SAFE_INTEGER) throw new BloomError('invalid_parameters', `counter ${value}`);
  return Number(value);
}

const filterKind = 1;
const deltaKind = 2;
const filterHeadBytes = 22;
const deltaHeadBytes = 38;
