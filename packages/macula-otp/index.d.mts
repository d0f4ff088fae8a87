/** The folder for `erl -pa`, whether it is built yet or not. */
export function ebinPath(): string;

/** The folder with the Erlang sources. */
export function sourcePath(): string;

export interface BuildOptions {
  /** Path of the Erlang compiler. Default: `erlc` from PATH. */
  erlc?: string | undefined;
  /** Where the beam files go. Default: `ebin` of this package. */
  out?: string | undefined;
}

export interface BuildResult {
  /** The folder for `erl -pa`. */
  ebin: string;
  /** Whether anything was compiled. */
  built: boolean;
  /** The OTP release the beam files are of, for instance `25`. */
  otp: string;
}

/**
 * Compiles the OTP application unless it is up to date: same sources, compiled by the OTP in use or one of the two before
 * it. Without a compiler, beam files that match the sources are good enough.
 *
 * @throws {BuildError} `no_erlc` when there is no Erlang compiler and no matching beam files, `compile_failed`.
 */
export function ensureBuilt(options?: BuildOptions): BuildResult;

/** Nothing usable was built. */
export class BuildError extends Error {
  /** `no_erlc`: no Erlang compiler found. `compile_failed`: the compiler printed why. */
  code: 'no_erlc' | 'compile_failed';
}
