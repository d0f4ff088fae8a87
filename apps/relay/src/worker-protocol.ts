import type { SocketAddress } from '@macula/transport';
import type { RelayConfig } from './config.js';
import type { RelayErrorCode } from './errors.js';
import type { RelaySecrets } from './secrets.js';
import type { ListenAddress } from './transports.js';

/** Parent → worker, over the IPC channel: never in arguments or environment, which other users can read. */
export type ToWorker =
  /** First message. */
  | { readonly kind: 'start'; readonly config: RelayConfig; readonly secrets: SecretsJson }
  /** Drain, then exit with 0. */
  | { readonly kind: 'drain' };

/** Worker → parent. */
export type FromWorker =
  | { readonly kind: 'heartbeat' }
  | {
      readonly kind: 'ready';
      readonly id: string;
      readonly listen: readonly ListenAddress[];
      readonly admin: SocketAddress | undefined;
    }
  /** The relay could not start; the worker exits. */
  | {
      readonly kind: 'failed';
      readonly code: RelayErrorCode;
      readonly text: string;
      readonly remedy: string;
    };

/** {@link RelaySecrets} as JSON. */
export interface SecretsJson extends Omit<RelaySecrets, 'seed'> {
  /** Base64url. */
  readonly seed: string;
}

/** For the way to the worker. */
export function secretsToJson({ seed, ...rest }: RelaySecrets): SecretsJson {
  return { ...rest, seed: Buffer.from(seed).toString('base64url') };
}

/** In the worker. */
export function secretsFromJson({ seed, ...rest }: SecretsJson): RelaySecrets {
  return { ...rest, seed: Uint8Array.from(Buffer.from(seed, 'base64url')) };
}
