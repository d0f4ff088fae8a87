import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TokenFile, TokenFileError } from './token-file.js';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'macula-token-'));
  path = join(directory, 'token');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const put = (text: string, mode = 0o600): void => writeFileSync(path, text, { mode });

describe('a token file', () => {
  test('is read anew each time, and the last token stays when it is gone', () => {
    put('a.b.c\n');
    const warnings: string[] = [];
    const file = new TokenFile(path, (text) => warnings.push(text));
    expect(file.read()).toBe('a.b.c');
    put('d.e.f');
    expect(file.read()).toBe('d.e.f');
    rmSync(path);
    expect(file.read()).toBe('d.e.f');
    expect(warnings).toEqual([expect.stringContaining('ENOENT')]);
  });

  test.each(['', 'a.b', 'a.b.c d', `a.b.${'c'.repeat(5000)}`])('that holds "%.12s" is refused', (text) => {
    put(text);
    expect(() => new TokenFile(path, () => undefined)).toThrow(TokenFileError);
  });

  test('that is missing, a directory, or read by others is refused with the remedy', () => {
    expect(() => new TokenFile(path, () => undefined)).toThrow(/ENOENT/);
    expect(() => new TokenFile(directory, () => undefined)).toThrow(TokenFileError);
    put('a.b.c');
    chmodSync(path, 0o640);
    expect(() => new TokenFile(path, () => undefined)).toThrow(/chmod 600/);
  });
});
