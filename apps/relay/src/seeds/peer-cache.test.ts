import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { peerAt } from '../testing/cached-peers.js';
import { cachedPeersMax, peerCacheBytesMax, peerCacheWriteEveryMs } from './limits.js';
import { PeerCache } from './peer-cache.js';
import { type CachedPeer, peerCacheText } from './peer-cache-file.js';

const nowMs = 1_800_000_000_000;
const hourMs = 3_600_000;
const peer = (index: number, seenMs = nowMs - index): CachedPeer => peerAt(index, seenMs);

let directory: string;
let path: string;
let warnings: string[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'macula-peers-'));
  path = join(directory, 'data', 'peers.json');
  warnings = [];
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(directory, { recursive: true, force: true });
});

const onWarning = (why: string, remedy: string): void => {
  expect(remedy).not.toBe('');
  warnings.push(why);
};
const load = (): Promise<PeerCache> => PeerCache.load(path, nowMs, onWarning);

describe('the file of the peer cache', () => {
  it('is made for its owner alone, and read again', async () => {
    const cache = await load();
    expect(cache.entries()).toEqual([]);
    cache.note(peer(2));
    cache.note(peer(1));
    await cache.close();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(directory, 'data'))).toEqual(['peers.json']);
    expect((await load()).entries()).toEqual([peer(1), peer(2)]);
    expect(warnings).toEqual([]);
  });

  it('is not made when there is nothing to write', async () => {
    await (await load()).close();
    expect(await readdir(directory)).toEqual([]);
  });

  it.each<[string, string, number]>([
    ['is not JSON', '{"version":1,"pee', 0o600],
    ['is too large', ' '.repeat(peerCacheBytesMax + 1), 0o600],
    ['may be written by other users (mode 620)', peerCacheText([peer(1)]), 0o620],
    ['may be written by other users (mode 602)', peerCacheText([peer(1)]), 0o602],
  ])('that %s is a warning, and is written anew', async (why, text, mode) => {
    if (process.platform === 'win32' && mode !== 0o600) return;
    await mkdir(join(directory, 'data'), { mode: 0o700 });
    await writeFile(path, text);
    await chmod(path, mode);
    const cache = await load();
    expect(cache.entries()).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining(why)]);
    cache.note(peer(2));
    await cache.close();
    expect((await load()).entries()).toEqual([peer(2)]);
    expect(warnings).toHaveLength(1);
  });

  it('may be read by others, and may be full', async () => {
    const peers = Array.from({ length: cachedPeersMax }, (_, index) => peer(index));
    await mkdir(join(directory, 'data'), { mode: 0o700 });
    await writeFile(path, peerCacheText(peers));
    await chmod(path, 0o644);
    expect((await load()).entries()).toEqual(peers);
    expect(warnings).toEqual([]);
  });

  it.runIf(process.platform !== 'win32')(
    'that is a pipe or a device is a warning, and keeps no relay from starting',
    async () => {
      await mkdir(join(directory, 'data'), { mode: 0o700 });
      execFileSync('mkfifo', ['-m', '600', path]);
      expect((await load()).entries()).toEqual([]);
      await rm(path);
      await symlink('/dev/zero', path);
      const cache = await load();
      expect(cache.entries()).toEqual([]);
      expect(warnings).toEqual(Array(2).fill(expect.stringContaining('is no file that can be read whole')));
      cache.note(peer(1));
      await cache.close();
      expect((await load()).entries()).toEqual([peer(1)]);
    },
  );

  it('that is a directory is a warning when it is read and one when it is written', async () => {
    await mkdir(join(path, 'full'), { recursive: true });
    const cache = await load();
    cache.note(peer(1));
    await cache.close();
    expect(warnings).toEqual([
      expect.stringContaining('is a directory'),
      expect.stringContaining("can't be written"),
    ]);
    expect(await readdir(join(directory, 'data'))).toEqual(['peers.json']);
  });
});

