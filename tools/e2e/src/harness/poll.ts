import { setTimeout as sleep } from 'node:timers/promises';

/** Options of {@link eventually}. */
export interface EventuallyOptions {
  /** What is waited for, for the error message. */
  readonly what: string;
  /** Deadline in ms; default 10,000. */
  readonly timeoutMs?: number;
  /** Pause between two looks in ms; default 50. */
  readonly intervalMs?: number;
}

/**
 * Looks until the answer is neither undefined nor false.
 * @throws Error that says what was waited for and what the last look gave
 */
export async function eventually<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { what, timeoutMs = 10_000, intervalMs = 50 }: EventuallyOptions,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await look();
      if (answer !== undefined && answer !== false) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadlineMs)
      throw new Error(`${what}: not within ${timeoutMs} ms (last: ${String(last)})`, { cause: last });
    await sleep(intervalMs);
  }
}
