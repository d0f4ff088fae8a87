import {
  bytesBurstMin,
  quotaBurstSeconds,
  restingAccountsMax,
  strikesMax,
  strikesPerSecond,
} from '../limits.js';
import type { LinkId } from '../routing/types.js';
import type { CountLimits, RateLimits, ScopeLimits } from './quota-limits.js';
import type { QuotaScope } from './refusal.js';
import { TokenBucket } from './token-bucket.js';

/** A session as accounts know it. */
export interface AccountSession {
  readonly link: LinkId;
  /** With their realm. */
  readonly names: ReadonlySet<string>;
  readonly isSuperseded: boolean;
}

/** What one identity, realm or address has and does at this relay. */
export class Account {
  readonly scope: QuotaScope;
  readonly key: string;
  readonly sessions: Set<AccountSession> = new Set();
  /** How many sessions want each name. */
  readonly names: Map<string, number> = new Map();
  tunnels = 0;
  streams = 0;
  /** Refusals that are forgiven. */
  readonly strikes: TokenBucket;
  /** It gets no session until then. */
  refusedUntilMs = 0;
  #limits: ScopeLimits = {};
  readonly #buckets = new Map<keyof RateLimits, TokenBucket>();

  constructor(scope: QuotaScope, key: string, nowMs: number) {
    this.scope = scope;
    this.key = key;
    this.strikes = new TokenBucket({ perSecond: strikesPerSecond, burst: strikesMax }, nowMs);
  }

  /** New limits hold for what comes from now on. */
  setLimits(limits: ScopeLimits, nowMs: number): void {
    this.#limits = limits;
    for (const [rate, seconds] of Object.entries(quotaBurstSeconds) as [keyof RateLimits, number][]) {
      const perSecond = limits[rate];
      if (perSecond === undefined) {
        this.#buckets.delete(rate);
        continue;
      }
      const least = rate === 'bytesPerSecond' ? bytesBurstMin : 1;
      const size = { perSecond, burst: Math.max(least, perSecond * seconds) };
      const bucket = this.#buckets.get(rate);
      if (bucket === undefined) this.#buckets.set(rate, new TokenBucket(size, nowMs));
      else bucket.resize(size, nowMs);
    }
  }

  /** A limit of a number; infinite where there is none. */
  limit(name: keyof CountLimits): number {
    return this.#limits[name] ?? Number.POSITIVE_INFINITY;
  }

  /** Tokens and refill of a rate; undefined where there is no limit. */
  rate(name: keyof RateLimits): { readonly bucket: TokenBucket; readonly perSecond: number } | undefined {
    const bucket = this.#buckets.get(name);
    return bucket === undefined ? undefined : { bucket, perSecond: this.#limits[name]! };
  }

  /** Sessions that count: those a newer one of the same agent has superseded don't. */
  get presentSessions(): number {
    let count = 0;
    for (const { isSuperseded } of this.sessions) if (!isSuperseded) count++;
    return count;
  }

  /** When nothing is left to remember. */
  get restedAtMs(): number {
    let atMs = Math.max(this.refusedUntilMs, this.strikes.fullAtMs);
    for (const bucket of this.#buckets.values()) atMs = Math.max(atMs, bucket.fullAtMs);
    return atMs;
  }
}

/**
 * The accounts of one scope. Those with sessions stay; those without are remembered until their buckets are full again, at most
 * `restingAccountsMax` of them, of which the oldest goes first.
 */
export class AccountTable {
  readonly #scope: QuotaScope;
  readonly #active = new Map<string, Account>();
  readonly #resting = new Map<string, Account>();

  constructor(scope: QuotaScope) {
    this.#scope = scope;
  }

  /** The account of a key; a new one gets these limits. */
  account(key: string, limits: ScopeLimits, nowMs: number): Account {
    const known = this.#active.get(key) ?? this.#resting.get(key);
    if (known !== undefined) return known;
    const account = new Account(this.#scope, key, nowMs);
    account.setLimits(limits, nowMs);
    this.#rest(account);
    return account;
  }

  /** Sessions of a key. */
  sessionsOf(key: string): readonly AccountSession[] {
    return [...(this.#active.get(key)?.sessions ?? [])];
  }

  add(account: Account, session: AccountSession): void {
    account.sessions.add(session);
    this.#resting.delete(account.key);
    this.#active.set(account.key, account);
  }

  remove(account: Account, session: AccountSession): void {
    if (!account.sessions.delete(session) || account.sessions.size > 0) return;
    this.#active.delete(account.key);
    this.#rest(account);
  }

  /** Forgets accounts that have rested. */
  sweep(nowMs: number): void {
    for (const [key, account] of this.#resting) if (account.restedAtMs <= nowMs) this.#resting.delete(key);
  }

  get size(): number {
    return this.#active.size + this.#resting.size;
  }

  #rest(account: Account): void {
    if (this.#resting.size >= restingAccountsMax) this.#resting.delete(this.#resting.keys().next().value!);
    this.#resting.set(account.key, account);
  }
}
