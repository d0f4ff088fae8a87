import type { TokenLimits } from '@macula/crypto';
import { codeSentence, type WireCode } from '@macula/wire';
import {
  controlBurst,
  controlPerSecond,
  quotaSweepMs,
  refusedIdentityMs,
  retryMsMin,
  strikeWeights,
  toldRefusalsBurst,
  toldRefusalsPerSecond,
} from '../limits.js';
import type { LinkId, OpenId } from '../routing/types.js';
import { type Account, type AccountSession, AccountTable } from './account.js';
import { addressKey } from './address-key.js';
import {
  identityLimitsOf,
  type QuotaLimits,
  type RateLimits,
  realmLimitsOf,
  type ScopeLimits,
} from './quota-limits.js';
import { type QuotaRefusal, seconds, tooFast, tooMany } from './refusal.js';
import { TokenBucket } from './token-bucket.js';
import { UnknownNames } from './unknown-names.js';

/** Who says HELLO, proven. */
export interface QuotaParty {
  /** Key of the identity as text. */
  readonly identity: string;
  /** Empty for relays. */
  readonly realm: string;
  /** IP address. */
  readonly host: string;
}

/** A refusal of a stream. */
export interface StreamRefusal extends QuotaRefusal {
  /** Whether to answer with OPEN_FAILED and the text; else a reset with the code is enough. */
  readonly isTold: boolean;
}

/** What the shell has to do. */
export type QuotaOutput = {
  /** Close this session with the code. */
  readonly kind: 'close';
  readonly link: LinkId;
} & QuotaRefusal;

interface SessionEntry extends AccountSession {
  readonly realm: string;
  /** Of identity, realm and address, the identity's first; the others only where they have limits. */
  readonly accounts: readonly Account[];
  readonly identity: Account;
  names: ReadonlySet<string>;
  isSuperseded: boolean;
  readonly told: TokenBucket;
  readonly control: TokenBucket;
}

/**
 * - `opening`: the stream waits for its OPEN (counts as stream and tunnel). Left by `handleOpen`.
 * - `open`: OPEN is under way or answered with OPEN_OK (counts as tunnel). Left by an answer that fails.
 * - `refused`: OPEN_FAILED was sent (counts as stream).
 *
 * Each is left for good by `handleStreamOver`.
 */
interface StreamEntry {
  readonly session: SessionEntry;
  state: 'opening' | 'open' | 'refused';
  /** The name that other relays are being asked for. */
  asking: { readonly key: string; readonly isForAll: boolean } | undefined;
}

/**
 * How much each identity, realm and address may have and do at this relay, once it has proven its HELLO. What is above a limit is
 * refused with a code; bytes are not refused but paced. See SPEC.md for the invariants.
 *
 * Call order: `handleHello`, `handleSession` once per link that it lets in, then anything for that link, `handleSessionOver` once.
 * `handleStream` once per stream, `handleOpen`, `handleAnswer`, `handleStreamOver` once. After every call drain `pollOutput`.
 * Links and streams that are not known (a peer's, or forgotten ones) are not limited.
 */
