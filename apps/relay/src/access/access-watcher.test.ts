import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccessRules } from './access-rules.js';
import { AccessWatcher } from './access-watcher.js';

let directory: string;
let path: string;
let watcher: AccessWatcher | undefined;
let changes: AccessRules[];
let errors: { why: string; remedy: string }[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'macula-access-'));
  path = join(directory, 'access.json');
  changes = [];
  errors = [];
});
afterEach(async () => {
  watcher?.close();
  await rm(directory, { recursive: true, force: true });
});

const realms = (...names: string[]): string =>
  JSON.stringify({ realms: Object.fromEntries(names.map((name) => [name, { access: 'open' }])) });
/** Polls only where a test waits for it; else a test says when to look. */
const watch = async (pollMs = 3_600_000, onRules?: () => void): Promise<AccessWatcher> => {
  watcher = await AccessWatcher.open({
    path,
    settings: { realms: [], peerIdentities: [] },
    logger: { info: () => {}, error: (fields: { why: string; remedy: string }) => errors.push(fields) },
    onRules: (rules) => {
      changes.push(rules);
      onRules?.();
    },
    pollMs,
  });
  return watcher;
};
const put = (text: string, mode = 0o644): Promise<void> => writeFile(path, text, { mode });

describe('the access watcher', () => {
  it('reads what is there, and again only when it has changed', async () => {
    await put(realms('a'));
    const { rules } = await watch();
    expect([rules.realm('a')?.access, rules.realm('b')]).toEqual(['open', undefined]);
    await watcher!.check();
    expect(changes).toEqual([]);
    await put(realms('a', 'b'));
    await watcher!.check();
    expect(changes).toEqual([watcher!.rules]);
    expect(watcher!.rules.realm('b')?.access).toBe('open');
    await watcher!.check();
    expect(changes).toHaveLength(1);
  });

  it('notices another file of the same length in its place', async () => {
    await put(realms('a'));
    await watch();
    await writeFile(join(directory, 'new'), realms('b'));
    await rename(join(directory, 'new'), path);
    await watcher!.check();
    expect(watcher!.rules.realm('b')?.access).toBe('open');
    expect(watcher!.rules.realm('a')).toBeUndefined();
  });

  it('looks by itself', async () => {
    await put(realms('a'));
    let tell: () => void = () => {};
    const changed = new Promise<void>((resolve) => {
      tell = resolve;
    });
    await watch(5, tell);
    await put(realms('a', 'b'));
    await changed; // an error may come before, if it looks while the file is being written
    expect(changes.at(-1)?.realm('b')?.access).toBe('open');
  });

  it('keeps the last right rules, says so once, and takes the next right ones', async () => {
    await put(realms('a'));
    await watch();
    for (const text of ['{"realms":', '{"realms":{"b":{"access":"opne"}}}', '']) {
      await put(text);
      await watcher!.check();
      await watcher!.check();
      expect(watcher!.rules.realm('a')?.access).toBe('open');
    }
    await rm(path);
    await watcher!.check();
    await watcher!.check();
    expect(changes).toEqual([]);
    expect(errors.map(({ why }) => why)).toEqual([
      expect.stringContaining('is not JSON'),
      expect.stringContaining('realms["b"].access'),
      expect.stringContaining('is not JSON'),
      expect.stringContaining('there is no access file'),
    ]);
    await put(realms('c'));
    await watcher!.check();
    expect(watcher!.rules.realm('c')?.access).toBe('open');
    expect(errors).toHaveLength(4);
  });

  it('comes not after close', async () => {
    await put(realms('a'));
    await watch();
    await put(realms('a', 'b'));
    const looking = watcher!.check();
    watcher!.close();
    await looking;
    expect(changes).toEqual([]);
  });

  it('does not begin without a right file', async () => {
    await expect(watch()).rejects.toMatchObject({ code: 'bad_access_file' });
    await put('{}{');
    await expect(watch()).rejects.toMatchObject({ code: 'bad_access_file' });
    await put(' '.repeat(1024 * 1024 + 1));
    await expect(watch()).rejects.toMatchObject({ code: 'bad_access_file' });
    path = directory;
    await expect(watch()).rejects.toMatchObject({ code: 'bad_access_file' });
  });

  it.skipIf(process.platform === 'win32').each([0o666, 0o664, 0o646])(
    'refuses a file that others may write: mode %o',
    async (mode) => {
      await put(realms('a'));
      await chmod(path, mode);
      await expect(watch()).rejects.toMatchObject({
        code: 'bad_access_file',
        remedy: `Run: chmod go-w ${path}`,
      });
      await chmod(path, 0o600);
      await watch();
      await chmod(path, mode);
      await watcher!.check();
      expect(errors).toHaveLength(1);
      await chmod(path, 0o644);
      await watcher!.check();
      expect(changes).toHaveLength(1);
    },
  );

  it('without a path has the rules of the settings', async () => {
    const { rules } = await AccessWatcher.open({
      path: undefined,
      settings: { realms: ['a'], peerIdentities: [] },
      logger: { info: () => {}, error: () => {} },
      onRules: () => {},
    });
    expect([rules.realm('a')?.access, rules.realm('b')]).toEqual(['open', undefined]);
  });
});
