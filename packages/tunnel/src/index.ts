/** The lossless tunnel: one sealed, ordered, flow-controlled byte stream between two agents. Pure: no clock, no sockets. */

export { TunnelError, type TunnelErrorCode } from './errors.js';
export {
  bootIdBytes,
  establishTimeoutDefaultMs,
  handshakeBytesMax,
  ringBytesCeiling,
  ringBytesDefault,
  tunnelIdBytes,
} from './limits.js';
export type { PathClosed, TimeoutReason, TunnelMetrics } from './observations.js';
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
