import { describeTransport } from '../compliance/describe-transport.js';
import { UdpProxy } from '../compliance/tools.js';
import { createQuicTransport } from './quic-transport.js';

describeTransport('quic', {
  checksCertificates: true,
  usesSockets: true,
  makePair: (tuning) => ({
    dialer: createQuicTransport(tuning),
    listener: createQuicTransport(tuning),
    link: (address) => UdpProxy.open(address),
  }),
});
