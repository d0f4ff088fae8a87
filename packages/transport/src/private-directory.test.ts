import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makePrivateDirectory } from './private-directory.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'macula-directory-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('a private directory', () => {
  test('is made with those above it, once', () => {
    const path = join(directory, 'a', 'b', 'c');
    makePrivateDirectory(path);
    makePrivateDirectory(path);
    for (const made of [path, join(directory, 'a')]) expect(statSync(made).mode & 0o777).toBe(0o700);
  });

  test('can not be made below a file', () => {
    writeFileSync(join(directory, 'file'), '');
    expect(() => makePrivateDirectory(join(directory, 'file', 'a'))).toThrow(/ENOTDIR|ENOENT|EEXIST/);
  });

  test.skipIf(process.platform !== 'linux')(
    'fails where the system knows no such directory, rather than never (only Linux has /proc)',
    () => {
      expect(() => makePrivateDirectory('/proc/macula/keys')).toThrow(/ENOENT/);
    },
  );
});
