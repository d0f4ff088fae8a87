/**
 * What went wrong. No call that throws has changed anything.
 *
 * | code | at fault | meaning |
 * |---|---|---|
 * | `invalid_parameters` | either | bits, hashes, epoch or version outside their bounds |
 * | `invalid_element` | caller | an element is not 16 bytes |
 * | `not_present` | caller | an element is removed that can't have been added |
 * | `truncated` | sender | the bytes end too early |
 * | `invalid_format` | sender | another kind of bytes, trailing bytes, or bits set behind the last one |
 * | `delta_too_large` | either | more changed bits than a delta may name: send the whole filter |
 * | `epoch_mismatch` | neither | the delta belongs to another life of the origin: ask for the whole filter |
 * | `version_gap` | neither | the delta does not start at the filter's version: ask for the whole filter |
 * | `parameters_mismatch` | sender | the delta is for a filter of another size |
 * | `invalid_delta` | sender | positions out of order, out of range, or contradicting the filter |
 */
export type BloomErrorCode =
  | 'invalid_parameters'
  | 'invalid_element'
  | 'not_present'
  | 'truncated'
  | 'invalid_format'
  | 'delta_too_large'
  | 'epoch_mismatch'
  | 'version_gap'
  | 'parameters_mismatch'
  | 'invalid_delta';

/** The only error of this package. */
export class BloomError extends Error {
  override readonly name = 'BloomError';

  constructor(
    /** What happened; see {@link BloomErrorCode}. */
    readonly code: BloomErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
