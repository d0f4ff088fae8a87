/** The macula relay: in this process ({@link startRelay}) or in a watched process of its own ({@link superviseRelay}). */
export { type AccessFile, parseAccessFile, type RealmRule } from './access/access-file.js';
export { type Revocation, type RevocationResult, revokeInFile } from './access/revoke-token.js';
export {
  type HostPort,
  hostPortText,
  type LogLevel,
  parseRelayConfig,
  type RelayConfig,
  type RelayConfigInput,
} from './config.js';
export { RelayError, type RelayErrorCode } from './errors.js';
export { loadOrMakeSeed, loadSeed, makeKeyFile } from './identity-file.js';
export { makeMeshSecretFile } from './mesh-secret.js';
export type { QuotaLimitsInput } from './quota/parse-quota-limits.js';
export type {
  AddressLimits,
  CountLimits,
  IdentityLimits,
  RateLimits,
  ScopeLimits,
} from './quota/quota-limits.js';
export { type RelayParts, type RunningRelay, startRelay } from './relay.js';
export type { RelaySecrets } from './secrets.js';
export type { PeerDialerState } from './session/peer-dialer.js';
export type { PeerStatus, RelayStatus, SessionStatus } from './status.js';
export {
  type SupervisedRelay,
  type SuperviseOptions,
  type SupervisorEvent,
  superviseRelay,
} from './supervisor.js';
export { type ListenAddress, relayTransports } from './transports.js';
