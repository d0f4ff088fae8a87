import { ensureBuilt } from '@macula/macula-otp';
import { CliError } from './errors.js';

/**
 * Compiles the Erlang application when its sources are newer than its beams.
 * @returns the directory for `erl -pa`
 * @throws CliError when it isn't compiled and can't be
 */
export function builtErlangApp(): string {
  try {
    return ensureBuilt().ebin;
  } catch (error) {
    // Its messages name cause and remedy.
    throw new CliError('failed', error instanceof Error ? error.message : String(error), '', {
      cause: error,
    });
  }
}
