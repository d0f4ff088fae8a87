import { afterAll, beforeAll } from 'vitest';
import { type BuiltEntry, buildWorkerEntry } from '../compliance/build-worker-entry.js';
import { describeTransport, type TransportPair } from '../compliance/describe-transport.js';
import { UdpProxy } from '../compliance/tools.js';
import { createQuicTransport } from '../quic/quic-transport.js';
import { createWorkerTransport } from './worker-transport.js';

let built: BuiltEntry;
beforeAll(async () => {
  built = await buildWorkerEntry();
});
afterAll(() => built.remove());

const link: TransportPair['link'] = (address) => UdpProxy.open(address);

describeTransport('worker dialing', {
  checksCertificates: true,
  usesSockets: true,
  makePair: (tuning) => ({
    dialer: createWorkerTransport({ ...tuning, workerEntry: built.entry }),
    listener: createQuicTransport(tuning),
    link,
  }),
});

describeTransport('worker listening', {
  checksCertificates: true,
  usesSockets: true,
  makePair: (tuning) => ({
    dialer: createQuicTransport(tuning),
    listener: createWorkerTransport({ ...tuning, workerEntry: built.entry }),
    link,
  }),
});
