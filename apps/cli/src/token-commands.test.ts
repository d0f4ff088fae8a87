import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { inspectToken, issueToken, verifyToken } from '@macula/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from './testing/run-command.js';
import { readToken } from './token-text.js';

let directory: string;
let key: string;
let issuer: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'macula-cli-token-'));
  key = join(directory, 'issuer.key');
  issuer = (await runCommand('keygen', key)).stdout.trim();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const issue = async (...more: string[]): Promise<string> => {
  const args = ['--key', key, '--realm', 'io.example', '--name', 'app-*@h'];
  const { status, stdout } = await runCommand('token', 'issue', ...args, ...more);
  expect(status).toBe(0);
  return stdout.trimEnd();
};

describe('macula token issue', () => {
  it('prints a token that verifies, for 30 days', async () => {
    const token = await issue();
    const grant = await verifyToken(token, { issuers: [issuer], nowMs: Date.now() });
    expect(grant).toMatchObject({ realm: 'io.example', patterns: ['app-*@h'], limits: {}, issuer });
    const { exp, iat } = inspectToken(token).claims;
    expect(exp - iat!).toBe(30 * 86_400);
    expect(inspectToken(await issue()).claims.jti).not.toBe(grant.tokenId);
  });

  it('takes everything a token can say', async () => {
    const limits = ['--sessions', '1', '--names', '2', '--tunnels', '3', '--streams', '4'];
    const times = ['--valid', '2h', '--not-before', '2030-01-01'];
    const more = ['--name', 'b@h', '--sub', issuer, '--bytes-per-second', '5'];
    expect(inspectToken(await issue(...limits, ...times, ...more)).claims).toMatchObject({
      names: ['app-*@h', 'b@h'],
      nbf: Date.UTC(2030, 0, 1) / 1000,
      exp: Date.UTC(2030, 0, 1) / 1000 + 7200,
      sub: issuer,
      limits: { sessions: 1, names: 2, tunnels: 3, streams: 4, bytesPerSecond: 5 },
    });
  });

  it.each([
    ['--valid', '30'],
    ['--valid', '0d'],
    ['--not-before', 'tomorrow'],
    ['--sessions', '0'],
    ['--sessions', '1e3'],
    ['--sub', 'me'],
    ['--name', ''],
    ['--valid', '999999999w'],
    ['--valid', '3654d'],
  ])('refuses %s %j as a wrong command line', async (...more) => {
    const args = ['--key', key, '--realm', 'r', '--name', 'a'];
    const { status, stdout } = await runCommand('token', 'issue', ...args, ...more);
    expect([status, stdout]).toEqual([2, '']);
  });

  it.each([
    ['--key', ['--realm', 'r', '--name', 'a']],
    ['--realm', ['--key', 'k', '--name', 'a']],
    ['--name', ['--key', 'k', '--realm', 'r']],
  ])('needs %s', async (option, args) => {
    const { status, stderr } = await runCommand('token', 'issue', ...args);
    expect(status).toBe(2);
    expect(stderr).toContain(option);
  });

  it('says how to make the key that is missing', async () => {
    const missing = join(directory, 'none.key');
    const args = ['--key', missing, '--realm', 'r', '--name', 'a'];
    const { status, stderr } = await runCommand('token', 'issue', ...args);
    expect(status).toBe(1);
    expect(stderr).toContain(`macula keygen ${missing}`);
  });
});

describe('macula token inspect', () => {
  it('shows a table and says that nothing is verified', async () => {
    const { status, stdout } = await runCommand('token', 'inspect', await issue('--sessions', '3'));
    expect(status).toBe(0);
    expect(stdout).toContain('NOT VERIFIED');
    expect(stdout).toMatch(/^realm +io\.example$/m);
    expect(stdout).toMatch(/^expires +\d{4}-\d\d-\d\dT[\d:]+Z \(in 29 days\)$/m);
    expect(stdout).toMatch(/^sessions +at most 3$/m);
  });

  it('verifies with --issuer', async () => {
    const token = await issue();
    const { stdout } = await runCommand('token', 'inspect', '--issuer', issuer, token);
    expect(stdout).toMatch(/^signature +verified$/m);
    const stranger = (await runCommand('keygen', join(directory, 'other.key'))).stdout.trim();
    const { status, stderr } = await runCommand('token', 'inspect', '--issuer', stranger, token);
    expect(status).toBe(1);
    expect(stderr).toContain('token_unknown_issuer');
    const forged = `${token.slice(0, -86)}${'A'.repeat(86)}`;
    const bad = await runCommand('token', 'inspect', '--issuer', issuer, forged);
    expect([bad.status, bad.stdout]).toEqual([1, '']);
    expect(bad.stderr).toContain('token_bad_signature');
    const late = await issue('--not-before', '2020-01-01', '--valid', '1d');
    expect((await runCommand('token', 'inspect', late)).stdout).toMatch(/^expires .* days ago\)$/m);
    expect((await runCommand('token', 'inspect', '--issuer', issuer, late)).stderr).toContain(
      'token_expired',
    );
  });

  it('prints an object with --json', async () => {
    const token = await issue();
    const { exp, jti } = inspectToken(token).claims;
    const { stdout } = await runCommand('token', 'inspect', '--json', token);
    expect(JSON.parse(stdout)).toMatchObject({
      verified: false,
      issuer,
      realm: 'io.example',
      names: ['app-*@h'],
      expires: new Date(exp * 1000).toISOString().replace('.000', ''),
      notBefore: null,
      id: jti,
      subject: null,
      limits: {},
    });
    const checked = await runCommand('token', 'inspect', '--json', '--issuer', issuer, token);
    expect(JSON.parse(checked.stdout)).toMatchObject({ verified: true });
  });

  it('keeps the terminal safe from a stranger’s token', async () => {
    const claims = {
      realm: '\u001b[2Jr\u202e',
      names: ['a\nsignature verified'],
      exp: 1e9,
      jti: 'A'.repeat(22),
    };
    const token = await issueToken({ issuerSeed: new Uint8Array(32), claims });
    const { stdout } = await runCommand('token', 'inspect', token);
    expect(stdout).toContain('\\u{1b}[2Jr\\u{202e}');
    expect(stdout).not.toMatch(/^signature +verified/m);
  });

  it('refuses what is no token', async () => {
    const { status, stderr } = await runCommand('token', 'inspect', 'nonsense');
    expect(status).toBe(1);
    expect(stderr).toContain('token_malformed');
    expect(stderr).toContain('Copy it again, whole');
  });
});

