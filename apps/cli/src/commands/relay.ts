import { readFileSync } from 'node:fs';
import type { QuotaLimitsInput } from '@macula/relay';
import { CliError } from '../errors.js';

/** Options of `macula relay` as Commander gives them. */
export interface RelayCommandOptions {
  readonly listen: string;
  readonly peer: readonly string[];
  readonly seed: readonly string[];
  readonly advertise?: string;
  readonly peerId: readonly string[];
  readonly meshSecretFile?: string;
  readonly publicCert: readonly string[];
  readonly open: boolean;
  readonly accessFile?: string;
  readonly limits?: string;
  readonly admin?: string;
  readonly adminTokenFile?: string;
  readonly data?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly label?: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly json: boolean;
  readonly quic: boolean;
}

/**
 * `macula relay`: runs a supervised relay until SIGTERM or SIGINT. Prints one line on stdout when it listens,
 * `relay ID listening on https://HOST:PORT`, or with `--json` the same as an object `{relay, url, admin}`.
 */
export async function runRelayCommand(options: RelayCommandOptions): Promise<void> {
  if ((options.cert === undefined) !== (options.key === undefined))
    throw new CliError(
      'usage',
      'only one of --cert and --key is given',
      'Give both, or none for a development certificate.',
    );
  const { hostPortText, superviseRelay } = await import('@macula/relay');
  const relay = await superviseRelay(
    {
      listen: options.listen,
      peers: options.peer,
      seeds: options.seed,
      advertise: options.advertise,
      peerIdentities: options.peerId,
      meshSecretFile: options.meshSecretFile,
      publicCertFiles: options.publicCert,
      open: options.open,
      accessFile: options.accessFile,
      limits: options.limits === undefined ? undefined : readLimits(options.limits),
      admin: options.admin,
      adminTokenFile: options.adminTokenFile,
      dataDir: options.data,
      certFile: options.cert,
      keyFile: options.key,
      label: options.label,
      logLevel: options.logLevel,
      quic: options.quic,
    },
    {
      onEvent: (event) => {
        if (event.kind === 'worker_lost')
          process.stderr.write(
            `macula: the relay's worker process is gone (${event.text}); another one starts in ${event.restartMs} ms.\n`,
          );
      },
    },
  );
  const url = `https://${hostPortText(relay.listen[0]!)}`;
  const admin = relay.admin === undefined ? null : `http://${hostPortText(relay.admin)}`;
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ relay: relay.id, url, admin })}\n`
      : `relay ${relay.id} listening on ${url}\n`,
  );
  await relay.stopped;
}

/** The relay checks what is in it. */
function readLimits(file: string): QuotaLimitsInput {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const text = `the limits in ${file} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new CliError('failed', text, 'See the table of limits in the README of the relay.', { cause });
  }
}
