import { expect, test } from 'vitest';
import { describeSeveralAddresses } from '../compliance/several-addresses.js';
import { tcpBlackHole } from '../compliance/tcp-tools.js';
import { dialOptions } from '../compliance/tools.js';
import { createTlsTransport } from './tls-transport.js';

describeSeveralAddresses('tls', {
  makeDialer: () => createTlsTransport({ environment: {} }),
  makeListener: () => createTlsTransport(),
  makeBlackHole: tcpBlackHole,
});

test('a transport closed in the middle of dialing', async () => {
  const dialer = createTlsTransport({ environment: {} });
  const hole = await tcpBlackHole();
  const dialing = dialer.dial(dialOptions(hole.address));
  const refused = expect(dialing).rejects.toMatchObject({ code: 'closed' });
  await new Promise((resolve) => setImmediate(resolve));
  await dialer.close();
  await refused;
  hole.close();
});
