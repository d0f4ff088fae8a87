import { randomBytes } from 'node:crypto';
import { identityId } from '@macula/crypto';
import type { Connection, RelayUrl } from '@macula/transport';
import { RingBudget } from '@macula/tunnel';
import { codeNumber, hopLimitDefault, type Open, type WireCode } from '@macula/wire';
import { AttachDesk } from './attach-desk.js';
import { AttachRoutes } from './attach-routes.js';
import { type Failure, MeshError, wireCodeOf } from './errors.js';
import { GuessLimiter, type GuessRefusal, type GuessTry } from './guess-limiter.js';
import { IncomingTunnel } from './incoming-tunnel.js';
import { leaveRelay } from './leave-relay.js';
import {
  closeGraceMs,
  handshakesPerSecond,
  redialDelayMsMax,
  ringBudgetBytes,
  standbySessionsDefault,
  tunnelsMax,
} from './limits.js';
import type { MeshOptions, MeshStatus } from './mesh-options.js';
import { MeshTunnel } from './mesh-tunnel.js';
import type { MeshTunnelOptions, MeshTunnelOwner } from './mesh-tunnel-types.js';
import { OpenCopies } from './open-copies.js';
import { PresenceWatch } from './presence-watch.js';
import { hintsOf, relaysOf } from './relay-hints.js';
import { relayStatus } from './relay-status.js';
import { Session } from './session.js';
import type { KeptSessionHandlers } from './session-keeper-types.js';
import { beginsAt, SessionLeases } from './session-leases.js';
import { changeOf, isSameRelay, SessionSet } from './session-set.js';
import { SessionTokens } from './session-tokens.js';
import type { StreamHandover } from './stream-handover.js';
import { TakenNames } from './taken-names.js';

/** What a tunnel uses. */
interface TunnelPlace {
  /** By which its first OPEN went; undefined while it waits for one. */
  session: Session | undefined;
  /** This node's name and the other's. */
  readonly ends: { readonly from: string; readonly to: string };
  /** Over which sessions it looks for another path. */
  readonly routes: AttachRoutes;
}

/** Membership of one realm through the sessions of a {@link SessionSet}. */
export class Mesh {
  readonly #options: MeshOptions;
  readonly #names: Set<string>;
  readonly #sessions: SessionSet;
  readonly #tunnels = new Map<MeshTunnel, TunnelPlace>();
  readonly #leases = new SessionLeases((session) => this.#sessions.handleReleased(session));
  readonly #attaches = new AttachDesk(() => this.#tunnels.keys());
  readonly #ringBudget = new RingBudget(ringBudgetBytes);
  readonly #guesses = new GuessLimiter();
  readonly #copies = new OpenCopies();
  readonly #taken = new TakenNames((names) => this.#askAgain(names));
  readonly #tokens: SessionTokens;
  readonly #presence: PresenceWatch;
  #joined: Promise<void>;
  #settleJoined!: { resolve: () => void; reject: (error: MeshError) => void };

