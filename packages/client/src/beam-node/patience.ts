import { BeamError } from './beam-error.js';

/** How long to wait for something. */
export interface Patience {
  /** Milliseconds until it ends with `timeout`; 0 looks once, `Infinity` waits for ever. Default as each function says. */
  readonly timeoutMs?: number;
  /** Ends it with `aborted`. */
  readonly signal?: AbortSignal;
}

/**
 * A promise that `start` settles, or that ends with `timeout` or `aborted`. `abandon` runs when it ended in one of these two ways.
 *
 * @throws {BeamError} `timeout`, `aborted`, `bad_option`
 */
export function waitFor<Value>(
  { timeoutMs = Number.POSITIVE_INFINITY, signal }: Patience,
  what: string,
  start: (resolve: (value: Value) => void, reject: (error: unknown) => void) => void,
  abandon: () => void = () => {},
): Promise<Value> {
  if (!(timeoutMs >= 0)) return Promise.reject(new BeamError('bad_option', `timeoutMs is ${timeoutMs}`));
  if (signal?.aborted) return Promise.reject(abortedBy(signal));
  return new Promise<Value>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const settle = () => {
      if (timer !== undefined) clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    const give = (error: BeamError) => {
      settle();
      abandon();
      reject(error);
    };
    const abort = () => give(abortedBy(signal));
    if (timeoutMs < timerMsMax)
      timer = setTimeout(() => give(new BeamError('timeout', `${what} within ${timeoutMs} ms`)), timeoutMs);
    signal?.addEventListener('abort', abort);
    start(
      (value) => {
        settle();
        resolve(value);
      },
      (error) => {
        settle();
        reject(error);
      },
    );
  });
}

function abortedBy(signal: AbortSignal | undefined): BeamError {
  return new BeamError('aborted', 'aborted by the caller', { cause: signal?.reason });
}

/** `setTimeout` takes no more (2^31 − 1 ms, 24.8 days): beyond that nothing is timed. */
const timerMsMax = 2_147_483_647;
