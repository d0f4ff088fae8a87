import { TransportError } from '../errors.js';
import { codeMax } from '../limits.js';

/**
 * A code that the owner of a stream or connection gives.
 * @throws TransportError with code `bad_code`
 */
export function checkCode(code: number): void {
  if (Number.isInteger(code) && code >= 0 && code <= codeMax) return;
  throw new TransportError('bad_code', `the code ${code} is no integer from 0 to ${codeMax}`);
}

/** A code that came from the peer, as it may be passed on: QUIC's go up to 2^62 − 1. */
export function heardCode(code: number): number {
  return Math.min(code, codeMax);
}
