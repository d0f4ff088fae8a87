/**
 * The line a failing random test prints: the seed and the command that runs the same again.
 *
 * @param seed the seed that failed
 * @param command what to run; it finds the seed in the environment variable `SEED`
 */
export function replayHint(seed: number, command: string): string {
  return `seed ${seed}; to run this again: SEED=${seed} ${command}`;
}

/**
 * The seeds a random test runs with: the one in `SEED` where that is set, else 1 to `count`.
 *
 * @param environment the process's environment
 * @throws {RangeError} when `SEED` is not an integer
 */
export function seedsOf(environment: Readonly<Record<string, string | undefined>>, count: number): number[] {
  if (environment.SEED === undefined) return Array.from({ length: count }, (_, index) => index + 1);
  const seed = Number(environment.SEED);
  if (!Number.isInteger(seed)) throw new RangeError(`SEED is not an integer: ${environment.SEED}`);
  return [seed];
}

/** Runs `test` and adds the {@link replayHint} to the message of what it throws. */
export function withReplayHint(seed: number, command: string, test: () => void): void {
  try {
    test();
  } catch (error) {
    if (error instanceof Error) error.message += `\n${replayHint(seed, command)}`;
    throw error;
  }
}
