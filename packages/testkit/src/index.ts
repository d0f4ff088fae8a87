export { heldBytes, mutate } from './mutate.js';
export { replayHint, runsOf, seedsOf, withReplayHint } from './replay-hint.js';
export { SeededRandom } from './seeded-random.js';
export {
  type LinkOptions,
  type NetworkCounters,
  type Receive,
  SimulatedNetwork,
} from './simulated-network.js';
export { type Cancel, VirtualClock } from './virtual-clock.js';
