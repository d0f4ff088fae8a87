/** Who is at fault: `usage` is the command line, `failed` is the machine or the network. */
export type CliErrorCode = 'usage' | 'failed';

/** An error the user can act on: one sentence with the cause, one with the remedy. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    readonly code: CliErrorCode,
    cause: string,
    readonly remedy: string,
    options?: { readonly cause?: unknown },
  ) {
    super(cause, options);
  }

  /** Exit status: 2 for a wrong command line, 1 for everything else. */
  get exitStatus(): number {
    return this.code === 'usage' ? 2 : 1;
  }

  /** Makes a `CliError` of anything thrown; an error that is none already is shown with its own message. */
  static from(error: unknown): CliError {
    if (error instanceof CliError) return error;
    const text = error instanceof Error ? error.message : String(error);
    // The relay's errors bring their remedy along.
    const own = (error as { remedy?: unknown } | undefined)?.remedy;
    const remedy = typeof own === 'string' ? own : 'Set MACULA_DEBUG=1 to see where it comes from.';
    return new CliError('failed', text, remedy, { cause: error });
  }
}
