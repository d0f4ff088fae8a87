import { randomBytes } from 'node:crypto';
import { type Identity, identityId } from '@macula/crypto';
import type { RelayUrl, Transport } from '@macula/transport';
import { hopLimitDefault, type Open, type WireCode } from '@macula/wire';
import { dialAny } from './dial-any.js';
import { describeFailure, MeshError } from './errors.js';
import { IncomingTunnel } from './incoming-tunnel.js';
import {
  closeGraceMs,
  redialDelayMsMax,
  redialDelayMsMin,
  replacedDelayMs,
  sessionStableMs,
  sessionWaitMs,
  tunnelsMax,
} from './limits.js';
import { MeshTunnel, type MeshTunnelOptions } from './mesh-tunnel.js';
import { Session } from './session.js';
import type { StreamHandover } from './stream-handover.js';

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
  /** 16 bytes, random at process start. */
  readonly bootId: Uint8Array;
  /** Names to advertise from the start. */
  readonly names: readonly string[];
  /** Seconds; exchanged in the tunnel handshake, a difference is reported. 0 when unknown. */
  readonly netTicktime: number;
  /** Tunnel protocol for a peer; the other end must be set the same. Default 2; 1 is the original, weaker envelope. */
  readonly tunnelProtocol?: (peer: string) => 1 | 2;
  readonly onEvent: (event: MeshEvent) => void;
  /** A peer wants a tunnel: call `accept` or `refuse` on it, now or later. */
  readonly onIncoming: (incoming: IncomingTunnel) => void;
}

/** What happens to the session. */
export type MeshEvent =
  | {
      readonly kind: 'session_up';
      readonly relay: string;
      readonly relayId: string;
      readonly transport: string;
    }
  | { readonly kind: 'session_down'; readonly relay: string; readonly code: string; readonly text: string }
  /** One try failed; the next relay, or the same one later, is tried. */
  | { readonly kind: 'dial_failed'; readonly relay: string; readonly code: string; readonly text: string }
  /** The relay refused these names (another identity owns them). */
  | { readonly kind: 'names_taken'; readonly relay: string; readonly names: readonly string[] };

/** A mesh seen from outside; plain data. */
export interface MeshStatus {
  readonly realm: string;
  readonly names: readonly string[];
  readonly relays: readonly RelayStatus[];
  readonly tunnels: number;
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

/**
 * Membership of one realm through one relay at a time.
 *
 * States: idle → (`start`) dialling ⇄ connected → (`close`) closed. While dialling, the relays are tried in order of
 * preference, staggered, round after round with growing pauses, for ever.
 */
export class Mesh {
  readonly #options: MeshOptions;
  readonly #names: Set<string>;
  readonly #tunnels = new Set<MeshTunnel>();
  readonly #lastErrors = new Map<string, string>();
  readonly #waiters = new Set<(session: Session | undefined) => void>();
  #session: Session | undefined;
  #state: 'idle' | 'dialling' | 'connected' | 'closed' = 'idle';
  #redialDelayMs = redialDelayMsMin;
  #redialTimer: NodeJS.Timeout | undefined;
  #cancelDial: (() => void) | undefined;
  #sessionSeq = 0;
  #sessionUpAtMs = 0;
  /** Sessions lost in a row before they were stable. */
  #flaps = 0;
  /** Whose session was the last of these: tried last. */
  #flapping: RelayUrl | undefined;
  #joined: Promise<void>;
  #settleJoined!: { resolve: () => void; reject: (error: MeshError) => void };

