// Started by macula_agent.erl as a port program: control channel on file descriptors 3 and 4, see PROTOCOL.md.
// Exit status 3 means that the agent's package is not installed; macula_channel.erl turns it into words.

let agent;
try {
  agent = await import('@macula/node-agent');
} catch (cause) {
  const missing = cause?.code === 'ERR_MODULE_NOT_FOUND';
  console.error(
    missing
      ? `macula: the package @macula/node-agent can't be loaded: ${cause.message}\n` +
          'macula: run `npm install @macula/macula-otp`, or set MACULA_AGENT to an agent script.'
      : cause,
  );
  process.exit(missing ? 3 : 1);
}
await agent.runAgent({ channel: 'port' });
