import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityFromSeed } from '@macula/crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createSeed,
  dataDirectory,
  type IdentityStoreError,
  keyFileName,
  loadIdentity,
} from './identity-store.js';

let parent: string;
let environment: NodeJS.ProcessEnv;
let directory: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'macula-identity-'));
  directory = join(parent, 'deep', 'data');
  environment = { MACULA_DATA_DIR: directory };
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

test('where the keys are', () => {
  expect(dataDirectory({ MACULA_DATA_DIR: '/d', XDG_STATE_HOME: '/s', HOME: '/h' })).toBe('/d');
  expect(dataDirectory({ XDG_STATE_HOME: '/s', HOME: '/h' })).toBe('/s/macula');
  expect(dataDirectory({ XDG_STATE_HOME: 'relative', HOME: '/h' })).toBe('/h/.local/state/macula');
});

test('labels become file names that differ and stay in the directory', () => {
  expect(keyFileName('app@10.0.0.5')).toBe('agent-app@10.0.0.5.key');
  expect(keyFileName('../x/é%')).toBe('agent-..%2Fx%2F%C3%A9%25.key');
  const long = [`${'é'.repeat(200)}1`, `${'é'.repeat(200)}2`].map(keyFileName);
  expect(new Set(long).size).toBe(2);
  for (const name of long) expect(name.length).toBeLessThanOrEqual(255);
});

test('made once, kept, private', () => {
  const first = loadIdentity('a@h', environment);
  const again = loadIdentity('a@h', environment);
  expect(again.identity.id).toBe(first.identity.id);
  expect(loadIdentity('b@h', environment).identity.id).not.toBe(first.identity.id);
  expect(first.file).toBe(join(directory, 'agent-a@h.key'));
  expect(statSync(first.file!).mode & 0o777).toBe(0o600);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(readdirSync(directory).sort()).toEqual(['agent-a@h.key', 'agent-b@h.key']);
});

describe('refusals', () => {
  const refusal = (): IdentityStoreError => {
    try {
      loadIdentity('a@h', environment);
    } catch (thrown) {
      return thrown as IdentityStoreError;
    }
    throw new Error('nothing was refused');
  };

  test.each([0o640, 0o604, 0o620])('mode %o', (mode) => {
    const { file } = loadIdentity('a@h', environment);
    chmodSync(file!, mode);
    expect(refusal().code).toBe('insecure');
    expect(refusal().message).toContain('chmod 600');
  });

  test.each(['', 'not a key', 'A'.repeat(42)])('contents %j', (contents) => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'agent-a@h.key'), contents, { mode: 0o600 });
    expect(refusal().code).toBe('corrupt');
  });

  test('a symbolic link', () => {
    const other = loadIdentity('b@h', environment);
    symlinkSync(other.file!, join(directory, 'agent-a@h.key'));
    expect(refusal().code).toBe('insecure');
  });
});

test('where nothing can be written it is ephemeral, with a warning', () => {
  writeFileSync(join(parent, 'deep'), 'a file in the way');
  const first = loadIdentity('a@h', environment);
  expect(first.file).toBeUndefined();
  expect(first.warning).toContain('MACULA_DATA_DIR');
  expect(loadIdentity('a@h', environment).identity.id).not.toBe(first.identity.id);
});

test.skipIf(process.platform !== 'linux')('also below /proc, where nobody can make a directory', () => {
  const { file, warning } = loadIdentity('a@h', { MACULA_DATA_DIR: '/proc/macula' });
  expect(file).toBeUndefined();
  expect(warning).toContain('MACULA_DATA_DIR');
});

test('the agent that comes second takes the key of the first', () => {
  // the second one has looked, found nothing, and only then the first one's key appears
  const { identity, file } = loadIdentity('a@h', environment);
  const kept = readFileSync(file!);
  rmSync(file!);
  writeFileSync(file!, kept, { mode: 0o600 });
  const late = createSeed(directory, file!);
  expect(identityFromSeed(late).id).toBe(identity.id);
  expect(readdirSync(directory)).toEqual(['agent-a@h.key']);
});
