import { chmod, copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityIdLength } from '@macula/crypto';
import { loadIdentity } from '@macula/node-agent';
import { loadOrMakeSeed } from '@macula/relay';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommand } from './testing/run-command.js';

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'macula-cli-keys-'));
  file = join(directory, 'issuer.key');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

describe('macula keygen', () => {
  it('makes a private key file, prints its id and nothing secret', async () => {
    const { status, stdout } = await runCommand('keygen', file);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).not.toBe(stdout);
    expect(await runCommand('id', file)).toMatchObject({ status: 0, stdout });
  });

  it('never overwrites', async () => {
    await runCommand('keygen', file);
    const before = await readFile(file);
    for (const more of [[], ['--mesh']]) {
      const { status, stdout, stderr } = await runCommand('keygen', file, ...more);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toContain('is there already');
    }
    expect(await readFile(file)).toEqual(before);
    expect(await readdir(directory)).toEqual(['issuer.key']);
  });

  it('makes a mesh secret of 256 bits and keeps quiet about it', async () => {
    const { status, stdout } = await runCommand('keygen', '--mesh', file);
    expect([status, stdout]).toEqual([0, `mesh secret written to ${file}\n`]);
    const [, secret] = /^macula-mesh-1 (\S+)\n$/.exec(await readFile(file, 'utf8')) ?? [];
    expect(Buffer.from(secret!, 'base64url')).toHaveLength(32);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it.each([[], ['--mesh']])('says what to give when no file is given %#', async (...more) => {
    const { status, stderr } = await runCommand('keygen', ...more);
    expect(status).toBe(2);
    expect(stderr).toMatch(/macula keygen (--mesh mesh\.secret|issuer\.key)/);
  });

  it('makes the key of a node where its agent will look for it', async () => {
    vi.stubEnv('MACULA_DATA_DIR', join(directory, 'data'));
    const { status, stdout } = await runCommand('keygen', '--agent', 'app-1@10.0.0.7');
    expect(status).toBe(0);
    const { identity } = loadIdentity('app-1@10.0.0.7', process.env);
    expect(stdout).toBe(`${identity.id}\n`);
    const again = await runCommand('keygen', '--agent', 'app-1@10.0.0.7');
    expect([again.status, again.stdout]).toEqual([1, '']);
    expect(again.stderr).toContain('macula id ');
    expect((await runCommand('keygen', '--agent', 'a@h', '--mesh')).status).toBe(2);
    expect((await runCommand('keygen', '--agent', 'a@h', file)).status).toBe(2);
  });

  it('says so when nothing can be written', async () => {
    await writeFile(file, '');
    const { status, stderr } = await runCommand('keygen', join(file, 'below.key'));
    expect(status).toBe(1);
    expect(stderr).toContain('Give a directory that this user may write');
  });
});

describe('macula id', () => {
  it('prints the ids of the keys of a relay and of agents in a directory', async () => {
    await loadOrMakeSeed(join(directory, 'relay.key'));
    await runCommand('keygen', join(directory, 'agent-a@h.key'));
    await writeFile(join(directory, 'key.pem'), 'another kind', { mode: 0o600 });
    const { status, stdout } = await runCommand('id', '--data', directory);
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.slice(identityIdLength))).toEqual(['  agent-a@h.key', '  relay.key']);
    const relay = await runCommand('id', join(directory, 'relay.key'));
    expect(lines[1]).toBe(`${relay.stdout.trim()}  relay.key`);
  });

  it('looks where the agents of this user keep theirs', async () => {
    vi.stubEnv('MACULA_DATA_DIR', directory);
    const empty = await runCommand('id');
    expect(empty.status).toBe(1);
    expect(empty.stderr).toContain(`${directory} has no key`);
    const { stdout } = await runCommand('keygen', join(directory, 'agent-a@h.key'));
    expect((await runCommand('id')).stdout).toBe(`${stdout.trim()}  agent-a@h.key\n`);
  });

  it.each([0o640, 0o604, 0o660])('refuses a key that others may read: mode %o', async (mode) => {
    await runCommand('keygen', file);
    await chmod(file, mode);
    await copyFile(file, join(directory, 'relay.key'));
    await chmod(join(directory, 'relay.key'), mode);
    for (const args of [[file], ['--data', directory]]) {
      const { status, stdout, stderr } = await runCommand('id', ...args);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toContain('Run: chmod 600');
    }
  });

  it('says how to name a directory, whoever may read it', async () => {
    const { status, stderr } = await runCommand('id', directory);
    expect(status).toBe(2);
    expect(stderr).toContain(`macula id --data ${directory}`);
    expect(stderr).not.toContain('chmod');
  });

  it('takes no mesh secret for a key, and makes no promise about a damaged issuer', async () => {
    const secret = join(directory, 'mesh.key');
    await runCommand('keygen', '--mesh', secret);
    const issue = ['token', 'issue', '--realm', 'r', '--name', 'a@h', '--key'];
    for (const args of [['id'], issue]) {
      const { status, stdout, stderr } = await runCommand(...args, secret);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toContain('holds a mesh secret');
    }
    await writeFile(file, 'A'.repeat(42), { mode: 0o600 });
    for (const args of [['id'], issue])
      expect((await runCommand(...args, file)).stderr).not.toContain('new identity');
  });

  it('refuses what holds no key, and what is not there', async () => {
    await writeFile(file, 'A'.repeat(42), { mode: 0o600 });
    expect((await runCommand('id', file)).stderr).toContain('holds no key');
    expect((await runCommand('id', join(directory, 'none'))).stderr).toContain('there is no key file');
    expect((await runCommand('id', file, '--data', directory)).status).toBe(2);
  });
});
