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
 * The seeds a random test runs with: the one in `SEED` where that is set, else {@link runsOf} many from `SEED_FIRST` on.
 *
 * @param environment the process's environment; `SEED_FIRST` is 1 by default
 * @throws {RangeError} when `SEED` or `SEED_FIRST` is not an integer
 */
export function seedsOf(environment: Environment, count: number): number[] {
  if (environment.SEED !== undefined) return [integerOf(environment, 'SEED', 1)];
  const first = integerOf(environment, 'SEED_FIRST', 1);
  return Array.from({ length: runsOf(environment, count) }, (_, index) => first + index);
}

/**
 * How often a random test runs: `RUN_FACTOR` times as often as usual.
 *
 * @param environment the process's environment; `RUN_FACTOR` is 1 by default
 * @throws {RangeError} when `RUN_FACTOR` is not an integer from 1 on
 */
export function runsOf(environment: Environment, usual: number): number {
  const factor = integerOf(environment, 'RUN_FACTOR', 1);
  if (factor < 1) throw new RangeError(`RUN_FACTOR is below 1: ${factor}`);
  return usual * factor;
}

type Environment = Readonly<Record<string, string | undefined>>;

function integerOf(environment: Environment, name: string, usual: number): number {
  const value = Number(environment[name] ?? usual);
  if (!Number.isInteger(value)) throw new RangeError(`${name} is not an integer: ${environment[name]}`);
  return value;
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
