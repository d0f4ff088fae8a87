import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { makeDevCertificate } from '@macula/transport';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkTransportSetting, EnvironmentError, trustedCertificates } from './join-environment.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'macula-ca-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const write = (text: string): NodeJS.ProcessEnv => {
  const file = join(directory, 'ca.pem');
  writeFileSync(file, text);
  return { MACULA_CA_FILE: file };
};
const failureOf = (run: () => unknown): EnvironmentError => {
  try {
    run();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(EnvironmentError);
    return thrown as EnvironmentError;
  }
  return expect.fail('it was accepted');
};

describe('MACULA_CA_FILE', () => {
  test('not set: what comes with Node is trusted, as everywhere', () => {
    expect(trustedCertificates({})).toBeUndefined();
    expect(trustedCertificates({ MACULA_CA_FILE: '' })).toBeUndefined();
  });

  test('all its certificates are trusted beside those of Node, comments are not in the way', async () => {
    const [one, two] = await Promise.all([
      makeDevCertificate({ names: ['one'], ips: [], days: 1 }),
      makeDevCertificate({ names: ['two'], ips: [], days: 1 }),
    ]);
    const trusted = trustedCertificates(write(`# ours\n${one.certPem}\nsecond:\n${two.certPem}`));
    expect(trusted).toEqual([...rootCertificates, one.certPem.trim(), two.certPem.trim()]);
  });

  test('a file that is not there, a directory, one without certificates, a damaged one', async () => {
    const { certPem, keyPem } = await makeDevCertificate({ names: ['x'], ips: [], days: 1 });
    const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    for (const [environment, why] of [
      [() => ({ MACULA_CA_FILE: join(directory, 'none.pem') }), 'ENOENT'],
      [() => ({ MACULA_CA_FILE: directory }), 'EISDIR'],
      [() => write(''), 'holds no certificate'],
      [() => write(keyPem), 'holds no certificate'],
      [() => write(`${certPem}\n${damaged}`), 'certificate 2 of'],
    ] as const) {
      const variables = environment();
      const failure = failureOf(() => trustedCertificates(variables));
      expect(failure.variable).toBe('MACULA_CA_FILE');
      expect(failure.message).toContain(why);
    }
  });
});

test('MACULA_TRANSPORT: auto and tls; what else it says is told', () => {
  for (const value of ['auto', 'tls', '']) checkTransportSetting({ MACULA_TRANSPORT: value });
  const failure = failureOf(() => checkTransportSetting({ MACULA_TRANSPORT: 'udp' }));
  expect(failure.variable).toBe('MACULA_TRANSPORT');
  expect(failure.message).toBe('MACULA_TRANSPORT=udp is not one of auto, tls');
});
