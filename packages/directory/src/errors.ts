/**
 * What went wrong. No call that throws has changed anything.
 *
 * | code | at fault | meaning |
 * |---|---|---|
 * | `invalid_message` | sender | bytes that are no message, or a message out of bounds |
 * | `invalid_option` | caller | a relay id, seed or bound that can't be one |
 * | `invalid_record` | caller | an own name whose element, identity, boot id or numbers are out of bounds |
 * | `too_many_names` | caller | more than 65,536 own names: withdraw some |
 * | `too_many_members` | caller | more than 4,096 relays: a mesh can't be larger |
 */
export type DirectoryErrorCode =
  | 'invalid_message'
  | 'invalid_option'
  | 'invalid_record'
  | 'too_many_names'
  | 'too_many_members';

/** The only error of this package. */
export class DirectoryError extends Error {
  override readonly name = 'DirectoryError';

  constructor(
    /** What happened; see {@link DirectoryErrorCode}. */
    readonly code: DirectoryErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
