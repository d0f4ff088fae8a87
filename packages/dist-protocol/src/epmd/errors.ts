/**
 * Why a question to EPMD, or its answer, could not be used.
 *
 * | code | at fault | meaning and remedy |
 * |---|---|---|
 * | `truncated` | who speaks | the connection was closed in the middle: ask again |
 * | `malformed` | who speaks | an answer to another question, or no message of EPMD at all: another program listens on that port |
 * | `too_long` | who speaks | a question of more than 1,024 bytes, an answer of more than 4 KiB, names of more than 1 MiB |
 * | `invalid_name` | caller | a name that is empty, has an `@`, or more than 255 bytes |
 * | `invalid_port` | caller | a port that is not from 0 to 65,535 |
 */
export type EpmdErrorCode = 'truncated' | 'malformed' | 'too_long' | 'invalid_name' | 'invalid_port';

/** The error of what speaks with EPMD, or in its place. Nothing has changed. */
export class EpmdError extends Error {
  override readonly name = 'EpmdError';

  constructor(
    /** What happened; see {@link EpmdErrorCode}. */
    readonly code: EpmdErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
