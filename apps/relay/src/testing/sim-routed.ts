import { type Identity, identityFromSeed } from '@macula/crypto';
import { type Cancel, SeededRandom, VirtualClock } from '@macula/testkit';
import { type NameClaim, type Open, signNameClaim, type WireCode } from '@macula/wire';
import { Ownership } from '../ownership/ownership.js';
import { Router } from '../routing/router.js';
import { tagOf } from '../routing/session-tag.js';
import { bytesKey, type LegId, type LinkId, type OpenId, type RouterOutput } from '../routing/types.js';

/** How an OPEN ended, and when. */
export interface RoutedResult {
  readonly code: 'ok' | WireCode;
  /** Relay of the session that answered. */
  readonly at: string | undefined;
  readonly tookMs: number;
  /** OPENs between relays that it made until now. */
  opens: number;
}

interface RoutedRelay {
  readonly name: string;
  readonly identity: Identity;
  router: Router;
  cancelTimer: Cancel | undefined;
  /** Neither reads nor runs its timers until it wakes up. */
  isStill: boolean;
  readonly missed: (() => void)[];
  readonly peers: Map<LinkId, { readonly relay: RoutedRelay; readonly link: LinkId }>;
  readonly sessions: Map<LinkId, { readonly isAnswering: boolean }>;
  readonly opens: Map<OpenId, (output: RouterOutput) => void>;
  readonly legs: Map<LegId, { readonly relay: RoutedRelay; readonly open: OpenId }>;
}

/** How a relay is made. */
export interface RoutedRelayOptions {
  /** False: as relays of wire version 2.1, which tell no filters. Default true. */
  readonly hasFilters?: boolean;
  /** Key of the filters. Default the same for all. */
  readonly filterKey?: Uint8Array;
}

/** Routers with ownership and filters, joined by lines that take time, and that swallow what they are told to. */
export class RoutedMesh {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  /** Messages between relays about names, by kind. */
  readonly sent: Map<string, number> = new Map();
  /** Loses messages of a kind between two relays, as a congested peering does. */
  loses: (kind: string) => boolean = () => false;
  readonly #relays = new Map<string, RoutedRelay>();
  /** Directions that swallow everything: "A>B". */
  readonly #dark = new Set<string>();
  /** Relays that answer everything but OPENs of others. */
  readonly #mute = new Set<string>();
  readonly #delayMs: number;
  readonly #resultOf = new Map<string, RoutedResult>();
  #next = 1;

  constructor(seed: number, { delayMs = 10 }: { readonly delayMs?: number } = {}) {
    this.random = new SeededRandom(seed);
    this.#delayMs = delayMs;
  }

  add(name: string, options: RoutedRelayOptions = {}): void {
    const identity = identityFromSeed(this.random.bytes(32));
    const none = {
      cancelTimer: undefined,
      isStill: false,
      missed: [],
      peers: new Map(),
      sessions: new Map(),
    };
    const relay = { name, identity, ...none, opens: new Map(), legs: new Map() };
    this.#relays.set(name, { ...relay, router: this.#router(identity, options) });
  }

  /** Joins two relays; gives a function that ends the peering at both. */
  peer(a: string, b: string): () => void {
    const [one, other] = [this.#relay(a), this.#relay(b)];
    const [link, back] = [this.#next++, this.#next++];
    one.peers.set(link, { relay: other, link: back });
    other.peers.set(back, { relay: one, link });
    this.#input(one, (nowMs) =>
      one.router.handlePeerUp({ link, identity: other.identity.publicKey, dialled: true }, nowMs),
    );
    this.#input(other, (nowMs) =>
      other.router.handlePeerUp({ link: back, identity: one.identity.publicKey, dialled: false }, nowMs),
    );
    return () => {
      one.peers.delete(link);
      other.peers.delete(back);
      this.#input(one, (nowMs) => one.router.handleLinkDown(link, nowMs));
      this.#input(other, (nowMs) => other.router.handleLinkDown(back, nowMs));
    };
  }

  /** A relay's process is killed and begins anew; the others notice at once. */
  restart(name: string): void {
    const relay = this.#relay(name);
    relay.cancelTimer?.();
    relay.sessions.clear();
    for (const [link, end] of [...relay.peers]) {
      relay.peers.delete(link);
      end.relay.peers.delete(end.link);
      this.#input(end.relay, (nowMs) => end.relay.router.handleLinkDown(end.link, nowMs));
    }
    relay.opens.clear();
    relay.legs.clear();
    relay.router = this.#router(relay.identity, {}, this.clock.nowMs);
  }

