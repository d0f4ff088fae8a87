import { SeededRandom } from '@macula/testkit';
import type { Open, WireCode } from '@macula/wire';
import { Router } from '../routing/router.js';
import { bytesKey, type LegId, type LinkId, type OpenId } from '../routing/types.js';

/** What an agent does with an OPEN: answer with its own name, refuse, or say nothing. */
export type SimBehaviour = 'ok' | 'refuse' | 'silent';

/** How an agent's OPEN ended. */
export type SimResult =
  | { readonly kind: 'ok'; readonly answer: string; readonly via: Uint8Array | undefined }
  | { readonly kind: 'failed'; readonly code: WireCode };

interface SimRelay {
  readonly name: string;
  readonly identity: Uint8Array;
  readonly router: Router;
  /** What is at the other end of each link. */
  readonly links: Map<LinkId, { relay: SimRelay; link: LinkId } | { agent: string; behaviour: SimBehaviour }>;
}

/** Where an OPEN of a relay comes from: an agent's result, or a leg of another relay. */
type Origin = { readonly result: number } | { readonly relay: SimRelay; readonly leg: LegId };

/**
 * Several routers joined by queues whose order a seed decides (in order per stream, like a network). Nothing takes time but
 * `advance`.
 */
export class SimMesh {
  readonly results: (SimResult | undefined)[] = [];
  /** OPENs that went from one relay to another. */
  relayOpens = 0;
  /** Streams that reached an agent and were not reset: at most one per OPEN may remain. */
  readonly agentStreams: Set<string> = new Set();
  nowMs = 0;
  readonly #random: SeededRandom;
  readonly #relays = new Map<string, SimRelay>();
  readonly #origins = new Map<string, Origin>();
  /** What a leg leads to: the OPEN it became at the next relay. */
  readonly #targets = new Map<string, { relay: SimRelay; open: OpenId }>();
  /** Spliced pairs, both ways. */
  readonly #spliced = new Map<string, LegId>();
  readonly #queues = new Map<string, (() => void)[]>();
  #nextId = 1;

  constructor(seed: number, relays: readonly string[]) {
    this.#random = new SeededRandom(seed);
    for (const name of relays) {
      const identity = this.#random.bytes(32);
      this.#relays.set(name, { name, identity, router: new Router({ identity }), links: new Map() });
    }
  }

  router(name: string): Router {
    return this.#relay(name).router;
  }

  /** Peers two relays; gives a function that cuts the peering. */
  peer(a: string, b: string): () => void {
    const [relayA, relayB] = [this.#relay(a), this.#relay(b)];
    const [linkA, linkB] = [this.#nextId++, this.#nextId++];
    relayA.links.set(linkA, { relay: relayB, link: linkB });
    relayB.links.set(linkB, { relay: relayA, link: linkA });
    relayA.router.handlePeerUp({ link: linkA, identity: relayB.identity, dialled: true }, this.nowMs);
    relayB.router.handlePeerUp({ link: linkB, identity: relayA.identity, dialled: false }, this.nowMs);
    return () => {
      relayA.links.delete(linkA);
      relayB.links.delete(linkB);
      relayA.router.handleLinkDown(linkA, this.nowMs);
      relayB.router.handleLinkDown(linkB, this.nowMs);
      this.#drain(relayA);
      this.#drain(relayB);
    };
  }

  /** A session with one name and its own identity; gives its link. */
  agent(relayName: string, name: string, behaviour: SimBehaviour = 'ok'): LinkId {
    const relay = this.#relay(relayName);
    const link = this.#nextId++;
    relay.links.set(link, { agent: `${name} on ${relayName}`, behaviour });
    const session = {
      realm: 'r',
      identity: this.#random.bytes(32),
      bootId: new Uint8Array(16),
      sessionSeq: 1,
      tag: this.#random.bytes(16),
    };
    relay.router.handleAgentUp({ ...session, link, names: [name] }, this.nowMs);
    this.#drain(relay);
    return link;
  }

  /** An agent opens; its result gets the returned index. */
  open(
    relayName: string,
    link: LinkId,
    to: string,
    hopsLeft = 3,
    exclude: readonly Uint8Array[] = [],
  ): number {
    const relay = this.#relay(relayName);
    const message: Open = {
      kind: 'open',
      pathId: this.#random.bytes(16),
      realm: 'r',
      from: 'nobody@here',
      to,
      visited: [],
      hopsLeft,
      offer: Uint8Array.of(1, 2, 3),
      exclude,
    };
    const result = this.results.push(undefined) - 1;
    this.#arrive(relay, link, message, { result });
    return result;
  }

  /** Delivers everything in flight, in a random order. */
  run(): void {
    for (;;) {
      const waiting = [...this.#queues].filter(([, queue]) => queue.length > 0);
      if (waiting.length === 0) return;
      this.#random.pick(waiting)[1].shift()!();
    }
  }

  /** Lets time pass, then delivers. */
  advance(ms: number): void {
    this.nowMs += ms;
    for (const relay of this.#relays.values()) {
      relay.router.handleTimeout(this.nowMs);
      this.#drain(relay);
    }
    this.run();
  }

  /** OPENs and legs that a router still remembers, of all routers. */
  get remembered(): number {
    let sum = 0;
    for (const { router } of this.#relays.values()) sum += router.counts.opens + router.counts.legs;
    return sum;
  }

  #relay(name: string): SimRelay {
    return this.#relays.get(name)!;
  }

  #arrive(relay: SimRelay, link: LinkId, message: Open, origin: Origin): OpenId {
    const open = this.#nextId++;
    this.#origins.set(key(relay, open), origin);
    relay.router.handleOpen({ open, link, message }, this.nowMs);
    this.#drain(relay);
    return open;
  }

  #later(queue: string, run: () => void): void {
    const known = this.#queues.get(queue);
    if (known === undefined) this.#queues.set(queue, [run]);
    else known.push(run);
  }

  #drain(relay: SimRelay): void {
    for (let output = relay.router.pollOutput(); output !== undefined; output = relay.router.pollOutput()) {
      switch (output.kind) {
        case 'forward':
          this.#forward(relay, output.leg, output.link, output.message);
          break;
        case 'cancel':
          this.#cancel(relay, output.leg, output.code);
          break;
        case 'accept': {
          const { open, leg, answer, via } = output;
          this.#spliced.set(key(relay, open), leg);
          this.#answer(relay, open, { kind: 'ok', answer: bytesKey(answer), via });
          break;
        }
        case 'fail':
          this.#answer(relay, output.open, { kind: 'failed', code: output.code });
          break;
      }
    }
  }

