import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pipeStat } from './pipe-stat.js';

test('looking at a pipe does not break how packages behind symbolic links are found', () => {
  // In a process of its own: the state that Node 20 keeps is per process.
  const script = `
    const fs = require('node:fs'), os = require('node:os'), path = require('node:path');
    const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'macula-link-')));
    fs.mkdirSync(path.join(root, 'real'));
    fs.writeFileSync(path.join(root, 'real', 'index.mjs'), 'export const url = import.meta.url;');
    fs.writeFileSync(path.join(root, 'first.mjs'), '');
    fs.symlinkSync('real', path.join(root, 'link'));
    (async () => {
      await import(path.join(root, 'first.mjs'));
      fs.fstatSync(0, ${JSON.stringify(pipeStat)});
      const { url } = await import(path.join(root, 'link', 'index.mjs'));
      fs.rmSync(root, { recursive: true });
      console.log(url.endsWith('/real/index.mjs'));
    })();`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { input: '', encoding: 'utf8' });
  expect(stdout).toBe('true\n');
});

test('every stat of what may be a pipe or socket is made that way', () => {
  const sources = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'));
  for (const source of sources) {
    if (!/\.isSocket\(\)|\.isFIFO\(\)/.test(source)) continue;
    expect(source).toContain('pipeStat');
  }
});
