import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tcpBlackHole } from '../compliance/tcp-tools.js';
import { Inbox, TestConnection, TestStream } from '../compliance/tools.js';
import { makeDevCertificate } from '../dev-certificate.js';
import { parseRelayUrl } from '../relay-url.js';
import type { CertificatePair, Connection, DialOptions, Listener, Transport } from '../transport.js';
import { proxyFor } from './proxy.js';
import { createTlsTransport } from './tls-transport.js';

describe('which proxy', () => {
  const via = (url: string, environment: Record<string, string>): string => {
    const proxy = proxyFor(parseRelayUrl(url), environment);
    return proxy ? `${proxy.host}:${proxy.port}` : 'direct';
  };

  test.each([
    ['http://proxy.test:3128', 'proxy.test:3128'],
    ['http://proxy.test', 'proxy.test:80'],
    ['proxy.test:3128', 'proxy.test:3128'],
    ['http://[::1]:3128/', '::1:3128'],
    ['', 'direct'],
  ])('%s', (text, expected) => {
    expect(via('tls://relay.test', { HTTPS_PROXY: text })).toBe(expected);
    expect(via('tls://relay.test', { https_proxy: text, HTTPS_PROXY: '' })).toBe(expected);
  });

  test.each([
    ['relay.test', 'tls://relay.test', 'direct'],
    ['relay.test', 'tls://a.relay.test', 'direct'],
    ['.relay.test', 'tls://a.relay.test', 'direct'],
    ['*.relay.test', 'tls://a.relay.test', 'direct'],
    ['relay.test', 'tls://myrelay.test', 'p:1'],
    ['other.test, RELAY.test', 'tls://relay.test', 'direct'],
    ['relay.test:4433', 'tls://relay.test:4433', 'direct'],
    ['relay.test:4433', 'tls://relay.test:443', 'p:1'],
    ['*', 'tls://relay.test', 'direct'],
    ['10.0.0.0/8', 'tls://10.1.2.3', 'direct'],
    ['10.0.0.0/8', 'tls://11.1.2.3', 'p:1'],
    ['10.0.0.0/99,10.0.0.0/x', 'tls://10.1.2.3', 'p:1'],
    ['192.0.2.1', 'tls://192.0.2.1', 'direct'],
    ['2.1', 'tls://192.0.2.1', 'p:1'],
    ['2001:db8::1', 'tls://[2001:db8::1]', 'direct'],
    ['[2001:db8::1]:4433', 'tls://[2001:db8::1]', 'direct'],
    ['2001:db8::/32', 'tls://[2001:db8::1]', 'direct'],
    ['', 'tls://127.0.0.1', 'direct'],
    ['', 'tls://localhost', 'direct'],
    ['', 'tls://[::1]', 'direct'],
  ])('NO_PROXY=%s %s', (exceptions, url, expected) => {
    expect(via(url, { HTTPS_PROXY: 'http://p:1', NO_PROXY: exceptions })).toBe(expected);
  });

  test.each(['https://proxy.test', 'socks5://proxy.test', 'http://', 'http://a b'])(
    'not a proxy: %s',
    (text) => {
      expect(() => via('tls://relay.test', { HTTPS_PROXY: text })).toThrow(
        expect.objectContaining({ code: 'bad_url' }),
      );
    },
  );
});

