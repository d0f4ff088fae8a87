import { expect, test } from 'vitest';
import { readSettings } from './settings.js';

test('defaults', () => {
  expect(readSettings({}, 'port')).toEqual({
    logLevel: 'silent',
    localSockets: 'unix',
    negotiationMs: 25_000,
  });
  expect(readSettings({}, 'socket').logLevel).toBe('info');
});

test('what is set', () => {
  const environment = { MACULA_LOG: 'debug', MACULA_LOCAL_SOCKETS: 'tcp', DIST_TIMEOUT: '4000' };
  expect(readSettings(environment, 'port')).toEqual({
    logLevel: 'debug',
    localSockets: 'tcp',
    negotiationMs: 4000,
  });
});

test('what can not be used is told and counts as not set', () => {
  const warnings: string[] = [];
  const environment = { MACULA_LOG: 'loud', MACULA_LOCAL_SOCKETS: 'pipe', DIST_TIMEOUT: '1e9' };
  expect(readSettings(environment, 'port', (text) => warnings.push(text))).toEqual(readSettings({}, 'port'));
  expect(warnings).toHaveLength(3);
});
