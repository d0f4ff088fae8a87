import type { Command } from 'commander';
import { runIdCommand } from './commands/id.js';
import { runKeygenCommand } from './commands/keygen.js';
import { parseText } from './option-values.js';

/** `macula keygen` and `macula id`. */
export function addKeyCommands(program: Command): void {
  program
    .command('keygen')
    .description(
      'make a key file (0600) for an issuer of tokens or a node, or a mesh secret; never overwrites',
    )
    .argument('[file]', 'where to put it')
    .option('--mesh', 'make a secret that the relays of a mesh share, instead of a key', false)
    .option(
      '--agent <name>',
      'make the key of a node of this user (its name, or the identity it joins with) before it joins for the first time',
      parseText,
    )
    .addHelpText('after', '\nExample:\n  macula keygen issuer.key')
    .action(runKeygenCommand);
  program
    .command('id')
    .description('print the identity id of a key file, or of all in a directory of an agent or relay')
    .argument('[file]', 'key file')
    .option('--data <dir>', 'directory with key files (default: that of the agents of this user)')
    .action(runIdCommand);
}
