import { checkTerm, type Signal } from '@macula/dist-protocol';

/**
 * Does nothing for a signal whose terms are all terms: what is none is told to who sends it, not to whoever gets it later.
 *
 * @throws {EtfError} `invalid_term`, `too_deep`
 */
export function checkSignal(signal: Signal): void {
  if ('message' in signal) checkTerm(signal.message);
  if ('reason' in signal) checkTerm(signal.reason);
  if ('args' in signal) checkTerm([signal.args, signal.options]);
}