export class Quotas {
  readonly #limits: QuotaLimits;
  readonly #random: () => number;
  readonly #tables = {
    identity: new AccountTable('identity'),
    realm: new AccountTable('realm'),
    address: new AccountTable('address'),
  };
  readonly #sessions = new Map<LinkId, SessionEntry>();
  readonly #streams = new Map<OpenId, StreamEntry>();
  readonly #unknown = new UnknownNames();
  readonly #outputs: QuotaOutput[] = [];
  #sweptMs = 0;

  /** `random`: from 0 to 1, for the times in refusals. */
  constructor(limits: QuotaLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  /** Somebody has proven a HELLO; whether it may go on. */
  handleHello(party: QuotaParty, nowMs: number): QuotaRefusal | undefined {
    const accounts = this.#accountsOf(party, nowMs);
    const [identity] = accounts;
    if (identity.refusedUntilMs > nowMs) return this.#refused(identity, nowMs);
    const refusal = this.#take(accounts, 'hellosPerSecond', 'rate_limited', nowMs);
    if (refusal?.scope === 'identity') this.#strike(identity, strikeWeights.hello, nowMs);
    return refusal;
  }

  /** Whether an agent has a session here whose place another one of it would take, by a name of both. */
  isHere({
    identity,
    realm,
    names,
  }: Pick<QuotaParty, 'identity' | 'realm'> & { readonly names: readonly string[] }): boolean {
    const wanted = new Set(names.map((name) => nameKey(realm, name)));
    return this.#tables.identity.sessionsOf(identity).some((session) => sharesAny(session.names, wanted));
  }

  /** A session is to begin; it counts from now on unless it is refused. `names`: all it wants. */
  handleSession(
    session: QuotaParty & {
      readonly link: LinkId;
      readonly names: readonly string[];
      readonly granted?: TokenLimits | undefined;
    },
    nowMs: number,
  ): QuotaRefusal | undefined {
    const { link, realm, granted } = session;
    const accounts = this.#accountsOf(session, nowMs);
    const [identity] = accounts;
    identity.setLimits(identityLimitsOf(this.#limits, realm, granted), nowMs);
    const names = new Set(session.names.map((name) => nameKey(realm, name)));
    const refusal = this.#sessionRefusal(accounts, names);
    if (refusal !== undefined) {
      if (refusal.scope === 'identity') this.#strike(identity, strikeWeights.session, nowMs);
      return refusal;
    }
    const entry: SessionEntry = {
      ...{ link, realm, accounts, identity, names },
      isSuperseded: false,
      told: new TokenBucket({ perSecond: toldRefusalsPerSecond, burst: toldRefusalsBurst }, nowMs),
      control: new TokenBucket({ perSecond: controlPerSecond, burst: controlBurst }, nowMs),
    };
    this.#sessions.set(link, entry);
    for (const account of accounts) {
      this.#tables[account.scope].add(account, entry);
      addNames(account, names);
    }
    return undefined;
  }

  /** A newer session of the same agent has taken the place of this one, which counts as session no more. */
  handleSuperseded(link: LinkId): void {
    const entry = this.#sessions.get(link);
    if (entry !== undefined) entry.isSuperseded = true;
  }

  /** A session wants these names from now on. */
  handleNames(link: LinkId, names: readonly string[], nowMs: number): QuotaRefusal | undefined {
    const entry = this.#sessions.get(link);
    if (entry === undefined) return undefined;
    const wanted = new Set(names.map((name) => nameKey(entry.realm, name)));
    for (const account of entry.accounts) removeNames(account, entry.names);
    const refusal = this.#namesRefusal(entry.accounts, wanted);
    if (refusal === undefined) entry.names = wanted;
    else if (refusal.scope === 'identity') this.#strike(entry.identity, strikeWeights.session, nowMs);
    for (const account of entry.accounts) addNames(account, entry.names);
    return refusal;
  }

  /** A message on the control stream of a session; `cost` in the unit of `controlPerSecond`. */
  handleControl(link: LinkId, cost: number, nowMs: number): QuotaRefusal | undefined {
    const entry = this.#sessions.get(link);
    const retryMs = entry?.control.take(cost, nowMs) ?? 0;
    if (entry === undefined || retryMs === 0) return undefined;
    this.#strike(entry.identity, strikeWeights.control, nowMs);
    return tooFast('rate_limited', 'identity', {
      perSecond: controlPerSecond,
      retryMs: this.#retryMs(retryMs),
    });
  }

  /** A session is over. */
  handleSessionOver(link: LinkId): void {
    const entry = this.#sessions.get(link);
    if (entry === undefined) return;
    this.#sessions.delete(link);
    for (const account of entry.accounts) {
      removeNames(account, entry.names);
      this.#tables[account.scope].remove(account, entry);
    }
  }

  /** A session opens a stream for an OPEN; it counts from now on unless it is refused, before anything of it is read. */
  handleStream(open: OpenId, link: LinkId, nowMs: number): StreamRefusal | undefined {
    const session = this.#sessions.get(link);
    if (session === undefined || session.realm === '') return undefined;
    const { accounts, identity } = session;
    const refusal =
      full(accounts, 'streams', 'stream_limit') ??
      full(accounts, 'tunnels', 'tunnel_limit') ??
      this.#take(accounts, 'opensPerSecond', 'open_rate', nowMs);
    if (refusal !== undefined) {
      if (refusal.scope === 'identity') this.#strike(identity, strikeWeights.stream, nowMs);
      return { code: refusal.code, text: refusal.text, isTold: session.told.take(1, nowMs) === 0 };
    }
    this.#streams.set(open, { session, state: 'opening', asking: undefined });
    for (const account of accounts) {
      account.streams++;
      account.tunnels++;
    }
    return undefined;
  }

  /**
   * A stream's OPEN has come. `isKnown`: this relay knows the name itself. `isForAll`: the OPEN excludes no session, so what comes of
   * it holds for others.
   */
  handleOpen(
    open: OpenId,
    wanted: {
      readonly realm: string;
      readonly to: string;
      readonly isKnown: boolean;
      readonly isForAll: boolean;
    },
    nowMs: number,
  ): QuotaRefusal | undefined {
    const stream = this.#streams.get(open);
    if (stream?.state !== 'opening') return undefined;
    const { session } = stream;
    stream.state = 'open';
    for (const account of session.accounts) account.streams--;
    if (wanted.isKnown) return undefined;
    const { isForAll } = wanted;
    const key = askedKey(session.realm, wanted);
    if (isForAll && this.#unknown.has(key, nowMs))
      return { code: 'not_found', text: codeSentence('not_found') };
    const refusal = this.#take(session.accounts, 'unknownNamesPerSecond', 'unknown_names', nowMs);
    // No strike: an honest node does this as well when many nodes are gone, and the rate of OPENs bounds it.
    if (refusal === undefined) stream.asking = { key, isForAll };
    return refusal;
  }

  /** An OPEN is answered: with OPEN_OK (`ok`) or a code. */
  handleAnswer(open: OpenId, code: WireCode, nowMs: number): void {
    const stream = this.#streams.get(open);
    if (stream === undefined || stream.state === 'refused') return;
    const { session, asking, state } = stream;
    stream.asking = undefined;
    if (code !== 'ok') {
      for (const account of session.accounts) {
        account.tunnels--;
        if (state === 'open') account.streams++;
      }
      stream.state = 'refused';
    }
    if (asking === undefined) return;
    if (code !== 'not_found') {
      for (const account of session.accounts) account.rate('unknownNamesPerSecond')?.bucket.give(1, nowMs);
    } else if (asking.isForAll) this.#unknown.add(asking.key, nowMs);
  }

  /** A stream is over. */
  handleStreamOver(open: OpenId): void {
    const stream = this.#streams.get(open);
    if (stream === undefined) return;
    this.#streams.delete(open);
    for (const account of stream.session.accounts) {
      if (stream.state !== 'open') account.streams--;
      if (stream.state !== 'refused') account.tunnels--;
    }
  }

  /** Bytes came from a session for its tunnels; answers how long not to read on, milliseconds. */
  handleBytes(link: LinkId, bytes: number, nowMs: number): number {
    let waitMs = 0;
    for (const account of this.#sessions.get(link)?.accounts ?? [])
      waitMs = Math.max(waitMs, account.rate('bytesPerSecond')?.bucket.spend(bytes, nowMs) ?? 0);
    return waitMs;
  }

  /** A name was heard of through another relay. */
  handleHeardOf(realm: string, name: string): void {
    this.#unknown.delete(askedKey(realm, { realm, to: name }));
  }

  /** There is another relay to ask. */
  handlePeerUp(): void {
    this.#unknown.clear();
  }

  /** Forgets what has become of no account. */
  handleTimeout(nowMs: number): void {
    if (nowMs - this.#sweptMs < quotaSweepMs) return;
    this.#sweptMs = nowMs;
    this.#unknown.sweep(nowMs);
    for (const table of Object.values(this.#tables)) table.sweep(nowMs);
  }

  /** When `handleTimeout` must be called next. */
  pollTimeout(): { readonly atMs: number; readonly why: 'sweep' } | undefined {
    const { accounts, unknownNames } = this.counts;
    return accounts + unknownNames === 0 ? undefined : { atMs: this.#sweptMs + quotaSweepMs, why: 'sweep' };
  }

  /** The next thing to do, or undefined. */
  pollOutput(): QuotaOutput | undefined {
    return this.#outputs.shift();
  }

  /** Sizes of the tables. */
  get counts(): {
    readonly accounts: number;
    readonly sessions: number;
    readonly streams: number;
    readonly unknownNames: number;
  } {
    const { identity, realm, address } = this.#tables;
    return {
      accounts: identity.size + realm.size + address.size,
      sessions: this.#sessions.size,
      streams: this.#streams.size,
      unknownNames: this.#unknown.size,
    };
  }

  #accountsOf({ identity, realm, host }: QuotaParty, nowMs: number): readonly [Account, ...Account[]] {
    const { unfinishedHellos: _, failedHellosPerSecond: __, ...addressLimits } = this.#limits.address;
    const others: readonly (readonly ['realm' | 'address', string, ScopeLimits])[] = [
      ['realm', realm, realm === '' ? {} : realmLimitsOf(this.#limits, realm)],
      ['address', addressKey(host), addressLimits],
    ];
    return [
      this.#tables.identity.account(identity, identityLimitsOf(this.#limits, realm), nowMs),
      ...others
        .filter(([, , limits]) => Object.values(limits).some((limit) => limit !== undefined))
        .map(([scope, key, limits]) => this.#tables[scope].account(key, limits, nowMs)),
    ];
  }

  #sessionRefusal(accounts: readonly Account[], names: ReadonlySet<string>): ScopedRefusal | undefined {
    const [identity] = accounts;
    // Sessions of this identity with one of these names end or are superseded when the new one begins.
    const replaced = [...(identity?.sessions ?? [])].filter(
      (session) => !session.isSuperseded && sharesAny(session.names, names),
    );
    for (const account of accounts) {
      const gone = replaced.filter((session) => account.sessions.has(session)).length;
      const limit = account.limit('sessions');
      if (account.presentSessions - gone >= limit)
        return { ...tooMany('session_limit', account.scope, limit), scope: account.scope };
    }
    return this.#namesRefusal(accounts, names);
  }

  #namesRefusal(accounts: readonly Account[], names: ReadonlySet<string>): ScopedRefusal | undefined {
    for (const account of accounts) {
      const limit = account.limit('names');
      let count = account.names.size;
      for (const name of names) if (!account.names.has(name)) count++;
      // Who is above the limit because it has become lower keeps what it has.
      if (count > limit && count > account.names.size)
        return { ...tooMany('name_limit', account.scope, limit), scope: account.scope };
    }
    return undefined;
  }

  #take(
    accounts: readonly Account[],
    rate: keyof RateLimits,
    code: WireCode,
    nowMs: number,
  ): ScopedRefusal | undefined {
    for (const account of accounts) {
      const limited = account.rate(rate);
      const retryMs = limited?.bucket.take(1, nowMs) ?? 0;
      if (limited === undefined || retryMs === 0) continue;
      const { perSecond } = limited;
      const { scope } = account;
      return { ...tooFast(code, scope, { perSecond, retryMs: this.#retryMs(retryMs) }), scope };
    }
    return undefined;
  }

  /** Notes a refusal; an identity with too many of them loses its sessions, and gets none for a while. */
  #strike(identity: Account, weight: number, nowMs: number): void {
    if (identity.refusedUntilMs > nowMs || identity.strikes.take(weight, nowMs) === 0) return;
    identity.refusedUntilMs = nowMs + refusedIdentityMs;
    identity.strikes.give(Number.POSITIVE_INFINITY, nowMs);
    const refusal = this.#refused(identity, nowMs);
    for (const session of identity.sessions)
      this.#outputs.push({ kind: 'close', link: session.link, ...refusal });
  }

  #refused(identity: Account, nowMs: number): QuotaRefusal {
    const retryMs = Math.ceil(this.#retryMs(identity.refusedUntilMs - nowMs));
    const text = `this identity went on although it was refused again and again, so the relay takes nothing of it for a while; find what the node does in a loop, and try again in ${seconds(retryMs)}`;
    return { code: 'rate_limited', text, retryMs };
  }

  /** Up to half as long again, so that those who were refused together don't come back together. */
  #retryMs(ms: number): number {
    return Math.max(ms, retryMsMin) * (1 + this.#random() / 2);
  }
}

type ScopedRefusal = QuotaRefusal & { readonly scope: Account['scope'] };

function full(
  accounts: readonly Account[],
  count: 'streams' | 'tunnels',
  code: WireCode,
): ScopedRefusal | undefined {
  for (const account of accounts) {
    const limit = account.limit(count);
    if (account[count] >= limit) return { ...tooMany(code, account.scope, limit), scope: account.scope };
  }
  return undefined;
}

function nameKey(realm: string, name: string): string {
  return `${realm}\0${name}`;
}

/** With the realm of who asks: what one asks for in a realm that isn't its own must mean nothing to those who are in it. */
function askedKey(own: string, { realm, to }: { readonly realm: string; readonly to: string }): string {
  return `${own}\0${realm}\0${to}`;
}

function sharesAny(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  for (const name of a) if (b.has(name)) return true;
  return false;
}

function addNames({ names }: Account, added: ReadonlySet<string>): void {
  for (const name of added) names.set(name, (names.get(name) ?? 0) + 1);
}

function removeNames({ names }: Account, removed: ReadonlySet<string>): void {
  for (const name of removed) {
    const count = (names.get(name) ?? 0) - 1;
    if (count > 0) names.set(name, count);
    else names.delete(name);
  }
}
