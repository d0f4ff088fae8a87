import { randomBytes } from 'node:crypto';
import { type Identity, identityId } from '@macula/crypto';
import type { Connection, RelayUrl, Transport } from '@macula/transport';
import { RingBudget } from '@macula/tunnel';
import { codeNumber, hopLimitDefault, type Open, type WireCode } from '@macula/wire';
import { AttachDesk } from './attach-desk.js';
import { type Failure, MeshError, wireCodeOf } from './errors.js';
import { GuessLimiter, type GuessRefusal, type GuessTry } from './guess-limiter.js';
import { IncomingTunnel } from './incoming-tunnel.js';
import { leaveRelay } from './leave-relay.js';
import { closeGraceMs, handshakesPerSecond, ringBudgetBytes, tunnelsMax } from './limits.js';
import type { MeshEvent } from './mesh-event.js';
import { MeshTunnel } from './mesh-tunnel.js';
import type { MeshTunnelOptions, MeshTunnelOwner } from './mesh-tunnel-types.js';
import { Session } from './session.js';
import { type KeptSessionHandlers, SessionKeeper } from './session-keeper.js';
import { beginsAt, SessionLeases } from './session-leases.js';
import type { StreamHandover } from './stream-handover.js';
import { TakenNames } from './taken-names.js';
import type { MeshTunnelLimits } from './tunnel-facts.js';

/** How a {@link Mesh} joins. */
export interface MeshOptions {
  /** Dials the relays; owned by the caller. */
  readonly transport: Transport;
  /** In order of preference; at least one. */
  readonly relays: readonly RelayUrl[];
  readonly realm: string;
  /** How the node calls itself; for people, proves nothing. */
  readonly label: string;
  readonly tlsVerify: 'none' | 'verify_peer';
  readonly caPem?: readonly string[];
  readonly identity: Identity;
  /** The token of the realm, asked for at each session and by {@link Mesh.checkToken}. Default: none. */
  readonly token?: () => string;
  /** 16 bytes, random at process start. */
  readonly bootId: Uint8Array;
  /** Names to advertise from the start. */
  readonly names: readonly string[];
  /** Seconds; exchanged in the tunnel handshake, a difference is reported. 0 when unknown. */
  readonly netTicktime: number;
  /** Tunnel protocol for a peer; the other end must be set the same. Default 2; 1 is the original, weaker envelope. */
  readonly tunnelProtocol?: (peer: string) => 1 | 2;
  /** Bounds of every tunnel. Default: the tunnels' own. */
  readonly tunnelLimits?: MeshTunnelLimits;
  /** RECONNECT_INTERVAL: the longest pause between two rounds of dialling relays, milliseconds. Default 2000. */
  readonly reconnectIntervalMs?: number;
  readonly onEvent: (event: MeshEvent) => void;
  /** A peer wants a tunnel: call `accept` or `refuse` on it, now or later. */
  readonly onIncoming: (incoming: IncomingTunnel) => void;
}

/** A mesh seen from outside; plain data. */
export interface MeshStatus {
  readonly realm: string;
  readonly names: readonly string[];
  readonly relays: readonly RelayStatus[];
  readonly tunnels: number;
  /** No relay is connected, and all of them have refused for good when they were tried last. They are tried on. */
  readonly isRefused: boolean;
}

/** One configured relay. */
export interface RelayStatus {
  readonly url: string;
  /** `waiting`: not in use now; it is tried when the connected one fails. */
  readonly state: 'connected' | 'connecting' | 'waiting';
  readonly relayId?: string;
  readonly transport?: string;
  readonly rttMs?: number;
  readonly lastError?: string;
}

/** What a tunnel uses. */
interface TunnelPlace {
  /** By which its first OPEN went; undefined while it waits for one. */
  session: Session | undefined;
  /** This node's name and the other's. */
  readonly ends: { readonly from: string; readonly to: string };
}

/** Membership of one realm through one relay at a time, kept up by a {@link SessionKeeper}. */
export class Mesh {
  readonly #options: MeshOptions;
  readonly #names: Set<string>;
  readonly #keeper: SessionKeeper;
  readonly #tunnels = new Map<MeshTunnel, TunnelPlace>();
  readonly #leases = new SessionLeases((session) => this.#keeper.handleReleased(session));
  readonly #attaches = new AttachDesk(() => this.#tunnels.keys());
  readonly #ringBudget = new RingBudget(ringBudgetBytes);
  readonly #guesses = new GuessLimiter();
  readonly #taken = new TakenNames((names) => this.#askAgain(names));
  /** What each session was made with. */
  readonly #tokens = new WeakMap<Session, string>();
  /** Shown to a relay last. */
  #lastToken: string | undefined;
  #joined: Promise<void>;
  #settleJoined!: { resolve: () => void; reject: (error: MeshError) => void };

