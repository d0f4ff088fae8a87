/** `npm run sim -- SIMULATION`: seeded runs of whole simulations, as many as wanted, without a test runner. */
import { etf } from './etf/command.js';
import { routing } from './routing/command.js';
import { storm } from './storm/command.js';
import { swim } from './swim/command.js';
import { tunnel } from './tunnel/command.js';

const commands: Readonly<Record<string, Command>> = { tunnel, swim, routing, storm, etf };

interface Command {
  readonly usage: string;
  /** The exit status; throws what is wrong with the arguments. */
  readonly prepare: (args: readonly string[]) => () => number | Promise<number>;
}

const usage = `Usage: npm run sim -- SIMULATION [OPTIONS]

${Object.values(commands)
  .map((command) => command.usage)
  .join('\n')}`;

process.exitCode = await main(process.argv.slice(2));

async function main([name = '', ...args]: readonly string[]): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  let run: () => number | Promise<number>;
  try {
    if (command === undefined) throw new Error(`say which simulation: ${Object.keys(commands).join(', ')}`);
    run = command.prepare(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  return run();
}
