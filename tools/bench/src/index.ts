/** Benchmarks as a library; `main.ts` is the command. */
export { benchNodePair, type NodePairFigures, type NodePairOptions } from './node-pair.js';
