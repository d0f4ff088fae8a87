/**
 * The process in which a supervised relay runs: gets its settings from the parent, answers with its addresses, sends a
 * heartbeat from its event loop and ends when the parent does.
 */
import type { RelayConfig } from './config.js';
import { RelayError } from './errors.js';
import { heartbeatMs } from './limits.js';
import { type RunningRelay, startRelay } from './relay.js';
import { relayTransports } from './transports.js';
import { type FromWorker, type SecretsJson, secretsFromJson, type ToWorker } from './worker-protocol.js';

let starting: Promise<RunningRelay> | undefined;

// A terminal's Ctrl-C and systemd's SIGTERM reach the whole group; only the parent decides what they mean.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToWorker) => {
  if (message.kind === 'start') void start(message.config, message.secrets);
  else void drain();
});
setInterval(() => tell({ kind: 'heartbeat' }), heartbeatMs);

async function start(config: RelayConfig, secrets: SecretsJson): Promise<void> {
  try {
    const own = secretsFromJson(secrets);
    starting = startRelay(config, { transports: relayTransports(config, own), secrets: own });
    const { id, listen, admin } = await starting;
    tell({ kind: 'ready', id, listen, admin });
  } catch (thrown) {
    const remedy = 'Report this with the log.';
    const { code, message, remedy: what } = RelayError.from(thrown, 'worker_failed', remedy);
    process.send?.({ kind: 'failed', code, text: message, remedy: what } satisfies FromWorker, () =>
      process.exit(1),
    );
  }
}

async function drain(): Promise<void> {
  const relay = await starting?.catch(() => undefined);
  await relay?.drain();
  process.exit(0);
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}
