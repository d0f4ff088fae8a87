import { expect, test } from 'vitest';
import { readSettings } from './settings.js';

test('defaults', () => {
  expect(readSettings({}, 'port')).toMatchObject({
    logLevel: 'silent',
    localSockets: 'unix',
    tunnels: {
      ...{ distTimeout: 25_000, reconnectInterval: 2000, reconnectMaxAttempts: 15, backpressureHwm: 64 },
      standbySessions: 1,
    },
    isQuicOn: true,
  });
  expect(readSettings({}, 'socket').logLevel).toBe('info');
});

test('what is set', () => {
  const environment = { MACULA_LOG: 'debug', MACULA_LOCAL_SOCKETS: 'tcp', DIST_TIMEOUT: '4000' };
  expect(readSettings(environment, 'port')).toMatchObject({
    logLevel: 'debug',
    localSockets: 'tcp',
    tunnels: { distTimeout: 4000 },
  });
});

test('QUIC is off unless MACULA_TRANSPORT is auto: a misspelt switch must not turn it on', () => {
  const values = ['auto', '', 'tls', 'TLS', 'quic'];
  const on = values.map((value) => readSettings({ MACULA_TRANSPORT: value }, 'port').isQuicOn);
  expect(on).toEqual([true, true, false, false, false]);
});

test('what can not be used is told and counts as not set', () => {
  const warnings: string[] = [];
  const environment = { MACULA_LOG: 'loud', MACULA_LOCAL_SOCKETS: 'pipe', DIST_TIMEOUT: '1e9' };
  expect(readSettings(environment, 'port', (text) => warnings.push(text))).toMatchObject({
    logLevel: 'silent',
    localSockets: 'unix',
    tunnels: { distTimeout: 25_000 },
  });
  expect(warnings).toHaveLength(3);
});

test('peers of protocol 1 are named, with * for any characters and nothing else special', () => {
  const { isProtocol1Peer } = readSettings({ MACULA_PROTOCOL1_PEERS: 'old@h.x, *@legacy' }, 'port');
  const names = ['old@h.x', 'any@legacy', 'old@hax', 'xold@h.x', 'any@legacy2', ''];
  expect(names.filter(isProtocol1Peer)).toEqual(['old@h.x', 'any@legacy']);
  expect(readSettings({}, 'port').isProtocol1Peer('old@h.x')).toBe(false);
});
