/** Benchmarks as a library; `main.ts` is the command. */
export { benchNodePair, type NodePairFigures, type NodePairOptions } from './node-pair.js';
export {
  benchTransport,
  type TransportBenchOptions,
  type TransportReport,
} from './transport/bench-transport.js';
