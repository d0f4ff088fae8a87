import { CliError } from '../errors.js';

/** `macula agent`: serves BEAM nodes of this user on a control socket until SIGTERM or SIGINT. */
export async function runAgentCommand(options: {
  readonly socket: string;
  readonly quic: boolean;
}): Promise<void> {
  if (process.platform === 'win32')
    throw new CliError(
      'usage',
      'a shared agent needs Unix-domain sockets',
      'Let each node start its own agent.',
    );
  if (!options.quic) process.env.MACULA_TRANSPORT = 'tls';
  const { runAgent } = await import('@macula/node-agent');
  await runAgent({ channel: 'socket', path: options.socket });
}
