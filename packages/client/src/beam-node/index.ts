export type { Destination, NameAtNode, ProcessAddress } from './addresses.js';
export {
  BeamError,
  type BeamErrorCode,
  type BeamErrorDetails,
  type ExceptionClass,
} from './beam-error.js';
export { BeamNode } from './beam-node.js';
export type { BeamEvent, BeamNodeOptions, ListenOptions } from './beam-node-options.js';
export {
  BeamProcess,
  type DownHandler,
  type MessageHandler,
  type ProcessOptions,
} from './beam-process.js';
export type { CallSource } from './calls.js';
export {
  type EpmdAddress,
  type EpmdRegistration,
  lookUpNode,
  registeredNodes,
  registerNode,
} from './epmd-client.js';
export type { ExposedFunction } from './exposed-functions.js';
export { type GenericServer, noReply } from './generic-server.js';
export type { ConnectedNode } from './node-links.js';
export type { Patience } from './patience.js';
export { type GroupChange, ProcessGroups } from './process-groups.js';
export type { SpawnRequestOptions } from './remote-calls.js';
