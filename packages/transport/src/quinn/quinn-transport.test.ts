import { randomBytes } from 'node:crypto';
import { describeTransport } from '../compliance/describe-transport.js';
import { UdpProxy } from '../compliance/tools.js';
import { bindingOf, identityOfSeed } from './identity.js';
import { createQuinnTransport } from './quinn-transport.js';

const identitySeed = randomBytes(32);

describeTransport('quinn', {
  checksCertificates: false,
  usesSockets: true,
  hasDatagrams: false,
  pinOf: () => Buffer.from(bindingOf(identityOfSeed(identitySeed).publicKey)).toString('hex'),
  makePair: (tuning) => ({
    dialer: createQuinnTransport(tuning),
    listener: createQuinnTransport({ ...tuning, identitySeed }),
    link: (address) => UdpProxy.open(address),
  }),
});