  constructor(options: MeshOptions) {
    this.#options = options;
    this.#names = new Set(options.names);
    const { transport, relays, tlsVerify, caPem, reconnectIntervalMs, onEvent } = options;
    this.#keeper = new SessionKeeper({
      transport,
      relays,
      tlsVerify,
      ...(caPem === undefined ? {} : { caPem }),
      ...(reconnectIntervalMs === undefined ? {} : { reconnectIntervalMs }),
      makeSession: (...of) => this.#makeSession(...of),
      onEvent,
      onPresent: (session, former) => this.#handlePresent(session, former),
      onRefused: (error) => this.#settleJoined.reject(error),
      isInUse: (session) => this.#leases.isInUse(session),
      isAwaited: () => [...this.#tunnels.keys()].some(({ isDetached }) => isDetached),
    });
    this.#joined = new Promise((resolve, reject) => {
      this.#settleJoined = { resolve, reject };
    });
    this.#joined.catch(() => undefined); // whoever cares awaits joined()
  }

  /** Begins to dial; reconnects until `close`. */
  start(): void {
    this.#keeper.start();
  }

  /** Resolves with the first session; rejects with MeshError `refused` when every relay refused for good, or `closed`. */
  joined(): Promise<void> {
    return this.#joined;
  }

  /** Why each relay that isn't connected isn't, by URL. */
  lastErrors(): ReadonlyMap<string, Failure> {
    return this.#keeper.lastErrors;
  }

  /**
   * Looks at the token: if it is another one than that of the session, a session with it is made beside, and takes its place without
   * harm to the tunnels; if all relays have refused the one before, they are tried at once. To be called every few seconds.
   */
  checkToken(): void {
    const token = this.#options.token?.();
    if (token === undefined) return;
    const { present } = this.#keeper;
    const isNews = token !== this.#lastToken;
    if (isNews || (present !== undefined && this.#tokens.get(present) !== token))
      this.#keeper.handleToken(isNews);
  }

  /** The token of the present session, or the one that was shown last; undefined: none. */
  get presentToken(): string | undefined {
    const { present } = this.#keeper;
    return (present === undefined ? undefined : this.#tokens.get(present)) ?? this.#lastToken;
  }

  /** Advertises exactly these names from now on, also after a reconnect; resolves when the present relay has done it. */
  async setNames(names: readonly string[]): Promise<void> {
    const add = names.filter((name) => !this.#names.has(name));
    const remove = [...this.#names].filter((name) => !names.includes(name));
    this.#names.clear();
    for (const name of names) this.#names.add(name);
    this.#taken.remove(remove);
    if (add.length + remove.length > 0) await this.#keeper.present?.changeNames({ add, remove });
  }

  /**
   * A tunnel to `to`, as initiator. A session of that name that can't prove the key is passed over for another, at most three
   * times; then, or when there is no other, the first failure ends it. Never throws: a failure comes as `onEnded`.
   */
  connect(options: { readonly from: string; readonly to: string; readonly key: Uint8Array }): MeshTunnel {
    const { from, to } = options;
    const tunnel = MeshTunnel.initiate({ ...options, ...this.#tunnelOptions(to) });
    this.#adopt(
      tunnel,
      { session: undefined, ends: { from, to } },
      {
        onAttachWanted: (pathId) => this.#attachSoon(tunnel, pathId),
        onProven: () => this.#guesses.handleOutgoingUp(to),
        onRetry: () => this.#openPathSoon(tunnel),
      },
    );
    this.#openPathSoon(tunnel);
    return tunnel;
  }

  status(): MeshStatus {
    return {
      realm: this.#options.realm,
      names: [...this.#names],
      relays: this.#options.relays.map((url) => this.#relayStatus(url)),
      tunnels: this.#tunnels.size,
      isRefused: this.#keeper.isRefused,
    };
  }

  /** Ends every tunnel, waits at most {@link closeGraceMs} for that to leave, and closes the session. */
  async close(code: WireCode): Promise<void> {
    if (this.#keeper.state === 'closed') return;
    this.#keeper.stop();
    this.#taken.close();
    this.#settleJoined.reject(new MeshError('closed', code));
    for (const tunnel of this.#tunnels.keys()) tunnel.close(code === 'shutdown' ? 'agent_stopped' : code, '');
    const deadline = performance.now() + closeGraceMs;
    while (this.#tunnels.size > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const tunnel of [...this.#tunnels.keys()]) tunnel.fail(code, 'the mesh was closed');
    this.#attaches.close();
    this.#keeper.closeSessions(code);
  }

  #makeSession(
    connection: Connection,
    url: RelayUrl,
    sessionSeq: number,
    handlers: KeptSessionHandlers,
  ): Session {
    const { realm, identity, bootId, label } = this.#options;
    const token = this.#options.token?.();
    const session: Session = new Session({
      connection,
      url,
      hello: {
        role: 'agent',
        realm,
        names: [...this.#names],
        identity,
        bootId,
        sessionSeq,
        nonce: randomBytes(32),
        label,
        token,
      },
      onOpen: (open, handover) => this.#handleOpen(open, handover, session),
      onNamesTaken: (names) => this.#handleTaken(names, url),
      onGoodbye: (code) => session === this.#keeper.present && this.#handleGoodbye(code, session),
      ...handlers,
    });
    this.#lastToken = token;
    if (token !== undefined) this.#tokens.set(session, token);
    return session;
  }

  #handlePresent(session: Session, former: Session | undefined): void {
    this.#settleJoined.resolve();
    this.#handleGiven(session.helloNames, session.url);
    this.#updateNames(session);
    for (const tunnel of this.#tunnels.keys()) tunnel.handleHint();
    if (former === undefined) return;
    const isSameRelay = Buffer.from(former.relayId ?? []).equals(session.relayId ?? new Uint8Array(0));
    // The same relay has given the names to the new session.
    if (!isSameRelay) void former.changeNames({ add: [], remove: [...this.#names] });
    if (former.isDraining) leaveRelay(former.url, () => this.#tunnels.keys());
    if (!former.isDoubted) return;
    for (const [tunnel, place] of this.#tunnels) {
      if (place.session === former && tunnel.isOpening) this.#openPath(tunnel, session);
    }
  }

  /** Whoever has no right to be here any more, and no other token, doesn't look for another way. */
  #handleGoodbye(code: WireCode, session: Session): boolean {
    if (!code.startsWith('token_') || this.#tokens.get(session) !== this.#options.token?.()) return false;
    for (const tunnel of [...this.#tunnels.keys()])
      if (tunnel.path?.relay === session.url.text) tunnel.close(code, '');
    return true;
  }

  #openPathSoon(tunnel: MeshTunnel): void {
    this.#keeper.whenPresent((session) => {
      if (session === undefined) tunnel.fail('relay_lost', this.#whyUnconnected());
      else this.#openPath(tunnel, session);
    });
  }

  #whyUnconnected(): string {
    const why = [...this.#keeper.lastErrors].map(([url, { text }]) => `${url}: ${text}`);
    return ['no relay is connected at the moment', ...why].join('; ');
  }

  #openPath(tunnel: MeshTunnel, session: Session): void {
    const place = this.#tunnels.get(tunnel);
    if (place === undefined) return; // it ended while it waited
    const { ends } = place;
    place.session = session;
    const { excluded } = tunnel;
    tunnel.openPath((offer, handlers) =>
      this.#leases.open(session, this.#openMessage(ends, offer, excluded), handlers),
    );
  }

  #attachSoon(tunnel: MeshTunnel, pathId: number): void {
    this.#keeper.whenPresent((session) => {
      const ends = this.#tunnels.get(tunnel)?.ends;
      tunnel.openAttach(pathId, (offer, handlers) => {
        if (session !== undefined && ends !== undefined)
          return this.#leases.open(session, this.#openMessage(ends, offer, tunnel.excluded), handlers);
        const error = new MeshError('relay_lost', 'relay_lost', this.#whyUnconnected());
        queueMicrotask(() => handlers.onFailed(error, undefined, ''));
        return () => undefined;
      });
    });
  }

  /** Tells the initiator that its tunnel's other end waits for a path. */
  #sendHint(tunnel: MeshTunnel, offer: Uint8Array): void {
    const { present } = this.#keeper;
    const ends = this.#tunnels.get(tunnel)?.ends;
    if (present === undefined || ends === undefined) return;
    this.#leases.open(present, this.#openMessage(ends, offer, tunnel.excluded), {
      onAnswer: (_answer, { stream, onOver }) => {
        onOver?.();
        stream.reset(codeNumber('protocol_error')); // a hint is answered by a refusal
      },
      onFailed: (error, via, relay) => tunnel.handleHintRefused(wireCodeOf(error), via, relay),
    });
  }

  #handleTaken(names: readonly string[], { text: relay }: RelayUrl): void {
    const news = this.#taken.add(names.filter((name) => this.#names.has(name)));
    if (news.length > 0) this.#options.onEvent({ kind: 'names_taken', relay, names: news });
  }

  #handleGiven(names: readonly string[], { text: relay }: RelayUrl): void {
    const given = this.#taken.remove(names);
    if (given.length > 0) this.#options.onEvent({ kind: 'names_given', relay, names: given });
  }

  async #askAgain(names: readonly string[]): Promise<void> {
    const session = this.#keeper.present;
    const taken = await session?.changeNames({ add: names, remove: [] });
    if (session === undefined || taken === undefined || session !== this.#keeper.present) return;
    this.#handleGiven(
      names.filter((name) => !taken.includes(name)),
      session.url,
    );
  }

  /** Names that changed while the session's HELLO was under way. */
  #updateNames(session: Session): void {
    const add = [...this.#names].filter((name) => !session.helloNames.includes(name));
    const remove = session.helloNames.filter((name) => !this.#names.has(name));
    if (add.length + remove.length > 0) void session.changeNames({ add, remove });
  }

  #handleOpen(open: Open, handover: StreamHandover, session: Session): void {
    const leased = this.#leases.hold(session, handover);
    /** Until the peer has an answer, which tests its guess. */
    let untested: GuessTry | undefined;
    const onSettled = (): void => {
      if (untested !== undefined) this.#guesses.handleReleased(untested);
      untested = undefined;
    };
    const incoming = new IncomingTunnel({ open, handover: leased, onSettled }, (key) => {
      const tunnel = MeshTunnel.respond({ open, key, ...this.#tunnelOptions(open.from) });
      const tested = untested;
      untested = undefined;
      const place = { session, ends: { from: open.to, to: open.from } };
      return this.#adopt(tunnel, place, {
        onProven: () => {
          if (tested !== undefined) this.#guesses.handleConfirmed(tested);
        },
        onHintWanted: (offer) => this.#sendHint(tunnel, offer),
      });
    });
    if (this.#keeper.state === 'closed') {
      incoming.refuse('agent_stopped', '');
      return;
    }
    if (open.realm === this.#options.realm && this.#attaches.answer(open, leased)) return;
    if (open.realm !== this.#options.realm || !this.#names.has(open.to)) {
      incoming.refuse('not_here', 'no node of that name here');
      return;
    }
    if (this.#tunnels.size >= tunnelsMax) {
      incoming.refuse('busy', `this agent has ${tunnelsMax} tunnels`);
      return;
    }
    const attempt = this.#guesses.handleOpen({ source: open.source, peer: open.from }, performance.now());
    if (attempt.kind === 'refused') {
      this.#refuse(incoming, attempt, open.source);
      return;
    }
    untested = attempt;
    this.#options.onIncoming(incoming);
  }

  #refuse(incoming: IncomingTunnel, { code, isNews }: GuessRefusal, source: Uint8Array | undefined): void {
    const isBusy = code === 'busy';
    incoming.refuse(
      code,
      isBusy ? `the other node takes ${handshakesPerSecond} new connections a second` : '',
    );
    if (!isNews) return;
    const id = source === undefined ? '' : identityId(source);
    this.#options.onEvent({ kind: 'too_many_failures', peer: incoming.from, source: id });
  }

  #tunnelOptions(peer: string): Omit<MeshTunnelOptions, 'key'> {
    const { realm, bootId, netTicktime, tunnelProtocol, tunnelLimits = {} } = this.#options;
    return {
      ...{ realm, bootId, netTicktime, protocol: tunnelProtocol?.(peer) ?? 2, limits: tunnelLimits },
      ...{ ringBudget: this.#ringBudget, tombstones: this.#attaches.tombstones },
    };
  }

  #openMessage({ from, to }: TunnelPlace['ends'], offer: Uint8Array, exclude: readonly Uint8Array[]): Open {
    return {
      kind: 'open',
      pathId: randomBytes(16),
      realm: this.#options.realm,
      from,
      to,
      visited: [],
      hopsLeft: hopLimitDefault,
      offer,
      exclude,
    };
  }

  #adopt(tunnel: MeshTunnel, place: TunnelPlace, owner: MeshTunnelOwner): MeshTunnel {
    this.#tunnels.set(tunnel, place);
    tunnel.owner = {
      ...owner,
      findPath: () => place.session && beginsAt(place.session),
      onGone: () => this.#tunnels.delete(tunnel),
    };
    return tunnel;
  }

  #relayStatus(url: RelayUrl): RelayStatus {
    const { present, state, lastErrors } = this.#keeper;
    const session = present?.url === url ? present : undefined;
    const lastError = lastErrors.get(url.text);
    return {
      url: url.text,
      state: session !== undefined ? 'connected' : state === 'dialling' ? 'connecting' : 'waiting',
      ...(session?.relayId === undefined ? {} : { relayId: identityId(session.relayId) }),
      ...(session === undefined ? {} : { transport: session.transport }),
      ...(session?.rttMs === undefined ? {} : { rttMs: session.rttMs }),
      ...(lastError === undefined ? {} : { lastError: lastError.text }),
    };
  }
}
