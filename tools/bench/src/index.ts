/** Benchmarks as a library; `main.ts` is the command. */
export {
  benchDistProtocol,
  type DistProtocolOptions,
  type DistProtocolReport,
} from './dist-protocol/bench-dist-protocol.js';
export {
  benchFlood,
  type CallFigures,
  type FloodBenchOptions,
  type FloodReport,
  type FloodTransport,
} from './flood/bench-flood.js';
export type { FloodFigures, FloodKind } from './flood/flooder.js';
export { benchNodePair, type NodePairFigures, type NodePairOptions } from './node-pair.js';
export {
  benchTransport,
  type TransportBenchOptions,
  type TransportReport,
} from './transport/bench-transport.js';
