/** The macula agent: the process beside a BEAM node. */

export {
  type AgentChannel,
  type AgentDependencies,
  type RunningAgent,
  startAgent,
} from './agent.js';
export { dataDirectory, keyFileName, loadIdentity } from './identity-store.js';
export type { Log, LogFields } from './log.js';
export { createMeshOpener, type MeshOpener } from './open-mesh.js';
export { runAgent } from './run-agent.js';
export type * from './service/mesh-port.js';
export { type LogLevel, readSettings, type Settings } from './settings.js';
