export { type ChannelOptions, type ChannelOutput, DistChannel } from './channel/channel.js';
export { ChannelError, type ChannelErrorCode } from './channel/errors.js';
export { type ChannelLimits, defaultChannelLimits, fragmentBytes } from './channel/limits.js';
export { Operation } from './channel/operations.js';
export type * from './channel/signal.js';
export { decodeEpmdRequest, encodeEpmdResponse } from './epmd/daemon.js';
export { EpmdError, type EpmdErrorCode } from './epmd/errors.js';
export {
  decodeEpmdResponse,
  type EpmdRequest,
  type EpmdResponse,
  encodeEpmdRequest,
} from './epmd/messages.js';
export {
  decodeErpcOutcome,
  decodeErpcRequest,
  type ErpcOutcome,
  type ErpcRequest,
  encodeErpcOutcome,
  encodeErpcRequest,
  type FunctionCall,
} from './erpc/erpc.js';
export * from './etf/accessors.js';
export { Atom, atom } from './etf/atom.js';
export { decodeTerm, decodeTermAt } from './etf/decode.js';
export { checkTerm, type EncodeOptions, encodeTerm } from './etf/encode.js';
export { EtfError, type EtfErrorCode } from './etf/errors.js';
export { type FormatOptions, formatTerm } from './etf/format.js';
export { type FromPlainOptions, fromPlain } from './etf/from-plain.js';
export {
  Pid,
  type PidParts,
  Port,
  type PortParts,
  Reference,
  type ReferenceParts,
} from './etf/identifiers.js';
export { atomCharactersMax, type DecodeLimits, defaultDecodeLimits, depthCeiling } from './etf/limits.js';
export {
  ExportFun,
  NativeRecord,
  type NativeRecordParts,
  OpaqueFun,
  type OpaqueFunParts,
} from './etf/opaque.js';
export type { NullAtom, Plain } from './etf/plain.js';
export { Tag } from './etf/tags.js';
export { BitString, Float, ImproperList, type Term, Tuple, tuple } from './etf/term.js';
export { termEquals } from './etf/term-key.js';
export { atomMap, TermMap } from './etf/term-map.js';
export { type ToPlainOptions, toPlain } from './etf/to-plain.js';
export { challengeDigest } from './handshake/digest.js';
export { HandshakeError, type HandshakeErrorCode } from './handshake/errors.js';
export { DistFlag, flagNames, requiredFlags, supportedFlags } from './handshake/flags.js';
export { Handshake } from './handshake/handshake.js';
export { decideSimultaneous, type SimultaneousAttempt } from './handshake/names.js';
export type {
  AcceptDecision,
  AcceptorOptions,
  HandshakeOptions,
  HandshakeOutput,
  HandshakePeer,
  InitiatorOptions,
} from './handshake/types.js';
export { type PgOutput, PgScope } from './pg/pg-scope.js';
export { TermSyntaxError, type TermSyntaxErrorCode } from './syntax/errors.js';
export { type ParseOptions, parseTerm } from './syntax/parse-term.js';
