/**
 * Why a control channel is ended. The BEAM is at fault, and nothing of the message took effect.
 *
 * - `bad_frame`: longer than 1 MiB
 * - `bad_term`: not one complete term of the External Term Format, or beyond the limits for one
 * - `bad_message`: a term that is not in PROTOCOL.md's tables
 * - `bad_order`: a message that may not come now (before hello, a second hello, a token that is in use)
 */
export type ControlErrorCode = 'bad_frame' | 'bad_term' | 'bad_message' | 'bad_order';

/** What the BEAM's bytes can cause; answered with `{error, Code, Text}` and the end of the channel. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly code: ControlErrorCode;

  constructor(code: ControlErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Wraps whatever was thrown; a ControlError passes unchanged. */
  static from(thrown: unknown, code: ControlErrorCode = 'bad_message'): ControlError {
    if (thrown instanceof ControlError) return thrown;
    return new ControlError(code, thrown instanceof Error ? thrown.message : String(thrown), {
      cause: thrown,
    });
  }
}
