import { test, expect } from 'vitest';
import { makeDevCertificate, createQuicTransport, parseRelayUrl } from '@macula/transport';
test('one-way small messages', async () => {
  const transport = createQuicTransport();
  const certificate = await makeDevCertificate({ names: ['localhost'], ips: ['127.0.0.1'], days: 1 });
  const listener = await transport.listen({ host: '127.0.0.1', port: 0, certificate });
  let far: any; let closed: any; let stream: any;
  listener.start({ onConnection: (c) => { far = c; c.start({ onStream: (s) => { stream = s; s.start({ onData() {}, onEnd() {}, onDrain() {}, onClosed() {} }); }, onClosed: (i) => { closed = i; } }); } });
  const near = await transport.dial({ url: parseRelayUrl(`quic://127.0.0.1:${listener.address.port}`), tlsVerify: 'none' });
  near.start({ onStream() {}, onClosed: (i) => { closed ??= i; } });
  const s = near.openStream();
  let got = 0, n = 0;
  s.start({ onData: (b) => { got += b.length; }, onEnd() {}, onDrain() {}, onClosed() {} });
  s.write(Buffer.from('x'));
  await expect.poll(() => stream).toBeDefined();
  const until = performance.now() + 25000;
  while (!closed && performance.now() < until) {
    stream.write(Buffer.alloc(64)); n++;
    for (let i = 0; i < 3; i++) await new Promise((r) => setImmediate(r));
  }
  console.log('messages', n, 'got', got, 'closed', closed, far.stats());
  await transport.close();
}, 40000);
