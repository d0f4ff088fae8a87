/**
 * - `invalid_message`: the peer sent something out of bounds; nothing changed
 * - `invalid_option`: the caller's options contradict themselves; nothing was made
 */
export type SwimErrorCode = 'invalid_message' | 'invalid_option';

/** The only error of this package. */
export class SwimError extends Error {
  override readonly name = 'SwimError';

  constructor(
    /** What happened; see {@link SwimErrorCode}. */
    readonly code: SwimErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