  constructor(options: MeshOptions) {
    this.#options = options;
    this.#names = new Set(options.names);
    this.#joined = new Promise((resolve, reject) => {
      this.#settleJoined = { resolve, reject };
    });
    this.#joined.catch(() => undefined); // whoever cares awaits joined()
  }

  /** Begins to dial; reconnects until `close`. */
  start(): void {
    if (this.#state === 'idle') this.#dial();
  }

  /** Resolves with the first session; rejects with MeshError `refused` when every relay refused for good, or `closed`. */
  joined(): Promise<void> {
    return this.#joined;
  }

  /** Why each relay that isn't connected isn't, by URL. */
  lastErrors(): ReadonlyMap<string, string> {
    return this.#lastErrors;
  }

  /** Advertises exactly these names from now on, also after a reconnect; resolves when the present relay has done it. */
  async setNames(names: readonly string[]): Promise<void> {
    const add = names.filter((name) => !this.#names.has(name));
    const remove = [...this.#names].filter((name) => !names.includes(name));
    this.#names.clear();
    for (const name of names) this.#names.add(name);
    if (add.length + remove.length > 0) await this.#session?.changeNames({ add, remove });
  }

  /** A tunnel to `to`, as initiator. Never throws: a failure comes as `onEnded`. */
  connect(options: { readonly from: string; readonly to: string; readonly key: Uint8Array }): MeshTunnel {
    const tunnel = this.#adopt(MeshTunnel.initiate({ ...options, ...this.#tunnelOptions(options.to) }));
    this.#whenConnected((session) => {
      if (session === undefined) {
        tunnel.fail('relay_lost', 'no relay is connected at the moment');
        return;
      }
      tunnel.openPath((offer, handlers) =>
        session.open(this.#openMessage(options.from, options.to, offer), handlers),
      );
    });
    return tunnel;
  }

  status(): MeshStatus {
    return {
      realm: this.#options.realm,
      names: [...this.#names],
      relays: this.#options.relays.map((url) => this.#relayStatus(url)),
      tunnels: this.#tunnels.size,
    };
  }

  /** Ends every tunnel, waits at most {@link closeGraceMs} for that to leave, and closes the session. */
  async close(code: WireCode): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#redialTimer);
    this.#cancelDial?.();
    this.#settleJoined.reject(new MeshError('closed', code));
    for (const waiter of [...this.#waiters]) waiter(undefined);
    for (const tunnel of this.#tunnels) tunnel.close(code === 'shutdown' ? 'agent_stopped' : code, '');
    const deadline = performance.now() + closeGraceMs;
    while (this.#tunnels.size > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const tunnel of this.#tunnels) tunnel.fail(code, 'the mesh was closed');
    this.#session?.close(code, '');
    this.#session = undefined;
  }

  #dial(): void {
    this.#state = 'dialling';
    this.#sessionSeq = Math.max(this.#sessionSeq + 1, Date.now());
    this.#cancelDial = dialAny({
      transport: this.#options.transport,
      relays: this.#relaysInOrder(),
      tlsVerify: this.#options.tlsVerify,
      ...(this.#options.caPem === undefined ? {} : { caPem: this.#options.caPem }),
      makeSession: (connection, url, onEnded) =>
        new Session({
          connection,
          url,
          hello: {
            role: 'agent',
            realm: this.#options.realm,
            names: [...this.#names],
            identity: this.#options.identity,
            bootId: this.#options.bootId,
            sessionSeq: this.#sessionSeq,
            nonce: randomBytes(32),
            label: this.#options.label,
          },
          onOpen: (open, handover) => this.#handleOpen(open, handover),
          onNamesTaken: (names) => this.#options.onEvent({ kind: 'names_taken', relay: url.text, names }),
          onEnded,
        }),
      onFailed: (url, error) => this.#handleDialFailed(url, error),
      onWon: (session) => this.#handleSession(session),
      onAllFailed: (errors) => this.#handleRoundFailed(errors),
      onLost: (session, error) => this.#handleSessionLost(session, error),
    });
  }

  #handleDialFailed(url: RelayUrl, error: unknown): void {
    const { code, text } = describeFailure(error);
    this.#lastErrors.set(url.text, text);
    this.#options.onEvent({ kind: 'dial_failed', relay: url.text, code, text });
  }

  #handleRoundFailed(errors: readonly unknown[]): void {
    if (this.#state === 'closed') return;
    const refusals = errors.filter((error) => error instanceof MeshError && error.code === 'refused');
    const [first] = refusals;
    if (first instanceof MeshError && refusals.length === errors.length && !isPassing(first.wireCode)) {
      this.#settleJoined.reject(first);
    }
    this.#redialIn(this.#redialDelayMs);
    this.#redialDelayMs = Math.min(this.#redialDelayMs * 2, redialDelayMsMax);
  }

  #redialIn(delayMs: number): void {
    this.#state = 'dialling';
    this.#redialTimer = setTimeout(() => this.#dial(), delayMs * (0.8 + Math.random() * 0.4));
  }

  #handleSession(session: Session): void {
    this.#state = 'connected';
    this.#session = session;
    this.#sessionUpAtMs = performance.now();
    this.#redialDelayMs = redialDelayMsMin;
    this.#lastErrors.delete(session.url.text);
    this.#options.onEvent({
      kind: 'session_up',
      relay: session.url.text,
      relayId: session.relayId === undefined ? '' : identityId(session.relayId),
      transport: session.transport,
    });
    this.#settleJoined.resolve();
    this.#updateNames(session);
    for (const waiter of [...this.#waiters]) waiter(session);
  }

  #handleSessionLost(session: Session, error: MeshError): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#lastErrors.set(session.url.text, error.message);
    this.#options.onEvent({
      kind: 'session_down',
      relay: session.url.text,
      code: error.wireCode,
      text: error.message,
    });
    if (this.#state === 'closed') return;
    const wasStable = performance.now() - this.#sessionUpAtMs >= sessionStableMs;
    this.#flaps = wasStable ? 0 : this.#flaps + 1;
    this.#flapping = wasStable ? undefined : session.url;
    if (error.wireCode === 'replaced') this.#redialIn(replacedDelayMs);
    else if (this.#flaps <= 1) this.#dial();
    else this.#redialIn(Math.min(redialDelayMsMin * 2 ** (this.#flaps - 2), redialDelayMsMax));
  }

  /** By preference, but for a relay that takes us and drops us. */
  #relaysInOrder(): readonly RelayUrl[] {
    const { relays } = this.#options;
    const flapping = this.#flapping;
    if (flapping === undefined) return relays;
    return [...relays.filter((url) => url !== flapping), flapping];
  }

  /** Names that changed while the session's HELLO was under way. */
  #updateNames(session: Session): void {
    const add = [...this.#names].filter((name) => !session.helloNames.includes(name));
    const remove = session.helloNames.filter((name) => !this.#names.has(name));
    if (add.length + remove.length > 0) void session.changeNames({ add, remove });
  }

  #handleOpen(open: Open, handover: StreamHandover): void {
    const incoming = new IncomingTunnel({ open, handover }, (key) =>
      this.#adopt(MeshTunnel.respond({ open, key, ...this.#tunnelOptions(open.from) })),
    );
    if (this.#state === 'closed') {
      incoming.refuse('agent_stopped', '');
      return;
    }
    if (open.realm !== this.#options.realm || !this.#names.has(open.to)) {
      incoming.refuse('not_here', 'no node of that name here');
      return;
    }
    if (this.#tunnels.size >= tunnelsMax) {
      incoming.refuse('busy', `this agent has ${tunnelsMax} tunnels`);
      return;
    }
    this.#options.onIncoming(incoming);
  }

  #tunnelOptions(peer: string): Omit<MeshTunnelOptions, 'key'> {
    const { realm, bootId, netTicktime, tunnelProtocol } = this.#options;
    return { realm, bootId, netTicktime, protocol: tunnelProtocol?.(peer) ?? 2 };
  }

  #openMessage(from: string, to: string, offer: Uint8Array): Open {
    return {
      kind: 'open',
      pathId: randomBytes(16),
      realm: this.#options.realm,
      from,
      to,
      visited: [],
      hopsLeft: hopLimitDefault,
      offer,
    };
  }

  #adopt(tunnel: MeshTunnel): MeshTunnel {
    this.#tunnels.add(tunnel);
    tunnel.onGone = () => this.#tunnels.delete(tunnel);
    return tunnel;
  }

  /** Calls back with the present session, with the next one when it comes soon, or with undefined. */
  #whenConnected(callback: (session: Session | undefined) => void): void {
    if (this.#session !== undefined || this.#state === 'closed' || this.#state === 'idle') {
      callback(this.#session);
      return;
    }
    const waiter = (session: Session | undefined): void => {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
      callback(session);
    };
    const timer = setTimeout(() => waiter(undefined), sessionWaitMs);
    this.#waiters.add(waiter);
  }

  #relayStatus(url: RelayUrl): RelayStatus {
    const session = this.#session?.url === url ? this.#session : undefined;
    const lastError = this.#lastErrors.get(url.text);
    return {
      url: url.text,
      state: session !== undefined ? 'connected' : this.#state === 'dialling' ? 'connecting' : 'waiting',
      ...(session?.relayId === undefined ? {} : { relayId: identityId(session.relayId) }),
      ...(session === undefined ? {} : { transport: session.transport }),
      ...(session?.rttMs === undefined ? {} : { rttMs: session.rttMs }),
      ...(lastError === undefined ? {} : { lastError }),
    };
  }
}

/** Refusals that end by themselves: the join goes on trying. */
function isPassing(code: WireCode): boolean {
  return code === 'busy' || code === 'draining' || code === 'shutdown' || code === 'hello_timeout';
}
