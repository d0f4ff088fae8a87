import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { seedResolveEveryMs, seedUrlsMax } from './limits.js';
import { parseSeed, seedText } from './seed.js';
import type { SeedResolver, Service } from './seed-resolver.js';
import { SeedWatcher } from './seed-watcher.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  watcher?.stop();
  vi.useRealTimers();
});

/** What a name has, or why it can't be looked up; a name without an entry is not found. */
let records: Map<string, readonly string[] | readonly Service[] | Error>;
let asked: string[];
let told: (readonly string[])[];
let failed: string[];
let watcher: SeedWatcher | undefined;
beforeEach(() => {
  records = new Map();
  [asked, told, failed] = [[], [], []];
  watcher = undefined;
});

async function look<T>(name: string): Promise<readonly T[]> {
  asked.push(name);
  const found = records.get(name) ?? new Error('not found');
  if (found instanceof Error) throw found;
  return found as readonly T[];
}
const resolver: SeedResolver = { addresses: look, services: look };

/** With 0.5, the middle, pauses are neither longer nor shorter. */
async function watch(seeds: readonly string[], random = 0.5): Promise<void> {
  watcher = new SeedWatcher(seeds.map(parseSeed), {
    resolver,
    random: () => random,
    onUrls: (urls) => told.push(urls),
    onFailed: (seed, why) => failed.push(`${seedText(seed)}: ${why}`),
  });
  watcher.start();
  await pass(0);
}
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('the seed watcher', () => {
  it('tells URLs at once, each once, and names when they are known', async () => {
    records.set('relays.example.org', ['192.0.2.2', '192.0.2.1', '2001:db8::1', '192.0.2.1']);
    await watch(['https://a:1', 'dns:relays.example.org:443', 'https://a:1', 'https://192.0.2.1:443']);
    expect(told).toEqual([
      ['https://a:1', 'https://192.0.2.1:443'],
      ['https://a:1', 'https://192.0.2.1:443', 'https://192.0.2.2:443', 'https://[2001:db8::1]:443'],
    ]);
    expect(failed).toEqual([]);
  });

  it('looks again every 30 s and tells only what has changed', async () => {
    records.set('relays', ['192.0.2.1', '192.0.2.2']);
    await watch(['dns:relays']);
    records.set('relays', ['192.0.2.2', '192.0.2.1']);
    await pass(29_999);
    expect(asked).toHaveLength(1);
    await pass(1);
    expect(asked).toHaveLength(2);
    expect(told).toHaveLength(1);
    records.set('relays', ['192.0.2.2']);
    await pass(30_000);
    expect(told.slice(1)).toEqual([['https://192.0.2.2:4433']]);
  });

  it.each([
    [0, 24_000],
    [0.999_999, 36_000],
  ])('with random %d it waits %d ms', async (random, ms) => {
    records.set('relays', ['192.0.2.1']);
    await watch(['dns:relays'], random);
    await pass(ms - 1);
    expect(asked).toHaveLength(1);
    await pass(1);
    expect(asked).toHaveLength(2);
  });

  it('orders SRV records by priority and weight, and takes only names and ports from them', async () => {
    const service = (target: string, priority: number, weight: number, port = 4433): Service => ({
      ...{ target, port, priority, weight },
    });
    const usable = [
      service('last.example.org', 2, 99),
      service('light.example.org', 1, 1),
      service('Heavy.Example.org.', 1, 50, 443),
      service('alike.example.org', 1, 1),
    ];
    const unusable = [
      service('.', 0, 0),
      service('no-port', 0, 0, 0),
      service('relay#id=x', 0, 0),
      service('me@relay', 0, 0),
      service('relay/path', 0, 0),
    ];
    const urls = [
      'heavy.example.org:443',
      'alike.example.org:4433',
      'light.example.org:4433',
      'last.example.org:4433',
    ];
    records.set('_macula._tcp.example.org', [...usable, ...unusable]);
    await watch(['srv:_macula._tcp.example.org']);
    expect(told).toEqual([urls.map((url) => `https://${url}`)]);
    records.set('_macula._tcp.example.org', unusable);
    await pass(30_000);
    expect(failed).toEqual(['srv:_macula._tcp.example.org: none of its 5 records names a relay']);
    expect(told).toHaveLength(1);
  });

  it('keeps the last result of a name that fails, and tells each reason once', async () => {
    records.set('a', ['192.0.2.1']);
    await watch(['dns:a', 'dns:b']);
    expect(failed).toEqual(['dns:b:4433: not found']);
    records.delete('a');
    await pass(30_000);
    records.set('a', new Error('no answer'));
    await pass(60_000);
    records.set('a', []);
    await pass(60_000);
    records.set('a', ['192.0.2.1']);
    await pass(60_000);
    records.delete('a');
    await pass(60_000);
    const ofA = ['not found', 'no answer', 'none of its 0 records names a relay', 'not found'];
    expect(failed.filter((text) => text.startsWith('dns:a'))).toEqual(ofA.map((why) => `dns:a:4433: ${why}`));
    expect(failed.filter((text) => text.startsWith('dns:b'))).toHaveLength(1);
    expect(told).toEqual([['https://192.0.2.1:4433']]);
  });

  it('tries again after 1 s, doubling to 30 s, and from 1 s again after it went well', async () => {
    await watch(['dns:a']);
    for (const ms of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      const before = asked.length;
      await pass(ms - 1);
      expect(asked).toHaveLength(before);
      await pass(1);
      expect(asked).toHaveLength(before + 1);
    }
    records.set('a', ['192.0.2.1']);
    await pass(30_000);
    expect(told).toHaveLength(1);
    records.delete('a');
    await pass(30_000);
    const before = asked.length;
    await pass(1000);
    expect(asked).toHaveLength(before + 1);
  });

  it(`has at most ${seedUrlsMax} URLs`, async () => {
    const address = (index: number): string => `10.0.${index >> 8}.${index & 255}`;
    records.set(
      'many',
      Array.from({ length: seedUrlsMax + 5 }, (_, index) => address(index)),
    );
    await watch(['https://first:1', 'dns:many', 'https://last:1']);
    expect(told.at(-1)).toHaveLength(seedUrlsMax);
    expect(told.at(-1)![0]).toBe('https://first:1');
  });

  it('tells nothing and asks nobody once it is stopped, not even what was on its way', async () => {
    let answer: (addresses: readonly string[]) => void = () => {};
    records.set('b', ['192.0.2.2']);
    const held = new Promise<readonly string[]>((resolve) => {
      answer = resolve;
    });
    watcher = new SeedWatcher([parseSeed('dns:a'), parseSeed('dns:b')], {
      resolver: { addresses: (host) => (host === 'a' ? held : look(host)), services: look },
      random: () => 0.5,
      onUrls: (urls) => told.push(urls),
      onFailed: (_, why) => failed.push(why),
    });
    watcher.start();
    await pass(0);
    expect(told).toEqual([['https://192.0.2.2:4433']]);
    watcher.stop();
    answer(['192.0.2.1']);
    await pass(10 * seedResolveEveryMs);
    expect([told.length, asked, failed]).toEqual([1, ['b'], []]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
