// What pin.mjs bundles of a checkout: its relay as a program, and its client for programs that import the bundle.

import { fileURLToPath } from 'node:url';
import { parseRelayConfig, startRelay } from '@macula/relay';
import { createTlsTransport } from '@macula/transport';

export { Mesh } from '@macula/client';
export { identityFromSeed } from '@macula/crypto';
export { createTlsTransport, parseRelayUrl } from '@macula/transport';
export { wireMajor, wireMinor } from '@macula/wire';

if (process.argv[1] === fileURLToPath(import.meta.url)) await runRelay(JSON.parse(process.argv[2]));

/** A relay with these settings, over TLS, until SIGTERM; it prints the same line as `macula relay --json`. */
async function runRelay(settings) {
  const relay = await startRelay(parseRelayConfig(settings), { transports: [createTlsTransport()] });
  process.once('SIGTERM', async () => {
    await relay.drain();
    process.exit(0);
  });
  const url = (scheme, { host, port }) => `${scheme}://${host}:${port}`;
  const line = { relay: relay.id, url: url('https', relay.listen[0]), admin: url('http', relay.admin) };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
