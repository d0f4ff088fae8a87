import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError } from '../errors.js';

/**
 * `macula agent`: serves BEAM nodes of this user on a control socket until SIGTERM or SIGINT. Says on stdout where that is when it wasn't
 * told: `MACULA_AGENT_SOCKET=PATH`.
 */
export async function runAgentCommand(options: {
  readonly socket?: string;
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
  const path = options.socket ?? usersSocket();
  if (options.socket === undefined) process.stdout.write(`MACULA_AGENT_SOCKET=${path}\n`);
  await runAgent({ channel: 'socket', path });
}

/** One per user; the agent refuses a folder that others can enter. */
function usersSocket(): string {
  const { XDG_RUNTIME_DIR: runtime } = process.env;
  const folder = runtime ? join(runtime, 'macula') : join(tmpdir(), `macula-${process.getuid?.()}`);
  return join(folder, 'agent.sock');
}
