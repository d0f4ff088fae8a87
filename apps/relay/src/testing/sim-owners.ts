import { type Identity, identityFromSeed, identityId } from '@macula/crypto';
import { SeededRandom } from '@macula/testkit';
import {
  encodeOwnedEntry,
  type NameClaim,
  namesAfter,
  type Owned,
  type OwnedEntry,
  signNameClaim,
  signOwned,
  type WireCode,
} from '@macula/wire';
import { sessionSilenceMsMax } from '../limits.js';
import { Ownership } from '../ownership/ownership.js';
import type { OwnershipNote } from '../ownership/types.js';
import { Router } from '../routing/router.js';
import { tagOf } from '../routing/session-tag.js';
import type { LinkId, PeerMessage, RouterOutput } from '../routing/types.js';

/** Milliseconds since 1970 at the start of every simulation. */
export const wallStartMs = 1_700_000_000_000;

/** A relay of a {@link SimOwners}. */
export interface SimOwnerRelay {
  readonly name: string;
  readonly identity: Identity;
  /** What its clock is wrong by. */
  skewMs: number;
  ownership: Ownership;
  router: Router;
  readonly ends: Map<LinkId, PeeringEnd | SimSession>;
  readonly notes: OwnershipNote[];
}

interface PeeringEnd {
  readonly peer: SimOwnerRelay;
  readonly link: LinkId;
}

/** One session of an agent at a relay. */
export interface SimSession {
  readonly relay: SimOwnerRelay;
  readonly link: LinkId;
  readonly identity: Identity;
  readonly bootId: Uint8Array;
  sessionSeq: number;
  readonly startedMs: number;
  /** Whether it answers PING. */
  isAnswering: boolean;
  /** A PING waits for its answer, which takes a moment. */
  isAsked: boolean;
  heardMs: number;
  state: 'waiting' | 'up' | 'over';
  /** How the relay ended it. */
  code: WireCode | undefined;
  endedMs: number | undefined;
  isSuperseded: boolean;
  claim: NameClaim;
  signature: Uint8Array;
}

/** How an agent's session begins. */
export interface SimSessionOptions {
  readonly identity: Identity;
  readonly names: readonly string[];
  readonly sessionSeq: number;
  readonly bootId?: Uint8Array;
  readonly realm?: string;
  /** It stands by for another one of its process. */
  readonly isStandby?: boolean;
  /** Names that a token says are the identity's own. */
  readonly entitled?: ReadonlySet<string>;
}

/**
 * Routers with ownership, joined by queues whose order a seed decides (in order per peering and direction). Nothing takes time but
 * `advance`.
 */
export class SimOwners {
  readonly random: SeededRandom;
  nowMs = 0;
  /** Messages between relays that were delivered. */
  delivered = 0;
  /** Sees, and may replace or drop, what goes from one relay to another. */
  tamper: (message: PeerMessage, from: string, to: string) => PeerMessage | undefined = (message) => message;
  /** Called at the end of each step of time. */
  onStep: () => void = () => {};
  readonly #relays = new Map<string, SimOwnerRelay>();
  readonly #queues = new Map<LinkId, (() => void)[]>();
  /** Links whose messages are swallowed. */
  readonly #dark = new Set<LinkId>();
  readonly #struckOff = new Set<string>();
  readonly #lastSaid = new Map<SimOwnerRelay, Owned>();
  #nextLink = 1;

  constructor(seed: number, relays: readonly string[], strangers: readonly string[] = []) {
    this.random = new SeededRandom(seed);
    const identities = new Map([...relays, ...strangers].map((name) => [name, this.identity()]));
    for (const name of strangers) this.#struckOff.add(identities.get(name)!.id);
    for (const [name, identity] of identities) {
      const parts = { name, identity, skewMs: 0, ends: new Map(), notes: [] };
      const ownership = this.#ownership(identity, 0);
      const router = new Router({ identity: identity.publicKey, ownership });
      this.#relays.set(name, { ...parts, ownership, router });
    }
  }

  identity(): Identity {
    return identityFromSeed(this.random.bytes(32));
  }

  relay(name: string): SimOwnerRelay {
    return this.#relays.get(name)!;
  }

