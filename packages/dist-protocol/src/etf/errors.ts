/**
 * Why a term could not be read or written. Nothing is changed by a failed call: decoding and encoding have no state.
 *
 * | code | at fault | meaning |
 * |---|---|---|
 * | `truncated` | sender | the bytes end inside a term, or a length claims more than there is |
 * | `trailing_bytes` | sender | bytes follow the term |
 * | `bad_version` | sender | the first byte is not 131 |
 * | `uncompressed_too_large` | sender | a compressed term claims to hold more bytes than the limit |
 * | `invalid_compressed` | sender | a zlib stream that is damaged, or holds more or fewer bytes than it claims |
 * | `unknown_tag` | sender | a tag this package does not know, or one that may not stand here |
 * | `too_deep` | either | terms are nested deeper than the limit |
 * | `too_many_elements` | sender | more terms than the limit |
 * | `integer_too_large` | sender | a bignum with more bytes than the limit |
 * | `invalid_atom` | either | more than 255 characters, not UTF-8, or a lone surrogate |
 * | `invalid_float` | either | not a finite number, or not a number at all |
 * | `invalid_bits` | either | a bit string whose last byte does not have 1 to 8 used bits |
 * | `invalid_reference` | either | a reference without words, or with more than five |
 * | `invalid_fun` | sender | the size of a fun contradicts its contents |
 * | `duplicate_key` | either | a map names one key twice |
 * | `invalid_term` | caller | a value that is not a term, or is one that the format can't carry |
 */
export type EtfErrorCode =
  | 'truncated'
  | 'trailing_bytes'
  | 'bad_version'
  | 'uncompressed_too_large'
  | 'invalid_compressed'
  | 'unknown_tag'
  | 'too_deep'
  | 'too_many_elements'
  | 'integer_too_large'
  | 'invalid_atom'
  | 'invalid_float'
  | 'invalid_bits'
  | 'invalid_reference'
  | 'invalid_fun'
  | 'duplicate_key'
  | 'invalid_term';

/** The only error that this package throws for what a peer sent or a caller passed. */
export class EtfError extends Error {
  override readonly name = 'EtfError';

  constructor(
    /** What happened; see {@link EtfErrorCode}. */
    readonly code: EtfErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Returns `value` when it is an `EtfError` already, else an `invalid_term` with `value` as its cause. */
  static from(value: unknown): EtfError {
    if (value instanceof EtfError) return value;
    return new EtfError('invalid_term', value instanceof Error ? value.message : String(value), {
      cause: value,
    });
  }
}