describe('macula token revoke', () => {
  let accessFile: string;
  beforeEach(async () => {
    accessFile = join(directory, 'access.json');
    const realms = { 'io.example': { access: 'token', issuers: [issuer] } };
    await writeFile(accessFile, JSON.stringify({ realms }), { mode: 0o644 });
  });
  const revoked = async (): Promise<unknown> => JSON.parse(await readFile(accessFile, 'utf8')).revoked;

  it('takes a token, until it would have expired', async () => {
    const token = await issue();
    const { exp, jti } = inspectToken(token).claims;
    const { status, stdout } = await runCommand('token', 'revoke', '--access-file', accessFile, token);
    expect(status).toBe(0);
    expect(stdout).toBe(`revoked ${jti} until ${new Date((exp + 60) * 1000).toISOString()}\n`);
    expect(await revoked()).toEqual([{ id: jti, until: exp + 60 }]);
    const again = await runCommand('token', 'revoke', '--access-file', accessFile, token);
    expect(again.stdout).toContain('it was before');
  });

  it('takes an id, for good or until a time', async () => {
    const [first, second] = ['A'.repeat(22), `${'B'.repeat(21)}A`];
    const forGood = await runCommand('token', 'revoke', '--access-file', accessFile, first);
    expect(forGood.stdout).toBe(`revoked ${first} for good\n`);
    await runCommand('token', 'revoke', '--access-file', accessFile, '--until', '2100-01-01', second);
    expect(await revoked()).toMatchObject([
      { id: first },
      { id: second, until: Date.UTC(2100, 0, 1) / 1000 },
    ]);
  });

  it('keeps the end that it knew when the same token is revoked by its id', async () => {
    const token = await issue();
    const { exp, jti } = inspectToken(token).claims;
    await runCommand('token', 'revoke', '--access-file', accessFile, token);
    const { stdout } = await runCommand('token', 'revoke', '--access-file', accessFile, jti);
    expect(stdout).toMatch(/^revoked \S+ until .*it was before/);
    expect(await revoked()).toEqual([{ id: jti, until: exp + 60 }]);
  });

  it('fails without an access file, and for what is neither token nor id', async () => {
    const missing = join(directory, 'none.json');
    const none = await runCommand('token', 'revoke', '--access-file', missing, 'A'.repeat(22));
    expect([none.status, none.stdout]).toEqual([1, '']);
    expect(none.stderr).toContain('there is no access file');
    const bad = await runCommand('token', 'revoke', '--access-file', accessFile, 'nonsense');
    expect([bad.status, bad.stdout]).toEqual([1, '']);
    expect(await revoked()).toBeUndefined();
  });
});

it.each([['inspect'], ['revoke', '--access-file', 'access.json']])(
  'macula token %s says how to give a file',
  async (...command) => {
    const path = join(directory, 'app.token');
    await writeFile(path, await issue());
    for (const file of [path, './app.token']) {
      const { status, stderr } = await runCommand('token', ...command, file);
      expect(status).toBe(2);
      expect(stderr).toContain(`- < ${file}`);
    }
  },
);

describe('a token argument', () => {
  const from = (text: string) => Readable.from([Buffer.from(text)]);

  it('is the token, or standard input', async () => {
    expect(await readToken('abc', from('x'))).toBe('abc');
    expect(await readToken('-', from('abc\n'))).toBe('abc');
  });

  it.each(['', ' \n', 'x'.repeat(10_000)])(
    'is a wrong command line when standard input has none %#',
    async (text) => {
      await expect(readToken('-', from(text))).rejects.toMatchObject({ code: 'usage' });
    },
  );
});