  fullMesh(names: readonly string[]): void {
    for (const [index, a] of names.entries()) for (const b of names.slice(index + 1)) this.peer(a, b);
  }

  /** What one relay sends to another is swallowed from now on, or no more. */
  darken(from: string, to: string, isDark = true): void {
    if (isDark) this.#dark.add(`${from}>${to}`);
    else this.#dark.delete(`${from}>${to}`);
  }

  /** A relay takes OPENs of other relays and never answers one, or does again; to everything else it answers. */
  mute(name: string, isMute = true): void {
    if (isMute) this.#mute.add(name);
    else this.#mute.delete(name);
  }

  /** A relay stands still, or goes on. */
  still(name: string, isStill = true): void {
    const relay = this.#relay(name);
    relay.isStill = isStill;
    if (isStill) return;
    for (const missed of relay.missed.splice(0)) missed();
    this.#input(relay, (nowMs) => relay.router.handleTimeout(nowMs));
  }

  /** An agent's session; gives a function that ends it by GOODBYE. */
  session(
    at: string,
    name: string,
    of: {
      readonly identity?: Identity;
      readonly bootId?: Uint8Array;
      readonly seq?: number;
      readonly isStandby?: boolean;
      /** It takes OPENs and says nothing. */
      readonly isMute?: boolean;
    } = {},
  ): { link: LinkId; end: () => void } {
    const relay = this.#relay(at);
    const { identity = identityFromSeed(this.random.bytes(32)), bootId = this.random.bytes(16) } = of;
    const { seq: sessionSeq = 1, isStandby = false } = of;
    const link = this.#next++;
    const claim: NameClaim = {
      ...{ realm: 'r', identity: identity.publicKey, bootId, sessionSeq, claimSeq: 0, names: [name] },
      relay: relay.identity.publicKey,
      ...(isStandby ? { standby: true } : {}),
    };
    const claims = { present: { claim, signature: signNameClaim(identity, claim) } };
    relay.sessions.set(link, { isAnswering: of.isMute !== true });
    const tag = tagOf({ realm: 'r', identity: identity.publicKey, bootId });
    const hello = { link, realm: 'r', identity: identity.publicKey, bootId, sessionSeq, names: [name] };
    this.#input(relay, (nowMs) => relay.router.handleAgentUp({ ...hello, tag, claims, isStandby }, nowMs));
    return {
      link,
      end: () => {
        relay.sessions.delete(link);
        this.#input(relay, (nowMs) => relay.router.handleLinkDown(link, nowMs, 'goodbye'));
      },
    };
  }