  get relays(): readonly SimOwnerRelay[] {
    return [...this.#relays.values()];
  }

  /** Peers two relays; gives functions that cut the peering, or let it swallow everything. */
  peer(nameA: string, nameB: string): { cut: () => void; darken: () => void } {
    const [a, b] = [this.relay(nameA), this.relay(nameB)];
    const [linkA, linkB] = [this.#nextLink++, this.#nextLink++];
    a.ends.set(linkA, { peer: b, link: linkB });
    b.ends.set(linkB, { peer: a, link: linkA });
    a.router.handlePeerUp({ link: linkA, identity: b.identity.publicKey, dialled: true }, this.nowMs);
    b.router.handlePeerUp({ link: linkB, identity: a.identity.publicKey, dialled: false }, this.nowMs);
    this.#drain(a);
    this.#drain(b);
    const cut = (): void => {
      this.#linkDown(a, linkA);
      this.#linkDown(b, linkB);
    };
    const darken = (): void => {
      for (const link of [linkA, linkB]) {
        this.#dark.add(link);
        this.#queues.delete(link);
      }
    };
    return { cut, darken };
  }

  /** An agent says HELLO. */
  session(relayName: string, options: SimSessionOptions): SimSession {
    const relay = this.relay(relayName);
    const { identity, names, sessionSeq, realm = 'r', bootId = this.random.bytes(16) } = options;
    const { isStandby = false } = options;
    const claim: NameClaim = {
      ...{ realm, identity: identity.publicKey, bootId, sessionSeq, claimSeq: 0, names },
      relay: relay.identity.publicKey,
      ...(isStandby ? { standby: true } : {}),
    };
    const session: SimSession = {
      ...{
        relay,
        link: this.#nextLink++,
        identity,
        bootId,
        sessionSeq,
        startedMs: this.nowMs,
        heardMs: this.nowMs,
      },
      ...{
        isAnswering: true,
        isAsked: false,
        state: 'waiting',
        code: undefined,
        endedMs: undefined,
        isSuperseded: false,
      },
      ...{ claim, signature: signNameClaim(identity, claim) },
    };
    relay.ends.set(session.link, session);
    const claims = {
      get present() {
        return { claim: session.claim, signature: session.signature };
      },
    };
    const { link } = session;
    const tag = tagOf({ realm, identity: identity.publicKey, bootId });
    const { entitled } = options;
    const of = { link, realm, identity: identity.publicKey, bootId, sessionSeq, names };
    const hello = { ...of, tag, claims, entitled, isStandby };
    relay.router.handleAgentUp(hello, this.nowMs);
    this.#drain(relay);
    return session;
  }

  /** An agent changes its names. */
  changeNames(
    session: SimSession,
    change: { readonly add: readonly string[]; readonly remove: readonly string[] },
  ): void {
    const { claim, identity, relay, link } = session;
    session.claim = { ...claim, claimSeq: claim.claimSeq + 1, names: namesAfter(claim.names, change) };
    session.signature = signNameClaim(identity, session.claim);
    relay.router.handleNames(link, { request: 1, ...change }, this.nowMs);
    this.#drain(relay);
  }

  /** A session that stood by becomes the primary one of its process. */
  promote(session: SimSession, sessionSeq: number): void {
    const { standby: _, ...claim } = session.claim;
    session.claim = { ...claim, claimSeq: claim.claimSeq + 1, sessionSeq };
    session.signature = signNameClaim(session.identity, session.claim);
    session.sessionSeq = sessionSeq;
    const names = { request: 1, add: [], remove: [], sessionSeq };
    session.relay.router.handleNames(session.link, names, this.nowMs);
    this.#drain(session.relay);
  }

  /** A session ends by GOODBYE or by the loss of its connection. */
  end(session: SimSession, ending: 'goodbye' | 'lost'): void {
    if (session.state === 'over') return;
    this.#over(session, undefined);
    session.relay.ends.delete(session.link);
    session.relay.router.handleLinkDown(session.link, this.nowMs, ending);
    this.#drain(session.relay);
  }

  /** A relay's process ends and begins anew, with the clock wrong by so much; its peerings and sessions are gone. */
  restart(relayName: string, skewMs = 0): void {
    const relay = this.relay(relayName);
    for (const [link, end] of [...relay.ends]) {
      if ('peer' in end) this.#linkDown(end.peer, end.link);
      else this.#over(end, undefined);
      relay.ends.delete(link);
      this.#queues.delete(link);
    }
    relay.skewMs = skewMs;
    relay.ownership = this.#ownership(relay.identity, skewMs);
    relay.router = new Router({ identity: relay.identity.publicKey, ownership: relay.ownership });
  }

  /** A relay sends a message to another, whether or not its router would. */
  say(from: string, to: string, message: PeerMessage): void {
    const end = [...this.relay(from).ends.values()].find(
      (other) => 'peer' in other && other.peer.name === to,
    );
    this.#deliverLater(this.relay(from), end as PeeringEnd, message);
  }

  /** A relay says something that its router would not, signed as all it says. */
  lie(relayName: string, entry: OwnedEntry): void {
    const relay = this.relay(relayName);
    const { epoch, version: from } = this.#lastSaid.get(relay)!;
    const origin = relay.identity.publicKey;
    const version = from + 1;
    const bytes = encodeOwnedEntry(entry);
    const signature = signOwned(relay.identity, { origin, epoch, version }, bytes);
    const place = { origin, epoch, version, from, ageMs: 0, more: false };
    for (const end of relay.ends.values())
      if ('peer' in end) this.#deliverLater(relay, end, { kind: 'owned', ...place, entry: bytes, signature });
  }

  /** Every relay hears that this one doesn't belong to the mesh any more. */
  strike(relayName: string): void {
    this.#struckOff.add(this.relay(relayName).identity.id);
    for (const relay of this.relays) {
      relay.router.handleAdmissionChanged();
      this.#drain(relay);
    }
  }

  /** Sends what a relay's router has to say; everything but a direct input to that router does it anyway. */
  flush(relayName: string): void {
    this.#drain(this.relay(relayName));
  }

  /** Delivers what is in flight, default everything, in a random order. */
  run(messagesMax: number = Number.POSITIVE_INFINITY): void {
    for (let message = 0; message < messagesMax; message++) {
      const waiting = [...this.#queues].filter(([, queue]) => queue.length > 0);
      if (waiting.length === 0) return;
      this.random.pick(waiting)[1].shift()!();
    }
  }

  /** Lets time pass, in steps as a relay's timer would; standing sessions that answer give a sign of life each second. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      this.nowMs = Math.min(endMs, this.nowMs + 250);
      for (const relay of this.relays) {
        for (const end of [...relay.ends.values()]) if (!('peer' in end)) this.#giveSignOfLife(end);
        if ((relay.router.pollTimeout()?.atMs ?? Number.POSITIVE_INFINITY) <= this.nowMs)
          relay.router.handleTimeout(this.nowMs);
        this.#drain(relay);
      }
      this.run();
      this.onStep();
    }
  }

  /** Who owns a name, at all relays, without who only stands by. */
  owners(name: string, realm = 'r'): SimSession[] {
    return this.homes(name, realm).filter(({ relay, link }) => !relay.router.isStandby(link));
  }

  /** Who answers to a name, at all relays. */
  homes(name: string, realm = 'r'): SimSession[] {
    return this.sessions().filter(
      ({ relay, link, claim }) => claim.realm === realm && relay.router.namesOf(link).includes(name),
    );
  }

  /** All sessions that stand. */
  sessions(): SimSession[] {
    const sessions: SimSession[] = [];
    for (const { ends } of this.relays)
      for (const end of ends.values()) if (!('peer' in end) && end.state === 'up') sessions.push(end);
    return sessions;
  }

  #ownership(identity: Identity, skewMs: number): Ownership {
    const wallOffsetMs = wallStartMs + skewMs;
    return new Ownership({
      ...{ identity, epoch: wallOffsetMs + this.nowMs, wallOffsetMs },
      admitsOrigin: (relay) => !this.#struckOff.has(identityId(relay)),
    });
  }

  #giveSignOfLife(session: SimSession): void {
    if (this.nowMs - session.heardMs >= sessionSilenceMsMax) this.end(session, 'lost');
    if (!session.isAnswering || (!session.isAsked && this.nowMs % 1000 !== 0)) return;
    session.isAsked = false;
    session.heardMs = this.nowMs;
    session.relay.router.handleAlive(session.link, this.nowMs);
  }

  #linkDown(relay: SimOwnerRelay, link: LinkId): void {
    if (!relay.ends.delete(link)) return;
    this.#queues.delete(link);
    relay.router.handleLinkDown(link, this.nowMs);
    this.#drain(relay);
  }

