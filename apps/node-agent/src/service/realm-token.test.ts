import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issueToken, type TokenClaims } from '@macula/crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeMesh } from '../testing/fake-mesh.js';
import { TokenFile } from '../token-file.js';
import { RealmToken, tokenExpires } from './realm-token.js';

const hour = 3600;
const start = 1_700_000_000;

let directory: string;
let path: string;
let warnings: string[];
let mesh: FakeMesh;
let token: RealmToken;
beforeEach(() => {
  vi.useFakeTimers({ now: start * 1000 });
  directory = mkdtempSync(join(tmpdir(), 'macula-token-'));
  path = join(directory, 'token');
  warnings = [];
});
afterEach(() => {
  token.stop();
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

async function put(claims: Partial<TokenClaims>): Promise<string> {
  const issuerSeed = randomBytes(32);
  const jti = randomBytes(16).toString('base64url');
  const text = await issueToken({
    issuerSeed,
    claims: { realm: 'work', names: ['*'], exp: start + hour, iat: start, jti, ...claims },
  });
  writeFileSync(path, text, { mode: 0o600 });
  return text;
}

function watch(): void {
  const file = new TokenFile(path, (text) => warnings.push(text));
  mesh = new FakeMesh({ relays: [], token: () => file.read() } as never);
  token = new RealmToken({ file, warn: (text) => warnings.push(text) });
  token.start(mesh);
}

describe('a token file', () => {
  test('is looked at each 10 s, and the mesh goes on with what it holds', async () => {
    await put({});
    watch();
    const second = await put({});
    vi.advanceTimersByTime(10_000);
    expect(mesh.presentToken).toBe(second);
  });

  test.each([
    ['a tenth of its life', hour, hour * 0.9],
    ['a day', 100 * 24 * hour, 99 * 24 * hour],
  ])('whose token has %s left is worth one warning', async (_, life, quiet) => {
    await put({ exp: start + life });
    watch();
    vi.setSystemTime((start + quiet - 20) * 1000);
    vi.advanceTimersByTime(10_000);
    expect(warnings).toEqual([]);
    vi.setSystemTime((start + quiet + 1) * 1000);
    vi.advanceTimersByTime(100_000);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^the token of realm work ends at 20.*Z, and .*token holds no newer one.*ask the issuer/,
      ),
    ]);
    await put({ exp: start + 2 * life });
    vi.advanceTimersByTime(100_000);
    expect(warnings).toHaveLength(1);
  });

  test('whose token is over says so', async () => {
    await put({ exp: start - 5, iat: start - hour });
    watch();
    expect(warnings).toEqual([expect.stringMatching(/ended at .* holds no newer one/)]);
  });

  test('that can not be read any more is told once, not each 10 s', async () => {
    await put({});
    watch();
    rmSync(path);
    vi.advanceTimersByTime(100_000);
    expect(warnings).toEqual([expect.stringContaining('ENOENT')]);
  });
});

test('when a token ends is known; of what is none, nothing', async () => {
  expect(tokenExpires(await put({ exp: start + 77 }))).toBe(start + 77);
  watch();
  expect([tokenExpires('a.b.c'), tokenExpires(undefined)]).toEqual([undefined, undefined]);
});
