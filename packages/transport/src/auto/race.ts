import { onGivenUp } from '../core/give-up.js';
import { TransportError } from '../errors.js';
import type { Connection, Transport } from '../transport.js';

/** One way to dial. */
export interface Contender {
  readonly name: Transport['name'];
  dial(signal: AbortSignal): Promise<Connection>;
}

/** Why a contender didn't make it. */
export interface DialFailure {
  readonly name: Transport['name'];
  readonly error: TransportError;
}

/** How a race ended. */
export type RaceOutcome =
  | {
      readonly kind: 'won';
      readonly winner: Contender;
      readonly connection: Connection;
      /** Of those that failed before. */
      readonly failures: readonly DialFailure[];
    }
  /** All have failed, in the order in which they did. */
  | { readonly kind: 'failed'; readonly failures: readonly DialFailure[] }
  /** The signal fired. */
  | { readonly kind: 'given_up'; readonly error: TransportError };

/**
 * Dials with the first contender, and with the next one when it has failed or `headStartMs` later, whichever comes first. The
 * first open connection wins; the other attempts are given up, and a connection that comes in spite of that is closed.
 */
export function race(
  contenders: readonly Contender[],
  { headStartMs, signal }: { readonly headStartMs: number; readonly signal?: AbortSignal | undefined },
): Promise<RaceOutcome> {
  return new Promise((resolve) => {
    const failures: DialFailure[] = [];
    const running = new Set<AbortController>();
    let started = 0;
    let isOver = false;
    let timer: NodeJS.Timeout | undefined;
    let forget = (): void => {};

    const finish = (outcome: RaceOutcome): void => {
      isOver = true;
      clearTimeout(timer);
      forget();
      resolve(outcome);
      for (const controller of running) controller.abort();
    };
    const startNext = (): void => {
      clearTimeout(timer);
      const contender = contenders[started];
      if (isOver || contender === undefined) return;
      started += 1;
      if (started < contenders.length) timer = setTimeout(startNext, headStartMs);
      const controller = new AbortController();
      running.add(controller);
      contender.dial(controller.signal).then(
        (connection) => {
          running.delete(controller);
          if (isOver) connection.close(0, 'another attempt was faster');
          else finish({ kind: 'won', winner: contender, connection, failures });
        },
        (thrown) => {
          running.delete(controller);
          if (isOver) return;
          failures.push({ name: contender.name, error: TransportError.from(thrown) });
          if (started < contenders.length) startNext();
          else if (running.size === 0) finish({ kind: 'failed', failures });
        },
      );
    };
    if (contenders.length === 0) finish({ kind: 'failed', failures });
    forget = onGivenUp(signal, (error) => finish({ kind: 'given_up', error }));
    startNext();
  });
}
