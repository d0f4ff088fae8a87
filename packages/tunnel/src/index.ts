/** The lossless tunnel: one sealed, ordered, flow-controlled byte stream between two agents. Pure: no clock, no sockets. */

export type { AttachKeys } from './attach/attach-keys.js';
export { type GoneAnswer, type Tombstone, Tombstones } from './attach/tombstones.js';
export { TunnelError, type TunnelErrorCode } from './errors.js';
export { RingBudget } from './flow/ring-budget.js';
export {
  bootIdBytes,
  establishTimeoutDefaultMs,
  handshakeBytesMax,
  relayBytesMax,
  relaysMax,
  ringBudgetBytesDefault,
  ringBytesCeiling,
  ringBytesStart,
  tombstoneMs,
  tunnelIdBytes,
  windowDefaultMs,
  windowMsMax,
} from './limits.js';
export type { DetachReason, PathClosed, TimeoutReason, TunnelMetrics } from './observations.js';
export type { RespondOptions, TunnelLimits, TunnelOptions } from './options.js';
export type { TunnelOutput } from './outputs.js';
export {
  type EndReason,
  endReasons,
  type PathCode,
  reasonFromNumber,
  reasonFromPathCode,
  reasonNumber,
  reasonSentence,
} from './reasons.js';
export type { TunnelState } from './state.js';
export { Tunnel } from './tunnel.js';
