import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityFromSeed, issueToken, tokenTimeSecondsMax } from '@macula/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAccessFile } from './access-file.js';
import { revokeInFile } from './revoke-token.js';

const nowMs = Date.UTC(2026, 5, 1);
const nowSeconds = nowMs / 1000;
const issuerSeed = new Uint8Array(32).fill(1);
const issuer = identityFromSeed(issuerSeed).id;
const jti = (byte: number): string => Buffer.alloc(16, byte).toString('base64url');
const claims = { realm: 'work', names: ['*'], exp: nowSeconds + 3600, jti: jti(1) };
const content = {
  revoked: [
    { id: jti(8), until: nowSeconds - 1 },
    { id: jti(9), until: nowSeconds + 1 },
  ],
  realms: {
    work: { access: 'token', issuers: [issuer], limits: { sessions: 5 } },
    lobby: { access: 'open' },
  },
  relays: [issuer],
};

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'macula-revoke-'));
  path = join(directory, 'access.json');
  await writeFile(path, JSON.stringify(content, undefined, '\t'), { mode: 0o640 });
  await chmod(path, 0o640);
});
afterEach(() => rm(directory, { recursive: true, force: true }));
const read = async (): Promise<typeof content> => JSON.parse(await readFile(path, 'utf8'));

describe('revoking', () => {
  it('adds the token, drops what is over and keeps the rest', async () => {
    const token = await issueToken({ issuerSeed, claims });
    const untilSeconds = claims.exp + 60;
    expect(await revokeInFile(path, { token }, nowMs)).toEqual({
      tokenId: jti(1),
      untilSeconds,
      wasRevoked: false,
      dropped: 1,
    });
    expect(await read()).toEqual({
      ...content,
      revoked: [content.revoked[1], { id: jti(1), until: untilSeconds }],
    });
    expect(await readFile(path, 'utf8')).toContain('\n\t"realms"');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await readdir(directory)).toEqual(['access.json']);
  });

  it('keeps an id without a known end for good', async () => {
    expect(await revokeInFile(path, { token: jti(1) }, nowMs)).toMatchObject({
      untilSeconds: tokenTimeSecondsMax,
    });
    const again = await revokeInFile(path, { token: jti(1), untilSeconds: nowSeconds + 5 }, nowMs);
    expect(again).toMatchObject({ wasRevoked: true, untilSeconds: tokenTimeSecondsMax });
    expect((await read()).revoked).toHaveLength(2);
  });

  it('believes the end only of a token that an issuer of the file has signed', async () => {
    const forged = await issueToken({
      issuerSeed: new Uint8Array(32).fill(2),
      claims: { ...claims, exp: nowSeconds },
    });
    const [header, body] = (await issueToken({ issuerSeed, claims: { ...claims, exp: nowSeconds } })).split(
      '.',
    );
    for (const token of [forged, `${header}.${body}.${'A'.repeat(86)}`])
      expect(await revokeInFile(path, { token }, nowMs)).toMatchObject({
        tokenId: jti(1),
        untilSeconds: tokenTimeSecondsMax,
      });
  });

  it('takes a token whose time is over or to come', async () => {
    const late = await issueToken({ issuerSeed, claims: { ...claims, exp: nowSeconds - 5000 } });
    expect(await revokeInFile(path, { token: late }, nowMs)).toMatchObject({
      untilSeconds: nowSeconds - 4940,
    });
    const early = await issueToken({
      issuerSeed,
      claims: { ...claims, jti: jti(2), nbf: nowSeconds + 1000 },
    });
    expect(await revokeInFile(path, { token: early }, nowMs)).toMatchObject({
      untilSeconds: claims.exp + 60,
    });
  });

  it('starts the list, and writes through a link', async () => {
    await writeFile(path, '{}');
    const link = join(directory, 'link.json');
    await symlink(path, link);
    await revokeInFile(link, { token: jti(1), untilSeconds: 7 }, nowMs);
    expect(await read()).toEqual({ revoked: [{ id: jti(1), until: 7 }] });
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
  });

  it('loses none of many at the same time', async () => {
    const tokens = Array.from({ length: 8 }, (_, index) => jti(20 + index));
    await Promise.all(tokens.map((token) => revokeInFile(path, { token }, nowMs)));
    const { revoked } = parseAccessFile(await readFile(path, 'utf8'), path);
    expect(tokens.filter((token) => !revoked.has(token))).toEqual([]);
  });

  it('changes nothing when the file or the token is wrong', async () => {
    const before = await readFile(path, 'utf8');
    await expect(revokeInFile(path, { token: 'nonsense' }, nowMs)).rejects.toMatchObject({
      code: 'token_malformed',
    });
    expect(await readFile(path, 'utf8')).toBe(before);
    const missing = join(directory, 'other.json');
    await expect(revokeInFile(missing, { token: jti(1) }, nowMs)).rejects.toMatchObject({
      code: 'bad_access_file',
    });
    await writeFile(path, '{"revoked":5}');
    await expect(revokeInFile(path, { token: jti(1) }, nowMs)).rejects.toMatchObject({
      code: 'bad_access_file',
    });
    await chmod(path, 0o666);
    await expect(revokeInFile(path, { token: jti(1) }, nowMs)).rejects.toMatchObject({
      remedy: expect.stringContaining('chmod go-w'),
    });
    expect(await readdir(directory)).toEqual(['access.json']);
  });
});
