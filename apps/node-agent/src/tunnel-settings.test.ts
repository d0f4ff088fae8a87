import { atom, type TermMap } from '@macula/dist-protocol';
import { expect, test } from 'vitest';
import { parseJoinOptions } from './service/join-options.js';
import { joinMap } from './testing/fake-beam.js';
import { startHarness } from './testing/harness.js';
import { readTunnelSettings, unsentBytesMaxOf, windowMsOf } from './tunnel-settings.js';

const silent = (): void => undefined;

test('the defaults are the tunnels own: a window of 30 s, 256 KiB unsent', () => {
  const settings = readTunnelSettings({}, silent);
  expect(windowMsOf(settings)).toBe(30_000);
  expect(unsentBytesMaxOf(settings)).toBe(256 * 1024);
});

test('variables count with and without MACULA_, with it first', () => {
  const environment = {
    DIST_TIMEOUT: '2000',
    MACULA_DIST_TIMEOUT: '3000',
    RECONNECT_INTERVAL: '1000',
    MACULA_RECONNECT_MAX_ATTEMPTS: '7',
    BACKPRESSURE_HWM: '',
    STANDBY_SESSIONS: '0',
  };
  const expected = {
    distTimeout: 3000,
    reconnectInterval: 1000,
    reconnectMaxAttempts: 7,
    backpressureHwm: 64,
    standbySessions: 0,
  };
  expect(readTunnelSettings(environment, silent)).toEqual(expected);
});

test('what is out of bounds is told by the name it has', () => {
  const warnings: string[] = [];
  const environment = {
    DIST_TIMEOUT: '999',
    MACULA_RECONNECT_INTERVAL: '99',
    RECONNECT_MAX_ATTEMPTS: '0',
    MACULA_BACKPRESSURE_HWM: '1.5',
    STANDBY_SESSIONS: '4',
  };
  expect(readTunnelSettings(environment, (text) => warnings.push(text))).toEqual(
    readTunnelSettings({}, silent),
  );
  expect(warnings.map((text) => text.split(' ')[0])).toEqual([
    'DIST_TIMEOUT=999',
    'MACULA_RECONNECT_INTERVAL=99',
    'RECONNECT_MAX_ATTEMPTS=0',
    'MACULA_BACKPRESSURE_HWM=1.5',
    'STANDBY_SESSIONS=4',
  ]);
});

test('a join has its own, else those of the agent; a wrong one is named', () => {
  const defaults = readTunnelSettings({ RECONNECT_INTERVAL: '500' }, silent);
  const parse = (changes: Parameters<typeof joinMap>[0]) =>
    parseJoinOptions(joinMap(changes) as TermMap, defaults);
  expect(parse({})).toMatchObject({ tunnels: defaults });
  expect(parse({ reconnect_max_attempts: 4, dist_timeout: atom('undefined') })).toMatchObject({
    tunnels: { ...defaults, reconnectMaxAttempts: 4 },
  });
  const wrong: readonly (readonly [string, Parameters<typeof joinMap>[0]])[] = [
    ['dist_timeout', { dist_timeout: 0 }],
    ['reconnect_interval', { reconnect_interval: atom('soon') }],
    ['reconnect_max_attempts', { reconnect_max_attempts: 2 ** 31 }],
    ['backpressure_hwm', { backpressure_hwm: -1 }],
    ['standby_sessions', { standby_sessions: -1 }],
    ['reconnect_max_attempts', { reconnect_interval: 60_000, reconnect_max_attempts: 6 }],
  ];
  for (const [name, changes] of wrong) expect(parse(changes)).toMatchObject({ code: 'bad_option', name });
  const same = (changes: Parameters<typeof joinMap>[0]) => {
    const parsed = parse(changes);
    return 'sameMesh' in parsed ? parsed.sameMesh : undefined;
  };
  expect(same({})).toBe(same({ reconnect_interval: 500 }));
  expect(same({})).not.toBe(same({ reconnect_interval: 501 }));
});

test('those of a join reach the mesh', async () => {
  const { beam, meshes, dispose } = startHarness();
  await beam.hello();
  const settings = {
    dist_timeout: 5000,
    reconnect_interval: 1000,
    reconnect_max_attempts: 9,
    backpressure_hwm: 16,
    standby_sessions: 2,
  };
  expect(await beam.join(1, settings)).toBe(atom('ok'));
  const { tunnelLimits, reconnectIntervalMs, standbySessions } = meshes[0]!.request;
  expect(tunnelLimits).toEqual({ establishTimeoutMs: 5000, unsentBytesMax: 65_536, windowMs: 9000 });
  expect([reconnectIntervalMs, standbySessions]).toEqual([1000, 2]);
  await dispose();
});