  /** An agent opens; the result is there when the OPEN is over. */
  open(
    at: string,
    link: LinkId,
    to: string,
    hints: readonly string[] = [],
  ): { result: RoutedResult | undefined } {
    const opened: { result: RoutedResult | undefined } = { result: undefined };
    const pathId = this.random.bytes(16);
    const counted: RoutedResult = { code: 'timeout', at: undefined, tookMs: 0, opens: 0 };
    this.#resultOf.set(bytesKey(pathId), counted);
    const message: Open = {
      kind: 'open',
      ...{ pathId, realm: 'r', from: 'nobody@here', to, visited: [], hopsLeft: 3, offer: new Uint8Array(1) },
      exclude: [],
      hints: hints.map((name) => this.#relay(name).identity.publicKey),
    };
    const beganMs = this.clock.nowMs;
    this.#arrive(this.#relay(at), link, message, (output) => {
      if (opened.result !== undefined) throw new Error('answered twice');
      const tookMs = this.clock.nowMs - beganMs;
      const { opens } = counted;
      if (output.kind === 'accept')
        opened.result = { code: 'ok', at: Buffer.from(output.answer).toString(), tookMs, opens };
      else if (output.kind === 'fail') opened.result = { code: output.code, at: undefined, tookMs, opens };
    });
    return opened;
  }

  router(name: string): Router {
    return this.#relay(name).router;
  }

  #router(
    identity: Identity,
    { hasFilters = true, filterKey = new Uint8Array(32) }: RoutedRelayOptions,
    epoch = 1,
  ): Router {
    const ownership = new Ownership({ identity, epoch, wallOffsetMs: 0 });
    const filters = hasFilters ? { filters: { key: filterKey, epoch } } : {};
    return new Router({
      identity: identity.publicKey,
      ownership,
      rttMs: () => 2 * this.#delayMs,
      ...filters,
    });
  }

  #relay(name: string): RoutedRelay {
    return this.#relays.get(name)!;
  }

  #input(relay: RoutedRelay, input: (nowMs: number) => void): void {
    input(this.clock.nowMs);
    for (let output = relay.router.pollOutput(); output !== undefined; output = relay.router.pollOutput())
      this.#perform(relay, output);
    relay.cancelTimer?.();
    const next = relay.router.pollTimeout();
    if (next === undefined) return;
    relay.cancelTimer = this.clock.scheduleAt(Math.max(next.atMs, this.clock.nowMs + 1), () =>
      this.#when(relay, () => this.#input(relay, (nowMs) => relay.router.handleTimeout(nowMs))),
    );
  }

  /** Now, or when the relay goes on. */
  #when(relay: RoutedRelay, run: () => void): void {
    if (relay.isStill) relay.missed.push(run);
    else run();
  }

  /** Something goes from one relay to another, in order. */
  #carry(from: RoutedRelay, link: LinkId, run: (to: RoutedRelay, back: LinkId) => void): void {
    const end = from.peers.get(link);
    if (end === undefined || this.#dark.has(`${from.name}>${end.relay.name}`)) return;
    this.clock.schedule(this.#delayMs, () =>
      this.#when(end.relay, () => {
        if (end.relay.peers.has(end.link)) run(end.relay, end.link);
      }),
    );
  }

  #perform(relay: RoutedRelay, output: RouterOutput): void {
    switch (output.kind) {
      case 'send': {
        const { message } = output;
        for (const link of output.links) {
          this.sent.set(message.kind, (this.sent.get(message.kind) ?? 0) + 1);
          if (this.loses(message.kind)) continue;
          this.#carry(relay, link, (to, back) => {
            this.#input(to, (nowMs) => to.router.handleAlive(back, nowMs));
            this.#input(to, (nowMs) => to.router.handlePeerMessage(back, message, nowMs));
          });
        }
        return;
      }
      case 'probe':
        if (relay.sessions.has(output.link)) {
          this.#input(relay, (nowMs) => relay.router.handleAlive(output.link, nowMs));
          return;
        }
        this.#carry(relay, output.link, (to, back) => {
          this.#input(to, (nowMs) => to.router.handleAlive(back, nowMs));
          this.#carry(to, back, (home, link) =>
            this.#input(home, (nowMs) => home.router.handleAlive(link, nowMs)),
          );
        });
        return;
      case 'forward':
        this.#forward(relay, output.leg, output.link, output.message);
        return;
      case 'cancel': {
        const target = relay.legs.get(output.leg);
        relay.legs.delete(output.leg);
        if (target === undefined) return;
        const line = [...relay.peers].find(([, end]) => end.relay === target.relay)?.[0];
        if (line === undefined) return;
        this.#carry(relay, line, (to) =>
          this.#input(to, () => to.router.handleOpenerGone(target.open, output.code)),
        );
        return;
      }
      case 'accept':
      case 'fail':
        relay.opens.get(output.open)?.(output);
        relay.opens.delete(output.open);
        return;
    }
  }

  #forward(relay: RoutedRelay, leg: LegId, link: LinkId, message: Open): void {
    const session = relay.sessions.get(link);
    if (session !== undefined) {
      if (!session.isAnswering) return;
      const answer = Uint8Array.from(Buffer.from(relay.name));
      this.clock.schedule(1, () =>
        this.#when(relay, () =>
          this.#input(relay, (nowMs) => relay.router.handleOpenOk(leg, { answer }, nowMs)),
        ),
      );
      return;
    }
    const counted = this.#resultOf.get(bytesKey(message.pathId));
    if (counted !== undefined) counted.opens++;
    this.#carry(relay, link, (to, back) => {
      const open = this.#arrive(to, back, message, (output) =>
        this.#carry(to, back, (home) => {
          if (output.kind === 'accept') {
            const ok = { answer: output.answer, ...(output.via === undefined ? {} : { via: output.via }) };
            this.#input(home, (nowMs) => home.router.handleOpenOk(leg, ok, nowMs));
          } else if (output.kind === 'fail')
            this.#input(home, (nowMs) => home.router.handleLegFailed(leg, output, nowMs));
        }),
      );
      relay.legs.set(leg, { relay: to, open });
    });
  }

  #arrive(relay: RoutedRelay, link: LinkId, message: Open, answer: (output: RouterOutput) => void): OpenId {
    const open = this.#next++;
    if (this.#mute.has(relay.name) && relay.peers.has(link)) return open;
    relay.opens.set(open, answer);
    this.#input(relay, (nowMs) => relay.router.handleOpen({ open, link, message }, nowMs));
    return open;
  }
}
