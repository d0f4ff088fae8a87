import { describeTransport } from '../compliance/describe-transport.js';
import { createMemoryNetwork } from './memory-network.js';

describeTransport('memory', {
  checksCertificates: false,
  usesSockets: false,
  makePair: ({ idleTimeoutMs }) => {
    const network = createMemoryNetwork(idleTimeoutMs === undefined ? {} : { idleTimeoutMs });
    return {
      dialer: network.transport('a'),
      listener: network.transport('b'),
      link: async (address) => ({ address, sever: () => network.partition('a', 'b'), close: () => {} }),
    };
  },
});
