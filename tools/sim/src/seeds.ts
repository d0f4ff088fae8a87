/** A run that failed. */
export interface Failure {
  readonly seed: number;
  readonly message: string;
  /** The command that runs it again. */
  readonly replay: string;
}

/** What runs came to. */
export interface Runs<Result> {
  readonly results: readonly Result[];
  readonly failures: readonly Failure[];
  /** Real time that they took. */
  readonly seconds: number;
}

/** Runs one seed after the other; failures are written to standard error at once. */
export function runSeeds<Result>(
  {
    seeds,
    first,
    replay,
  }: { readonly seeds: number; readonly first: number; readonly replay: (seed: number) => string },
  run: (seed: number) => Result,
): Runs<Result> {
  const results: Result[] = [];
  const failures: Failure[] = [];
  const beganMs = performance.now();
  for (let seed = first; seed < first + seeds; seed++) {
    try {
      results.push(run(seed));
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      failures.push({ seed, message, replay: replay(seed) });
      process.stderr.write(`seed ${seed}: ${message}; to run this again: ${replay(seed)}\n`);
    }
  }
  return { results, failures, seconds: Math.round(performance.now() - beganMs) / 1000 };
}
