import type { Command } from 'commander';
import { runTokenInspectCommand } from './commands/token-inspect.js';
import { runTokenIssueCommand } from './commands/token-issue.js';
import { runTokenRevokeCommand } from './commands/token-revoke.js';
import { collect, parseCount, parseText, parseTime, parseValidity } from './option-values.js';

/** `macula token issue`, `inspect` and `revoke`. */
export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('make, read and take back the tokens of realms');
  token
    .command('issue')
    .description('print a token that lets its bearer use some names in a realm')
    .requiredOption('--key <file>', 'key file of the issuer, from macula keygen')
    .requiredOption('--realm <name>', 'realm that it opens', parseText)
    .requiredOption(
      '--name <pattern>',
      'node name that it allows, * stands for any characters (repeat for more)',
      collect,
    )
    .option(
      '--valid <duration>',
      'how long it is valid, such as 12h, 30d or 8w, at most 3653d (default: 30d)',
      parseValidity,
    )
    .option('--not-before <time>', 'from when it is valid, such as 2026-12-31 (default: at once)', parseTime)
    .option('--sub <id>', 'identity that alone may use it, from macula id (default: whoever has it)')
    .option('--sessions <count>', 'sessions at a time', parseCount)
    .option('--names <count>', 'names at a time', parseCount)
    .option('--tunnels <count>', 'tunnels at a time', parseCount)
    .option('--streams <count>', 'streams at a time', parseCount)
    .option('--bytes-per-second <count>', 'bytes of tunnels per second', parseCount)
    .addHelpText(
      'after',
      "\nExample:\n  macula token issue --key issuer.key --realm io.example --name 'app-*@10.0.*' --valid 30d",
    )
    .action(runTokenIssueCommand);
  token
    .command('inspect')
    .description('print what a token says; with --issuer, check it')
    .argument('<token>', 'the token, or - to read it from standard input')
    .option(
      '--issuer <id>',
      'check signature and times; ids of issuers that count (repeat for more)',
      collect,
    )
    .option('--json', 'print an object', false)
    .action(runTokenInspectCommand);
  token
    .command('revoke')
    .description(
      'put a token on the list of revoked ones in an access file; its relays follow within seconds',
    )
    .requiredOption('--access-file <file>', 'access file of the relays')
    .option(
      '--until <time>',
      'when the entry may be dropped (default: when a token of one of its issuers has expired, else never)',
      parseTime,
    )
    .argument('<token>', 'the token, its id (jti), or - to read either from standard input')
    .action(runTokenRevokeCommand);
}