describe('through a proxy', () => {
  let proxy: http.Server;
  let environment: Record<string, string>;
  let asked: { target: string; authorization: string | undefined }[];
  let certificate: CertificatePair;
  let dialer: Transport;
  let listener: Listener;
  let accepted: Inbox<Connection>;
  let answer: (socket: net.Socket) => void;

  beforeEach(async () => {
    certificate = await makeDevCertificate({ names: ['relay.test'], ips: [], days: 1 });
    environment = {};
    asked = [];
    dialer = createTlsTransport({ environment });
    listener = await dialer.listen({ host: '127.0.0.1', port: 0, certificate });
    accepted = new Inbox();
    listener.start({ onConnection: (connection) => accepted.push(connection) });
    answer = (socket) => {
      const back = net.connect(listener.address, () => {
        socket.write('HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n');
        socket.pipe(back).pipe(socket);
      });
      back.on('error', () => socket.destroy());
      socket.on('close', () => back.destroy());
    };
    proxy = http.createServer();
    proxy.on('connect', (request, socket) => {
      asked.push({ target: request.url!, authorization: request.headers['proxy-authorization'] });
      socket.on('error', () => {});
      answer(socket as net.Socket);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    environment.HTTPS_PROXY = `http://user:p%40ss@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    await dialer.close();
    proxy.close();
    proxy.closeAllConnections();
  });

  const dial = (more: Partial<DialOptions> = {}): Promise<Connection> =>
    dialer.dial({
      url: parseRelayUrl('tls://relay.test:4433'),
      tlsVerify: 'verify_peer',
      caPem: [certificate.certPem],
      ...more,
    });

  test('a name that only the proxy knows, verified', async () => {
    const near = new TestConnection(await dial());
    expect(asked).toEqual([{ target: 'relay.test:4433', authorization: `Basic ${btoa('user:p@ss')}` }]);
    const far = new TestConnection(await accepted.next());
    const stream = new TestStream(near.connection.openStream());
    const bytes = Buffer.alloc(1_000_000, 'x');
    stream.stream.write(bytes);
    stream.stream.end();
    const other = new TestStream(await far.streams.next());
    await other.ended;
    expect(Buffer.concat(other.chunks).equals(bytes)).toBe(true);
    near.connection.close(4, 'done');
    expect(await far.closed).toEqual({ kind: 'peer', code: 4, reason: 'done' });
  });

  test('the certificate is checked behind a proxy too', async () => {
    await expect(dial({ url: parseRelayUrl('tls://other.test:4433') })).rejects.toMatchObject({
      code: 'certificate_wrong_name',
    });
  });

  test.each([
    [
      'HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n',
      /407 Proxy Authentication Required/,
    ],
    ['HTTP/1.1 502 Bad Gateway\r\n\r\n', /does not connect to relay.test:4433: 502/],
    ['SSH-2.0-OpenSSH_9.6\r\n\r\n', /no HTTP answer/],
    ['x'.repeat(20_000), /no HTTP answer/],
    ['HTTP/1.1 200', /closed the connection/],
  ])('a proxy that answers %j', async (text, message) => {
    answer = (socket) => socket.end(text);
    const failure = await dial().catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'proxy_refused', message: expect.stringMatching(message) });
    expect(String(failure)).not.toContain('ss@');
  });

  test('a proxy that connects, then hangs up', async () => {
    answer = (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n');
    await expect(dial()).rejects.toMatchObject({ code: 'handshake_failed' });
  });

  test('a silent proxy, and none', async () => {
    const hole = await tcpBlackHole();
    environment.HTTPS_PROXY = `http://127.0.0.1:${hole.address.port}`;
    await expect(dial({ connectTimeoutMs: 200 })).rejects.toMatchObject({ code: 'connect_timeout' });
    hole.close();
    environment.HTTPS_PROXY = 'http://127.0.0.1:1';
    await expect(dial()).rejects.toMatchObject({ code: 'refused' });
  });

  test('no proxy for this machine', async () => {
    const connection = await dialer.dial({
      url: parseRelayUrl(`tls://127.0.0.1:${listener.address.port}`),
      tlsVerify: 'none',
    });
    expect(asked).toEqual([]);
    connection.close(0, '');
  });

  test('a transport that is closed while it waits for the proxy', async () => {
    answer = () => {};
    const dialing = dial();
    const refused = expect(dialing).rejects.toMatchObject({ code: 'closed' });
    await expect.poll(() => asked.length).toBe(1);
    await dialer.close();
    await refused;
  });
});
