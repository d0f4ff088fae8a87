import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { runAgentCommand } from './commands/agent.js';
import { runErlPathCommand } from './commands/erl-path.js';
import { type RelayCommandOptions, runRelayCommand } from './commands/relay.js';
import { type RunCommandOptions, runRunCommand } from './commands/run.js';
import { addKeyCommands } from './key-commands.js';
import { collect, parseText } from './option-values.js';
import { addTokenCommands } from './token-commands.js';

/** Builds the command tree. Usage errors are thrown as `CommanderError` after their message was printed. */
export function buildProgram(): Command {
  const program = new Command('macula')
    .description('Erlang, Elixir, Gleam and TypeScript nodes in one cluster, across NATs and continents')
    .version(version(), '-V, --version')
    .enablePositionalOptions()
    .showHelpAfterError('(add --help to see every option)')
    .exitOverride();
  addRelay(program);
  addRun(program);
  program
    .command('agent')
    .description('run an agent that BEAM nodes of this user share through a socket (MACULA_AGENT_SOCKET)')
    .option(
      '--socket <path>',
      'Unix-domain control socket to make (default: agent.sock in a folder of the user)',
    )
    .addOption(noQuic())
    .action(runAgentCommand);
  program
    .command('erl-path')
    .description('print the code path of the macula OTP application, building it when needed')
    .addHelpText('after', '\nExample:\n  erl -pa $(macula erl-path) -proto_dist macula -no_epmd …')
    .action(runErlPathCommand);
  addKeyCommands(program);
  addTokenCommands(program);
  // Commander copies these settings to a subcommand only when it is made by `command()`, which all of them are.
  return program;
}

function addRelay(program: Command): void {
  program
    .command('relay')
    .description('run a relay')
    .requiredOption(
      '--listen <host:port>',
      'address for agents and relays; port 0 takes a free one',
      parseAddress,
    )
    .option('--peer <url>', 'relay to peer with (repeat for more)', collect, [])
    .option(
      '--seed <text>',
      'where to learn of the relays of the mesh: a relay URL, dns:HOST[:PORT] or srv:NAME (repeat for more)',
      collect,
      [],
    )
    .option(
      '--advertise <url>',
      'where other relays dial this one, or none (default: where it listens, if that is one address)',
    )
    .option(
      '--peer-id <id>',
      'identity of a relay that may peer (repeat for more; without any, and without a mesh secret, every relay may, for development)',
      collect,
      [],
    )
    .option(
      '--mesh-secret-file <file>',
      'secret that the relays of a mesh share (macula keygen --mesh); a relay that proves it may peer',
    )
    .option(
      '--public-cert <file>',
      'certificate of a proxy that ends TLS in front of this relay, PEM (repeat for more)',
      collect,
      [],
    )
    .option(
      '--open',
      'realms without tokens, and peering without keys or a secret, are meant for everybody who reaches this relay',
      false,
    )
    .option(
      '--access-file <file>',
      'JSON file with the realms that need a token, the relays that may peer and the revoked tokens',
    )
    .option('--limits <file>', 'JSON file with what each identity, realm and address may have and do')
    .option('--admin <host:port>', 'address of health, metrics and the admin API', parseAddress)
    .option('--admin-token-file <file>', 'bearer token of the admin API; needed when it is not on loopback')
    .option(
      '--data <dir>',
      'where the relay keeps its identity and certificate (default: one for this run only)',
    )
    .option('--cert <file>', 'TLS certificate chain, PEM (default: a development certificate is made)')
    .option('--key <file>', 'private key of the certificate, PEM')
    .addOption(noQuic())
    .option('--label <text>', 'a name for people, shown to peers and in the admin API')
    .addOption(
      new Option('--log-level <level>', 'how much to log on stderr')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info'),
    )
    .option('--json', 'print the line about listening as JSON', false)
    .action((options: RelayCommandOptions) => runRelayCommand(options));
}

function addRun(program: Command): void {
  program
    .command('run')
    .description('run a command so that the Erlang nodes it starts join the mesh')
    .option('--relay <url>', 'relay to join through, in order of preference (repeat for more)', collect, [])
    .option('--realm <name>', 'realm to join (default: io.macula)', parseText)
    .option('--token-file <file>', 'file with the token of the realm, for realms that need one', parseText)
    .option('--identity <name>', 'how the node identifies itself (default: its node name)', parseText)
    .addOption(
      new Option('--tls-verify <mode>', 'whether the relay must have a certificate that verifies').choices([
        'none',
        'verify_peer',
      ]),
    )
    .addOption(noQuic())
    .argument('<command...>', 'the command and its arguments, after --')
    .passThroughOptions()
    .addHelpText(
      'after',
      '\nExample:\n  macula run --relay https://relay.example.org:4433 -- iex --name me@myhost',
    )
    .action((command: string[], options: RunCommandOptions) => runRunCommand(command, options));
}

function noQuic(): Option {
  return new Option('--no-quic', 'use TLS over TCP only; the native QUIC code is not loaded');
}

/**
 * Checks `HOST:PORT` (an IPv6 address in brackets, port 0…65535).
 * @throws InvalidArgumentError which Commander turns into a usage error
 */
export function parseAddress(text: string): string {
  const port = /^(?:\[[0-9a-fA-F:.%a-z]+\]|[^:[\]\s/]+):(\d{1,5})$/.exec(text)?.[1];
  if (port === undefined || Number(port) > 65_535)
    throw new InvalidArgumentError('It must be HOST:PORT, for instance 0.0.0.0:4433 or [::]:4433.');
  return text;
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