  #over(session: SimSession, code: WireCode | undefined): void {
    session.state = 'over';
    session.code = code;
    session.endedMs = this.nowMs;
  }

  #drain(relay: SimOwnerRelay): void {
    for (let output = relay.router.pollOutput(); output !== undefined; output = relay.router.pollOutput())
      this.#perform(relay, output);
  }

  #perform(relay: SimOwnerRelay, output: RouterOutput): void {
    if (output.kind === 'noted') {
      relay.notes.push(output.note);
      return;
    }
    if (output.kind === 'send') {
      for (const link of output.links) {
        const end = relay.ends.get(link);
        if (end !== undefined && 'peer' in end) this.#deliverLater(relay, end, output.message);
      }
      return;
    }
    const end = 'link' in output ? relay.ends.get(output.link) : undefined;
    if (end === undefined || 'peer' in end) return;
    switch (output.kind) {
      case 'admitted':
        end.state = 'up';
        return;
      case 'superseded':
        end.isSuperseded = true;
        return;
      case 'refused':
      case 'evicted':
        this.#over(end, output.code);
        relay.ends.delete(end.link);
        relay.router.handleLinkDown(end.link, this.nowMs, 'lost');
        return;
      case 'probe':
        end.isAsked = true;
    }
  }

  #deliverLater(relay: SimOwnerRelay, { peer, link }: PeeringEnd, sent: PeerMessage): void {
    if (this.#dark.has(link)) return;
    const message = this.tamper(sent, relay.name, peer.name);
    if (message === undefined) return;
    if (message.kind === 'owned' && Buffer.from(message.origin).equals(relay.identity.publicKey))
      this.#lastSaid.set(relay, message);
    this.#later(link, () => {
      if (!peer.ends.has(link)) return;
      this.delivered++;
      peer.router.handlePeerMessage(link, message, this.nowMs);
      this.#drain(peer);
    });
  }

  #later(queue: LinkId, run: () => void): void {
    const known = this.#queues.get(queue);
    if (known === undefined) this.#queues.set(queue, [run]);
    else known.push(run);
  }
}
