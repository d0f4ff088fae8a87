import { TransportError } from '../errors.js';
import type { Connection } from '../transport.js';
import { onGivenUp } from './give-up.js';

/** One way to dial. */
export interface Contender<C extends Connection = Connection> {
  /** For the text of errors; empty when these say it already. */
  readonly name: string;
  dial(signal: AbortSignal): Promise<C>;
}

/** Why a contender didn't make it. */
export interface DialFailure {
  readonly name: string;
  readonly error: TransportError;
}

/** How a race ended. */
export type RaceOutcome<C extends Connection> =
  | {
      readonly kind: 'won';
      readonly winner: Contender<C>;
      readonly connection: C;
      /** Of those that failed before. */
      readonly failures: readonly DialFailure[];
    }
  /** All have failed, in the order in which they did, or one in a way that is final for all. */
  | { readonly kind: 'failed'; readonly failures: readonly DialFailure[] }
  /** The signal fired. */
  | { readonly kind: 'given_up'; readonly error: TransportError };

/** Rules of a {@link race}. */
export interface RaceOptions {
  readonly headStartMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Failures after which nobody else is tried. */
  readonly isFinal?: (error: TransportError) => boolean;
}

/**
 * Dials with the first contender, and with the next one when it has failed or `headStartMs` later, whichever comes first. The
 * first open connection wins; the other attempts are given up, and a connection that comes in spite of that is closed.
 */
export function race<C extends Connection>(
  contenders: readonly Contender<C>[],
  { headStartMs, signal, isFinal = () => false }: RaceOptions,
): Promise<RaceOutcome<C>> {
  return new Promise((resolve) => {
    const failures: DialFailure[] = [];
    const running = new Set<AbortController>();
    let started = 0;
    let isOver = false;
    let timer: NodeJS.Timeout | undefined;
    let forget = (): void => {};

    const finish = (outcome: RaceOutcome<C>): void => {
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
          const error = TransportError.from(thrown);
          failures.push({ name: contender.name, error });
          if (isFinal(error)) finish({ kind: 'failed', failures: [{ name: contender.name, error }] });
          else if (started < contenders.length) startNext();
          else if (running.size === 0) finish({ kind: 'failed', failures });
        },
      );
    };
    if (contenders.length === 0) finish({ kind: 'failed', failures });
    forget = onGivenUp(signal, (error) => finish({ kind: 'given_up', error }));
    startNext();
  });
}
