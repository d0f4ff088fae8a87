/** Real relays and real OTP nodes for tests, the demo and the benchmarks. */
export { explainLinks, noteLinks } from './explain-links.js';
export { FailoverPair, longestCallMs } from './failover-pair.js';
export { freePorts } from './free-ports.js';
export type {
  DirectionConditions,
  Home,
  HomeOptions,
  Host,
  Link,
  LinkConditions,
  Linked,
  NatKind,
  Network,
  Program,
  Server,
  World,
} from './host.js';
export { localHost, localWorld, onThisMachine } from './local-world.js';
export {
  descendantPids,
  isAlive,
  killPid,
  ManagedProcess,
  type ManagedProcessOptions,
  type ProcessEnd,
} from './managed-process.js';
export { OtpNode, type OtpNodeOptions, readmeFlags } from './otp-node.js';
export { harnessEbin, maculaEbin, maculaScript, root } from './paths.js';
export { type EventuallyOptions, eventually } from './poll.js';
export { RawPeer, type RawPeerOptions } from './raw-peer.js';
export { Relay, type RelayOptions } from './relay.js';
export { type RelayFigures, relayFigures } from './relay-figures.js';
export { Scene } from './scene.js';
export { type HandshakeAnswers, type ShakenHands, shakeHands } from './shaken-hands.js';
export { TinyEpmd } from './tiny-epmd.js';
export { TokenRealm, writeAccessFile } from './token-realm.js';
export { openByPort, typescriptNode } from './typescript-node.js';
export { agentsAndRelays, type MemoryOfProcess, watchMemory } from './watch-memory.js';