  #forward(relay: SimRelay, leg: LegId, link: LinkId, message: Open): void {
    const end = relay.links.get(link);
    const stream = key(relay, leg);
    if (end === undefined) {
      this.#later(`${stream} back`, () => this.#legFailed(relay, leg, 'relay_lost'));
      return;
    }
    if ('relay' in end) {
      this.relayOpens++;
      this.#later(stream, () => {
        if (!end.relay.links.has(end.link)) return;
        const open = this.#arrive(end.relay, end.link, message, { relay, leg });
        this.#targets.set(stream, { relay: end.relay, open });
      });
      return;
    }
    this.agentStreams.add(stream);
    if (end.behaviour === 'silent') return;
    this.#later(`${stream} back`, () => {
      if (end.behaviour === 'refuse') {
        this.agentStreams.delete(stream);
        this.#legFailed(relay, leg, 'refused');
        return;
      }
      relay.router.handleOpenOk(leg, { answer: Uint8Array.from(Buffer.from(end.agent)) }, this.nowMs);
      this.#drain(relay);
    });
  }

  #legFailed(relay: SimRelay, leg: LegId, code: WireCode): void {
    relay.router.handleLegFailed(leg, { code, text: '' }, this.nowMs);
    this.#drain(relay);
  }

  #cancel(relay: SimRelay, leg: LegId, code: WireCode): void {
    const stream = key(relay, leg);
    this.#later(stream, () => {
      this.agentStreams.delete(stream);
      const target = this.#targets.get(stream);
      if (target === undefined) return;
      target.relay.router.handleOpenerGone(target.open, code);
      this.#drain(target.relay);
      const leg2 = this.#spliced.get(key(target.relay, target.open));
      if (leg2 !== undefined) this.#cancel(target.relay, leg2, code);
    });
  }

  #answer(relay: SimRelay, open: OpenId, result: SimResult): void {
    const origin = this.#origins.get(key(relay, open))!;
    if ('result' in origin) {
      if (this.results[origin.result] !== undefined) throw new Error('an OPEN was answered twice');
      this.results[origin.result] = result;
      return;
    }
    const { relay: opener, leg } = origin;
    this.#later(`${key(opener, leg)} back`, () => {
      if (result.kind === 'failed') {
        this.#legFailed(opener, leg, result.code);
        return;
      }
      const answer = Uint8Array.from(Buffer.from(result.answer));
      opener.router.handleOpenOk(
        leg,
        { answer, ...(result.via === undefined ? {} : { via: result.via }) },
        this.nowMs,
      );
      this.#drain(opener);
    });
  }
}

function key(relay: SimRelay, id: number): string {
  return `${relay.name} ${id}`;
}
