import { CommanderError } from 'commander';
import { CliError } from './errors.js';
import { buildProgram } from './program.js';

/**
 * Runs one command line (without `node` and the script) and sets the exit status: 0, 1 (something failed), 2 (wrong
 * command line) or the status of the command that `macula run` ran. Errors are printed on stderr, never thrown.
 */
export async function main(commandLine: readonly string[]): Promise<void> {
  try {
    await buildProgram().parseAsync(commandLine, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed its message already; asking for help or the version is no error.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    const shown = CliError.from(error);
    process.stderr.write(`${`macula: ${sentence(shown.message)} ${shown.remedy}`.trimEnd()}\n`);
    if (process.env.MACULA_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = shown.exitStatus;
  }
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
