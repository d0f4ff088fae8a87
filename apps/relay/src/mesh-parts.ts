import type { Identity } from '@macula/crypto';
import type { Transport } from '@macula/transport';
import type { Logger } from 'pino';
import type { AccessRules } from './access/access-rules.js';
import type { RelayConfig } from './config.js';
import type { PeerCache } from './seeds/peer-cache.js';
import type { SeedResolver } from './seeds/seed-resolver.js';

/** What a {@link Mesh} works with. */
export interface MeshParts {
  readonly config: RelayConfig;
  readonly identity: Identity;
  /** Dials the peers. */
  readonly dialer: Transport;
  readonly caPem: readonly string[] | undefined;
  /** Who may in, at the start; see {@link Mesh.handleRules}. */
  readonly rules: AccessRules;
  /** Secret that relays of the mesh share; default none. */
  readonly meshSecret?: Uint8Array | undefined;
  /** Fingerprints of proxies that end TLS in front of this relay; default none. */
  readonly publicCertificates?: readonly Uint8Array[];
  /** Looks up seeds; default the machine's. */
  readonly resolver?: SeedResolver | undefined;
  /** Relays that were seen before the last stop; default none. */
  readonly peerCache?: PeerCache | undefined;
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Milliseconds for HELLO and for a stream's OPEN; tests shorten them. */
  readonly timeouts?: { readonly helloMs?: number; readonly openMs?: number };
}
