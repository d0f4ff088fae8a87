import { afterEach, expect, test, vi } from 'vitest';
import { createAutoTransport } from '../auto/auto-transport.js';
import { dialOptions, resources, testCertificate } from '../compliance/tools.js';
import { createQuicTransport } from '../quic/quic-transport.js';
import { createQuinnTransport } from '../quinn/quinn-transport.js';
import { parseRelayUrl } from '../relay-url.js';
import { createTlsTransport } from '../tls/tls-transport.js';
import { createWorkerTransport } from '../worker/worker-transport.js';
import { transportSetting } from './transport-setting.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([
  [{}, 'auto'],
  [{ MACULA_TRANSPORT: '' }, 'auto'],
  [{ MACULA_TRANSPORT: 'auto' }, 'auto'],
  [{ MACULA_TRANSPORT: 'tls' }, 'tls'],
])('%j is %s', (environment, setting) => {
  expect(transportSetting(environment)).toBe(setting);
});

test.each(['TLS', 'quic', 'off'])('%s is told, and not taken for auto', (value) => {
  expect(() => transportSetting({ MACULA_TRANSPORT: value })).toThrowError(
    expect.objectContaining({
      code: 'bad_setting',
      message: `MACULA_TRANSPORT=${value} is not one of auto, tls`,
    }),
  );
});

test.each([
  ['tls', 'unsupported'],
  ['typo', 'bad_setting'],
])(
  'MACULA_TRANSPORT=%s: no transport dials or listens by QUIC, no process is started',
  async (value, code) => {
    vi.stubEnv('MACULA_TRANSPORT', value);
    const onWorkerStarted = vi.fn();
    const transports = [
      createQuicTransport(),
      createQuinnTransport(),
      createWorkerTransport({ onWorkerStarted }),
    ];
    const before = await resources();
    const certificate = await testCertificate;
    for (const transport of transports) {
      const dialing = transport.dial(dialOptions({ host: '127.0.0.1', port: 1 }));
      await expect(dialing, transport.name).rejects.toMatchObject({ code });
      const listening = transport.listen({ host: '127.0.0.1', port: 0, certificate });
      await expect(listening, transport.name).rejects.toMatchObject({ code });
      await transport.close();
    }
    expect(onWorkerStarted).not.toHaveBeenCalled();
    expect(await resources(before)).toEqual({});
  },
);

test('MACULA_TRANSPORT=tls: an https URL means TLS at once', async () => {
  vi.stubEnv('MACULA_TRANSPORT', 'tls');
  const onWorkerStarted = vi.fn();
  const tls = createTlsTransport({ environment: {} });
  const auto = createAutoTransport({
    transports: [createWorkerTransport({ onWorkerStarted }), tls],
    headStartMs: 60_000,
  });
  const listener = await tls.listen({ host: '127.0.0.1', port: 0, certificate: await testCertificate });
  const { port } = listener.address;
  const long = dialOptions(listener.address, { connectTimeoutMs: 120_000 });
  expect((await auto.dial(long)).transport).toBe('tls');
  const url = parseRelayUrl(`quic://127.0.0.1:${port}`);
  await expect(auto.dial({ ...long, url })).rejects.toMatchObject({ code: 'unsupported' });
  expect(onWorkerStarted).not.toHaveBeenCalled();
  await auto.close();
});
