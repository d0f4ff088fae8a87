import { expect, test } from 'vitest';
import { bindUdp, Deferred } from '../compliance/tools.js';
import { UdpSocket } from './udp-socket.js';

test.each([1, 2, 3, 4])(
  'of %i packets in a row to a port where nobody listens, a refusal is reported',
  async (count) => {
    const gone = await bindUdp();
    const remote = { host: '127.0.0.1', port: gone.address().port };
    gone.close();
    const socket = await UdpSocket.open({ host: '0.0.0.0', port: 0 }, remote);
    const refused = new Deferred<Error>();
    socket.start(() => {}, refused.resolve);
    // The system reports the refusal of one packet when the next is sent.
    for (let packet = 0; packet < count; packet++) socket.send(Buffer.from('?'), remote);
    expect(await refused.promise).toMatchObject({ code: 'ECONNREFUSED' });
    await socket.close();
  },
);
