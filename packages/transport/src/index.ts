export { type AutoTransportOptions, createAutoTransport } from './auto/auto-transport.js';
export { type ListenerOf, listenTogether } from './auto/listen-together.js';
export * from './certificate-pair.js';
export { type TransportSetting, transportSetting } from './core/transport-setting.js';
export * from './dev-certificate.js';
export * from './errors.js';
export * from './limits.js';
export {
  createMemoryNetwork,
  type MemoryNetwork,
  type MemoryNetworkOptions,
} from './memory/memory-network.js';
export { makePrivateDirectory } from './private-directory.js';
export { createQuicTransport, type QuicTransportOptions } from './quic/quic-transport.js';
export { quinnPeerIdentity } from './quinn/quinn-connection.js';
export {
  createQuinnTransport,
  type QuinnTransport,
  type QuinnTransportOptions,
} from './quinn/quinn-transport.js';
export * from './relay-url.js';
export { createTlsTransport, type TlsTransportOptions } from './tls/tls-transport.js';
export * from './transport.js';
export { createWorkerTransport, type WorkerTransportOptions } from './worker/worker-transport.js';
