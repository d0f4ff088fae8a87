import { BeamError } from './beam-error.js';

/** How long to wait for something. */
export interface Patience {
  /** Milliseconds until it ends with `timeout`; 0 looks once, `Infinity` waits for ever. Default as each function says. */
  readonly timeoutMs?: number;
  /** Ends it with `aborted`. */
  readonly signal?: AbortSignal;
}

/** Somebody in whose name something is waited for: the wait ends with them. */
export interface Waiter {
  /** Calls back once when it has ended; gives a function that takes that back. */
  onEnded(told: () => void): () => void;
}

/**
 * A promise that `start` settles, or that ends with `timeout`, `aborted`, or `closed` when the waiter has ended. `abandon` runs when
 * it ended in one of these ways, or `start` threw.
 *
 * @throws {BeamError} `timeout`, `aborted`, `bad_option`
 */
export function waitFor<Value>(
  { timeoutMs = Number.POSITIVE_INFINITY, signal }: Patience,
  what: string,
  start: (resolve: (value: Value) => void, reject: (error: unknown) => void) => void,
  { abandon = () => {}, waiter }: { readonly abandon?: () => void; readonly waiter?: Waiter } = {},
): Promise<Value> {
  if (!(timeoutMs >= 0)) return Promise.reject(new BeamError('bad_option', `timeoutMs is ${timeoutMs}`));
  if (signal?.aborted) return Promise.reject(abortedBy(signal));
  return new Promise<Value>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    let forgets: (() => void)[] = [];
    const settle = () => {
      clearTimeout(timer);
      for (const forget of forgets) forget();
      forgets = [];
    };
    const give = (error: unknown) => {
      settle();
      abandon();
      reject(error);
    };
    if (timeoutMs < timerMsMax)
      timer = setTimeout(() => give(new BeamError('timeout', `${what} within ${timeoutMs} ms`)), timeoutMs);
    if (signal !== undefined) forgets.push(onAbort(signal, () => give(abortedBy(signal))));
    if (waiter !== undefined)
      forgets.push(waiter.onEnded(() => give(new BeamError('closed', `${what}: who has waited has ended`))));
    try {
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
    } catch (error) {
      give(error);
    }
  });
}

/** One listener for all that wait with one signal: Node warns of a leak when there are more than ten. */
function onAbort(signal: AbortSignal, told: () => void): () => void {
  let all = waitingFor.get(signal);
  if (all === undefined) {
    const fresh = new Set<() => void>();
    all = fresh;
    waitingFor.set(signal, fresh);
    signal.addEventListener(
      'abort',
      () => {
        waitingFor.delete(signal);
        for (const one of [...fresh]) one();
      },
      { once: true },
    );
  }
  all.add(told);
  return () => all.delete(told);
}

const waitingFor = new WeakMap<AbortSignal, Set<() => void>>();

function abortedBy(signal: AbortSignal | undefined): BeamError {
  return new BeamError('aborted', 'aborted by the caller', { cause: signal?.reason });
}

/** `setTimeout` takes no more (2^31 − 1 ms, 24.8 days): beyond that nothing is timed. */
const timerMsMax = 2_147_483_647;
