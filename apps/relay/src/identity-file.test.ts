import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDevCertificate } from '@macula/transport';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadDevCertificate, loadOrMakeSeed } from './identity-file.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'macula-relay-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const make = (days: number) => () =>
  makeDevCertificate({
    names: ['localhost'],
    ips: [],
    days,
    notBefore: new Date(Date.now() - 2 * 86_400_000),
  });

describe('the identity file', () => {
  it('is made once, 0600, and the same for everybody who starts at once', async () => {
    const path = join(directory, 'new', 'relay.key');
    const seeds = await Promise.all(Array.from({ length: 8 }, () => loadOrMakeSeed(path)));
    const again = await loadOrMakeSeed(path);
    for (const seed of seeds) expect(seed).toEqual(again);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(directory, 'new'))).toEqual(['relay.key']);
  });

  it('is refused when others may read it, or when it is damaged', async () => {
    const path = join(directory, 'relay.key');
    await loadOrMakeSeed(path);
    await chmod(path, 0o640);
    await expect(loadOrMakeSeed(path)).rejects.toMatchObject({
      code: 'bad_key_file',
      remedy: `Run: chmod 600 ${path}`,
    });
    await chmod(path, 0o600);
    await writeFile(path, 'nonsense');
    await expect(loadOrMakeSeed(path)).rejects.toMatchObject({ code: 'bad_key_file' });
    expect(await readFile(path, 'utf8')).toBe('nonsense');
  });

  it('needs a directory that can be written', async () => {
    await writeFile(join(directory, 'file'), '');
    const path = join(directory, 'file', 'relay.key');
    await expect(loadOrMakeSeed(path)).rejects.toMatchObject({ code: 'bad_key_file' });
  });
});

describe('the development certificate', () => {
  it('is kept, and made anew when it has expired or is damaged', async () => {
    const first = await loadDevCertificate(directory, make(30));
    expect(await loadDevCertificate(directory, make(30))).toEqual(first);
    expect((await stat(join(directory, 'key.pem'))).mode & 0o777).toBe(0o600);
    await writeFile(join(directory, 'cert.pem'), 'damaged');
    const second = await loadDevCertificate(directory, make(1));
    expect(second.certPem).not.toBe(first.certPem);
    const third = await loadDevCertificate(directory, make(30));
    expect(third.certPem).not.toBe(second.certPem);
    expect(await loadDevCertificate(directory, make(30))).toEqual(third);
  });
});
