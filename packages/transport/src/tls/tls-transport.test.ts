import { describeTransport } from '../compliance/describe-transport.js';
import { TcpProxy, tcpBlackHole } from '../compliance/tcp-tools.js';
import { createTlsTransport } from './tls-transport.js';

describeTransport('tls', {
  checksCertificates: true,
  usesSockets: true,
  hasDatagrams: false,
  makeBlackHole: tcpBlackHole,
  makePair: (tuning) => ({
    dialer: createTlsTransport(tuning),
    listener: createTlsTransport(tuning),
    link: (address) => TcpProxy.open(address),
  }),
});
