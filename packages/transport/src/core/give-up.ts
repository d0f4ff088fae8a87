import { TransportError } from '../errors.js';

/**
 * Calls `giveUp` with a `closed` error when the signal of a dial fires, at once if it has already. Answers how to take that back, so
 * that a signal which outlives the dial holds nothing of it.
 */
export function onGivenUp(
  signal: AbortSignal | undefined,
  giveUp: (error: TransportError) => void,
): () => void {
  if (!signal) return () => {};
  const listener = (): void => giveUp(new TransportError('closed', 'the attempt was given up'));
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
