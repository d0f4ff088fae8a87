import { isIP } from 'node:net';
import { parseRelayUrl } from '@macula/transport';
import { backoffJitter } from '../limits.js';
import { seedResolveEveryMs, seedRetryMsMin, seedUrlsMax } from './limits.js';
import { dnsName, type Seed } from './seed.js';
import type { SeedResolver, Service } from './seed-resolver.js';

/** What a {@link SeedWatcher} works with. */
export interface SeedWatcherParts {
  readonly resolver: SeedResolver;
  /** Between 0 and 1. */
  random(): number;
  /**
   * The present URLs of all seeds, at most `seedUrlsMax`, each once, in the order of the seeds; told when they change.
   * Addresses of one name are sorted, SRV records by priority (lowest first), then weight (highest first).
   */
  onUrls(urls: readonly string[]): void;
  /** A seed could not be looked up, and its last result is kept; told once until the reason is another one or it could be. */
  onFailed(seed: Seed, why: string): void;
}

/**
 * Keeps the URLs of seeds up to date: looks up names of the DNS at the start and then every `seedResolveEveryMs`, or sooner after a
 * failure, and tells what has changed.
 *
 * Call order: `start`, once; `onUrls` comes during it when a seed is a URL, and whenever something changes; `stop`.
 */
export class SeedWatcher {
  readonly #parts: SeedWatcherParts;
  readonly #lookups: readonly Lookup[];
  #told: readonly string[] = [];

  constructor(seeds: readonly Seed[], parts: SeedWatcherParts) {
    this.#parts = parts;
    this.#lookups = seeds.map((seed) => new Lookup(seed, { ...parts, onChanged: () => this.#tell() }));
  }

  /** Begins to look up. */
  start(): void {
    for (const lookup of this.#lookups) lookup.start();
    this.#tell();
  }

  /** Stops looking up; nothing is told any more, not even what is being asked for at the moment. */
  stop(): void {
    for (const lookup of this.#lookups) lookup.stop();
  }

  #tell(): void {
    const urls = [...new Set(this.#lookups.flatMap((lookup) => lookup.urls))].slice(0, seedUrlsMax);
    if (isSame(urls, this.#told)) return;
    this.#told = urls;
    this.#parts.onUrls(urls);
  }
}

/** What one seed needs. */
interface LookupParts extends Pick<SeedWatcherParts, 'resolver' | 'random' | 'onFailed'> {
  /** Its URLs may have changed. */
  onChanged(): void;
}

/** One seed and its URLs. */
class Lookup {
  urls: readonly string[];
  readonly #seed: Seed;
  readonly #parts: LookupParts;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #retryMs = seedRetryMsMin;
  /** Why it failed the last time; undefined when it didn't. */
  #failure: string | undefined;
  #isStopped = false;

  constructor(seed: Seed, parts: LookupParts) {
    this.#seed = seed;
    this.#parts = parts;
    this.urls = seed.kind === 'url' ? [seed.url] : [];
  }

  start(): void {
    if (this.#seed.kind === 'url') return;
    void urlsOf(this.#seed, this.#parts.resolver).then(
      (urls) => this.#handleUrls(urls),
      (thrown) => this.#handleFailure(thrown instanceof Error ? thrown.message : String(thrown)),
    );
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #handleUrls(urls: readonly string[]): void {
    if (this.#isStopped) return;
    this.#failure = undefined;
    this.#retryMs = seedRetryMsMin;
    this.urls = urls;
    this.#startIn(seedResolveEveryMs);
    this.#parts.onChanged();
  }

  #handleFailure(why: string): void {
    if (this.#isStopped) return;
    this.#startIn(this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, seedResolveEveryMs);
    if (why === this.#failure) return;
    this.#failure = why;
    this.#parts.onFailed(this.#seed, why);
  }

  #startIn(ms: number): void {
    const factor = 1 + backoffJitter * (2 * this.#parts.random() - 1);
    this.#timer = setTimeout(() => this.start(), Math.round(ms * factor));
    this.#timer.unref();
  }
}

async function urlsOf(seed: Exclude<Seed, { kind: 'url' }>, resolver: SeedResolver): Promise<string[]> {
  const found =
    seed.kind === 'dns'
      ? (await resolver.addresses(seed.host)).map((address) => urlOfAddress(address, seed.port)).sort()
      : [...(await resolver.services(seed.name))].sort(bySrvOrder).map(urlOfService);
  const urls = found.filter((url) => url !== undefined);
  // More likely a slip of who writes the records than a mesh without relays.
  if (urls.length === 0) throw new Error(`none of its ${found.length} records names a relay`);
  return urls;
}

function bySrvOrder(a: Service, b: Service): number {
  return a.priority - b.priority || b.weight - a.weight || compare(a.target, b.target) || a.port - b.port;
}

function urlOfAddress(address: string, port: number): string | undefined {
  return isIP(address) === 0 ? undefined : urlOf(address, port);
}

/** What stands in a record is from others: only a name of a host and a port may get into the URL. */
function urlOfService({ target, port }: Service): string | undefined {
  const host = dnsName(target);
  return host === undefined ? undefined : urlOf(host, port);
}

/** In canonical form; undefined when there is none. */
function urlOf(host: string, port: number): string | undefined {
  try {
    return parseRelayUrl(`https://${host.includes(':') ? `[${host}]` : host}:${port}`).text;
  } catch {
    return undefined;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((url, index) => url === b[index]);
}
