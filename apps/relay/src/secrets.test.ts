import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDevCertificate } from '@macula/transport';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseRelayConfig } from './config.js';
import { loadSecrets } from './secrets.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'macula-secrets-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string, mode = 0o600): string {
  const path = join(directory, name);
  writeFileSync(path, text, { mode });
  return path;
}

describe('a mesh secret', () => {
  const load = async (path: string) =>
    (await loadSecrets(parseRelayConfig({ dataDir: directory, meshSecretFile: path }))).meshSecret;

  it('is read from a file of its owner alone', async () => {
    const secret = Buffer.alloc(32, 7).toString('base64url');
    expect(await load(file('mesh.key', `macula-mesh-1 ${secret}\n`))).toBe(secret);
    await expect(load(file('shared.key', `macula-mesh-1 ${secret}`, 0o640))).rejects.toMatchObject({
      code: 'bad_mesh_secret',
    });
  });

  it.each([
    ['short', `macula-mesh-1 ${Buffer.alloc(15).toString('base64url')}`],
    ['typed', 'macula-mesh-1 correct horse battery staple'],
    ['the key of an issuer', Buffer.alloc(32, 7).toString('base64url')],
    ['empty', ''],
  ])('that is %s is refused', async (_what, text) => {
    await expect(load(file('mesh.key', text))).rejects.toMatchObject({ code: 'bad_mesh_secret' });
  });

  it('that is missing is refused', async () => {
    await expect(load(join(directory, 'none'))).rejects.toMatchObject({
      code: 'bad_mesh_secret',
      message: expect.stringContaining('there is no mesh secret'),
    });
  });
});

describe('the certificate of a proxy', () => {
  it('is known by its fingerprint', async () => {
    const { certPem } = await makeDevCertificate({ names: ['proxy'], ips: [], days: 1 });
    const config = parseRelayConfig({ publicCertFiles: [file('proxy.pem', certPem)] });
    expect((await loadSecrets(config)).publicCertificates).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });

  it('that is none is refused', async () => {
    const config = parseRelayConfig({ publicCertFiles: [file('proxy.pem', 'none')] });
    await expect(loadSecrets(config)).rejects.toMatchObject({ code: 'bad_certificate' });
  });
});