describe('the peer cache', () => {
  /** Texts that were to be written; `failure` is thrown for each. */
  let writes: string[];
  let failure: Error | undefined;
  const loadWith = async (peers: readonly CachedPeer[]): Promise<PeerCache> => {
    await mkdir(join(directory, 'data'), { mode: 0o700 });
    await writeFile(path, peerCacheText(peers), { mode: 0o600 });
    return PeerCache.load(path, nowMs, onWarning, async (to, text) => {
      expect(to).toBe(path);
      writes.push(text);
      if (failure !== undefined) throw failure;
    });
  };
  const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    writes = [];
    failure = undefined;
  });

  it('writes at most every 10 s, all that has changed', async () => {
    const cache = await loadWith([peer(3)]);
    cache.note(peer(1));
    await pass(peerCacheWriteEveryMs - 1);
    cache.note(peer(2));
    cache.forget(peer(3).id);
    expect(writes).toEqual([]);
    await pass(1);
    expect(writes).toEqual([peerCacheText([peer(1), peer(2)])]);
    cache.note({ ...peer(2), url: 'tls://other:1' });
    await pass(peerCacheWriteEveryMs - 1);
    expect(writes).toHaveLength(1);
    await pass(1);
    expect(writes).toHaveLength(2);
    await pass(10 * peerCacheWriteEveryMs);
    await cache.close();
    expect(writes).toHaveLength(2);
  });

  it('does not write for less than an hour, but at the end', async () => {
    const cache = await loadWith([peer(1), peer(2)]);
    cache.note(peer(1, nowMs + hourMs - 2));
    cache.forget(peer(3).id);
    await pass(10 * peerCacheWriteEveryMs);
    expect(writes).toEqual([]);
    cache.note(peer(1, nowMs + hourMs - 1));
    await pass(peerCacheWriteEveryMs);
    expect(writes).toHaveLength(1);
    cache.note(peer(1, nowMs + hourMs));
    await pass(10 * peerCacheWriteEveryMs);
    expect(writes).toHaveLength(1);
    await cache.close();
    expect(writes.at(-1)).toBe(peerCacheText([peer(1, nowMs + hourMs), peer(2)]));
    cache.note(peer(5));
    await pass(10 * peerCacheWriteEveryMs);
    expect(writes).toHaveLength(2);
  });

  it(`keeps ${cachedPeersMax}, of which the longest not seen goes`, async () => {
    const peers = Array.from({ length: cachedPeersMax }, (_, index) => peer(index));
    const cache = await loadWith(peers);
    cache.note(peer(999, nowMs - 100_500));
    expect(cache.entries()).toEqual(peers);
    cache.note(peer(1000, nowMs + 1));
    expect(cache.entries()).toEqual([peer(1000, nowMs + 1), ...peers.slice(0, -1)]);
  });

  it('does not keep what could not be read again', async () => {
    const cache = await loadWith([]);
    cache.note({ ...peer(1), id: 'short' });
    cache.note({ ...peer(1), url: `${peer(1).url}#id=${peer(1).id}` });
    cache.note({ ...peer(1), url: 'HTTPS://relay' });
    cache.note({ ...peer(1), seenMs: 0.5 });
    expect(cache.entries()).toEqual([]);
  });

  it('warns once of writes that fail, until one goes well', async () => {
    const cache = await loadWith([]);
    failure = new Error('no space left');
    for (const index of [1, 2, 3]) {
      cache.note(peer(index));
      await pass(peerCacheWriteEveryMs);
    }
    expect(writes).toHaveLength(3);
    expect(warnings).toEqual([`the peer cache ${path} can't be written: no space left`]);
    failure = undefined;
    cache.note(peer(4));
    await pass(peerCacheWriteEveryMs);
    failure = new Error('no space left');
    cache.note(peer(5));
    await cache.close();
    expect(warnings).toHaveLength(2);
  });
});
