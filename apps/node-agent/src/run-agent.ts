import { type AgentChannel, type AgentDependencies, type RunningAgent, startAgent } from './agent.js';

/**
 * The agent as a program: serves until its BEAM ends (port) or a signal comes (both), then exits this process.
 *
 * | status | why |
 * |---|---|
 * | 0 | the BEAM ended, or SIGTERM, SIGINT or SIGHUP |
 * | 2 | the BEAM on the port broke the protocol |
 * | 64 | it can't start here: no port on fds 3 and 4, or the control socket can't be made |
 * | 70 | a bug; the stack is on stderr |
 *
 * A second signal ends it at once. stdout is never written to.
 */
export async function runAgent(where: AgentChannel, dependencies: AgentDependencies = {}): Promise<never> {
  process.title = 'macula-agent';
  process.on('uncaughtException', exitWithBug);
  let agent: RunningAgent;
  try {
    agent = await startAgent(where, dependencies);
  } catch (thrown) {
    process.stderr.write(`macula agent: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exit(64);
  }
  let signals = 0;
  const handleSignal = () => {
    if (++signals > 1) process.exit(0);
    void agent.stop();
  };
  process.on('SIGTERM', handleSignal);
  process.on('SIGINT', handleSignal);
  process.on('SIGHUP', handleSignal);
  process.exit(await agent.ended);
}

function exitWithBug(error: Error): void {
  try {
    process.stderr.write(`macula agent: a bug, please report it: ${error.stack ?? String(error)}\n`);
  } finally {
    process.exit(70);
  }
}
