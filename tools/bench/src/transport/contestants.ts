import {
  createQuicTransport,
  createQuinnTransport,
  createTlsTransport,
  createWorkerTransport,
} from '@macula/transport';
import { bareHttp2 } from './bare-http2.js';
import { bareTls } from './bare-tls.js';
import type { ContestantName } from './calls.js';
import type { Contestant } from './contestant.js';
import { nativePump } from './native-pump.js';
import { overTransport } from './over-transport.js';
import { publicApi } from './public-api.js';

const workerPids: Set<number> = new Set();

/** Everybody who moves bytes. */
export const contestants: Readonly<Record<ContestantName, Contestant>> = {
  quic: overTransport(createQuicTransport),
  worker: {
    ...overTransport(
      () => createWorkerTransport({ onWorkerStarted: (pid) => pid !== undefined && workerPids.add(pid) }),
      createQuicTransport,
    ),
    helperPids: () => [...workerPids],
  },
  tls: overTransport(createTlsTransport),
  quinn: overTransport(createQuinnTransport),
  public: publicApi,
  pump: nativePump,
  'node-tls': bareTls,
  'node-http2': bareHttp2,
};