  constructor(options: MeshOptions) {
    this.#options = options;
    this.#names = new Set(options.names);
    const { transport, relays, tlsVerify, caPem, onEvent, token } = options;
    const { reconnectIntervalMs = redialDelayMsMax, standbySessions = standbySessionsDefault } = options;
    this.#tokens = new SessionTokens(token);
    this.#presence = new PresenceWatch({ isOwn: (name) => this.#names.has(name), onEvent });
    this.#sessions = new SessionSet({
      transport,
      relays,
      tlsVerify,
      ...(caPem === undefined ? {} : { caPem }),
      ...{ reconnectIntervalMs, standbySessions },
      names: () => [...this.#names],
      makeSession: (...of) => this.#makeSession(...of),
      onEvent,
      onPresent: (session, former) => this.#handlePresent(session, former),
      onRefused: (error) => this.#settleJoined.reject(error),
      isInUse: (session) => this.#leases.isInUse(session),
      onChanged: () => this.#tellRelays(),
      isAwaited: () => [...this.#tunnels.keys()].some(({ isDetached }) => isDetached),
    });
    this.#joined = new Promise((resolve, reject) => {
      this.#settleJoined = { resolve, reject };
    });
    this.#joined.catch(() => undefined); // whoever cares awaits joined()
  }

  /** Begins to dial; reconnects until `close`. */
  start(): void {
    this.#sessions.start();
  }

  /** Resolves with the first session; rejects with MeshError `refused` when every relay refused for good, or `closed`. */
  joined(): Promise<void> {
    return this.#joined;
  }

  /** Why each relay that isn't connected isn't, by URL. */
  lastErrors(): ReadonlyMap<string, Failure> {
    return this.#sessions.lastErrors;
  }

  /**
   * Looks at the token: if it is another one than that of the session, a session with it is made beside, and takes its place without
   * harm to the tunnels; if all relays have refused the one before, they are tried at once. To be called every few seconds.
   */
  checkToken(): void {
    const isNews = this.#tokens.isNews;
    if (isNews !== undefined)
      this.#sessions.handleToken(isNews, (session) => !this.#tokens.isPresent(session));
  }

  /** The token of the present session, or the one that was shown last; undefined: none. */
  get presentToken(): string | undefined {
    return this.#tokens.shownBy(this.#sessions.present);
  }

  /** Advertises exactly these names from now on, also after a reconnect; resolves when the present relay has done it. */
  async setNames(names: readonly string[]): Promise<void> {
    const change = changeOf([...this.#names], names);
    this.#names.clear();
    for (const name of names) this.#names.add(name);
    this.#taken.remove(change.remove);
    this.#presence.handleOwn(change);
    const { present } = this.#sessions;
    if (change.add.length + change.remove.length === 0) return;
    for (const session of this.#sessions.sessions) if (session !== present) void session.changeNames(change);
    await present?.changeNames(change);
  }

  /**
   * Watches which other nodes are in the realm, at whatever relay, or no more: `nodes`, and `node_joined` and `node_left`, at first `node_joined` for all that are there. It
   * goes on over every change of session, and only what differs is told. A relay before minor version 2 tells nothing.
   */
  watch(on = true): void {
    if (on) this.#presence.start(this.#sessions.present);
    else this.#presence.stop();
  }

  /**
   * The names of all other nodes of the realm in the mesh, connected to this one or not, in order; like OTP's `nodes()` without this node's own. Undefined while they
   * aren't known: without `watch`, until the first list has come, and while the relay in use is too old to tell (before minor version 2).
   */
  nodes(): readonly string[] | undefined {
    return this.#presence.names;
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
      { session: undefined, ends: { from, to }, routes: new AttachRoutes() },
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
      relays: this.#options.relays.map((url) => relayStatus(url, this.#sessions)),
      tunnels: this.#tunnels.size,
      isRefused: this.#sessions.isRefused,
    };
  }

  /** Ends every tunnel, waits at most {@link closeGraceMs} for that to leave, and closes the session. */
  async close(code: WireCode): Promise<void> {
    if (this.#sessions.state === 'closed') return;
    this.#sessions.stop();
    this.#presence.stop();
    this.#taken.close();
    this.#settleJoined.reject(new MeshError('closed', code));
    for (const tunnel of this.#tunnels.keys()) tunnel.close(code === 'shutdown' ? 'agent_stopped' : code, '');
    const deadline = performance.now() + closeGraceMs;
    while (this.#tunnels.size > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const tunnel of [...this.#tunnels.keys()]) tunnel.fail(code, 'the mesh was closed');
    this.#attaches.close();
    this.#sessions.closeSessions(code);
  }

  #makeSession(
    connection: Connection,
    url: RelayUrl,
    kind: { readonly sessionSeq: number; readonly standby: boolean },
    handlers: KeptSessionHandlers,
  ): Session {
    const { realm, identity, bootId, label } = this.#options;
    const token = this.#tokens.present;
    const session: Session = new Session({
      connection,
      url,
      hello: {
        role: 'agent',
        realm,
        names: [...this.#names],
        identity,
        bootId,
        ...kind,
        nonce: randomBytes(32),
        label,
        token,
      },
      onOpen: (open, handover) => this.#handleOpen(open, handover, session),
      onNamesTaken: (names) => session === this.#sessions.present && this.#handleTaken(names, url),
      onPresence: (presence) => this.#presence.handlePresence(session, presence),
      onGoodbye: (code) => this.#handleGoodbye(code, session),
      ...handlers,
      onDraining: () => {
        const isPrimary = session === this.#sessions.present;
        handlers.onDraining();
        if (!isPrimary) this.#leaveBeside(session);
      },
    });
    this.#tokens.note(session, token);
    return session;
  }

  #handlePresent(session: Session, former: Session | undefined): void {
    this.#settleJoined.resolve();
    this.#handleGiven(session.helloNames, session.url);
    this.#updateNames(session);
    this.#presence.handleSession(session);
    for (const tunnel of this.#tunnels.keys()) tunnel.handleHint();
    if (former === undefined) return;
    // The same relay has given the names to the new session.
    if (!isSameRelay(former, session)) void former.changeNames({ add: [], remove: [...this.#names] });
    if (former.isDraining) leaveRelay(former.url, () => this.#tunnels.keys());
    if (!former.isDoubted) return;
    for (const [tunnel, place] of this.#tunnels) {
      if (place.session === former && tunnel.isOpening) this.#openPath(tunnel, session);
    }
  }

  /** Tunnels leave another session than the primary one where that goes on; from that one they go with its names. */
  #leaveBeside(session: Session): void {
    const { present } = this.#sessions;
    if (present === undefined || present.isDraining || isSameRelay(present, session)) return;
    leaveRelay(session.url, () => this.#tunnels.keys());
  }

  /** Whoever has no right to be here any more, no other token and no other relay, doesn't look for another way. */
  #handleGoodbye(code: WireCode, session: Session): boolean {
    const { sessions } = this.#sessions;
    if (sessions.length !== 1 || sessions[0] !== session) return false;
    if (!code.startsWith('token_') || !this.#tokens.isPresent(session)) return false;
    for (const tunnel of [...this.#tunnels.keys()])
      if (tunnel.isDetached || tunnel.path?.relay === session.url.text) tunnel.close(code, '');
    return true;
  }

  #openPathSoon(tunnel: MeshTunnel): void {
    this.#sessions.whenPresent((session) => {
      if (session === undefined) tunnel.fail('relay_lost', this.#whyUnconnected());
      else this.#openPath(tunnel, session);
    });
  }

  #whyUnconnected(): string {
    const why = [...this.#sessions.lastErrors].map(([url, { text }]) => `${url}: ${text}`);
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
    const place = this.#tunnels.get(tunnel);
    const soon = place?.routes.next(this.#sessions.sessions, tunnel);
    const attach = (session: Session | undefined): void => {
      const ends = this.#tunnels.get(tunnel)?.ends;
      tunnel.openAttach(pathId, (offer, handlers, relays) => {
        if (session !== undefined && ends !== undefined) {
          const open = this.#openMessage(ends, offer, tunnel.excluded);
          return this.#leases.open(session, { ...open, ...hintsOf(relays) }, handlers);
        }
        const error = new MeshError('relay_lost', 'relay_lost', this.#whyUnconnected());
        queueMicrotask(() => handlers.onFailed(error, undefined, ''));
        return () => undefined;
      });
    };
    if (soon === undefined) this.#sessions.whenPresent(attach);
    else attach(soon);
  }

  /** Tells the initiator that its tunnel's other end waits for a path. */
  #sendHint(tunnel: MeshTunnel, offer: Uint8Array): void {
    const place = this.#tunnels.get(tunnel);
    const session = place?.routes.next(this.#sessions.sessions, tunnel) ?? this.#sessions.present;
    if (session === undefined || place === undefined) return;
    this.#leases.open(session, this.#openMessage(place.ends, offer, tunnel.excluded), {
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
    const session = this.#sessions.present;
    const taken = await session?.changeNames({ add: names, remove: [] });
    if (session === undefined || taken === undefined || session !== this.#sessions.present) return;
    this.#handleGiven(
      names.filter((name) => !taken.includes(name)),
      session.url,
    );
  }

  /** Names that changed while the session's HELLO was under way. */
  #updateNames(session: Session): void {
    const change = changeOf(session.helloNames, [...this.#names]);
    if (change.add.length + change.remove.length > 0) void session.changeNames(change);
  }

  #handleOpen(open: Open, handover: StreamHandover, session: Session): void {
    const leased = this.#leases.hold(session, handover);
    /** Until the peer has an answer, which tests its guess. */
    let untested: GuessTry | undefined;
    const onSettled = (): void => {
      if (untested !== undefined) this.#guesses.handleReleased(untested);
      untested = undefined;
    };
    let isCopy = true;
    const onOver = (): void => {
      leased.onOver?.();
      if (!isCopy) this.#copies.forget(open.pathId);
    };
    const incoming = new IncomingTunnel({ open, handover: { ...leased, onOver }, onSettled }, (key) => {
      const tunnel = MeshTunnel.respond({ open, key, ...this.#tunnelOptions(open.from) });
      const tested = untested;
      untested = undefined;
      const place = { session, ends: { from: open.to, to: open.from }, routes: new AttachRoutes() };
      return this.#adopt(tunnel, place, {
        onProven: () => {
          if (tested !== undefined) this.#guesses.handleConfirmed(tested);
        },
        onHintWanted: (offer) => this.#sendHint(tunnel, offer),
      });
    });
    if (this.#sessions.state === 'closed') {
      incoming.refuse('agent_stopped', '');
      return;
    }
    if (open.realm === this.#options.realm && this.#attaches.answer(open, leased)) return;
    if (open.realm !== this.#options.realm || !this.#names.has(open.to)) {
      incoming.refuse('not_here', 'no node of that name here');
      return;
    }
    isCopy = this.#copies.isCopy(open.pathId, performance.now());
    if (isCopy) {
      incoming.refuse('not_here', '');
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
    tunnel.setRelays(relaysOf(this.#sessions.sessions));
    tunnel.owner = {
      ...owner,
      findPath: () => place.session && beginsAt(place.session),
      onGone: () => this.#tunnels.delete(tunnel),
    };
    return tunnel;
  }

  /** Tells the other nodes which relays this one is at. */
  #tellRelays(): void {
    const relays = relaysOf(this.#sessions.sessions);
    for (const tunnel of this.#tunnels.keys()) tunnel.setRelays(relays);
  }
}
