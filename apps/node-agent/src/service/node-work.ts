import type { RelayUrl } from '@macula/transport';
import type { WireCode } from '@macula/wire';
import type { AgentMessage, BeamMessage, ErlangInteger } from '../control/messages.js';
import {
  ephemeralIdentity,
  IdentityStoreError,
  loadIdentity,
  type StoredIdentity,
} from '../identity-store.js';
import { checkTransportSetting, EnvironmentError, trustedCertificates } from '../join-environment.js';
import { closedGraceMs } from '../limits.js';
import type { LocalServer } from '../local/local-server.js';
import { TokenFile, TokenFileError } from '../token-file.js';
import { type TunnelSettings, unsentBytesMaxOf, windowMsOf } from '../tunnel-settings.js';
import type { EventReporter } from './events.js';
import { type BeamListener, Incoming } from './incoming.js';
import { type JoinOptions, parseJoinOptions } from './join-options.js';
import { JoinFailure, Membership } from './membership.js';
import type { MeshPort, OpenMesh } from './mesh-port.js';
import { Outgoing } from './outgoing.js';
import { RealmToken, tokenExpires } from './realm-token.js';
import { statusTerm } from './status.js';
import { TunnelTable } from './tunnel-table.js';

/** What a {@link NodeWork} works with. */
export interface NodeWorkOptions {
  readonly send: (message: AgentMessage) => void;
  readonly events: EventReporter;
  readonly server: LocalServer;
  readonly openMesh: OpenMesh;
  readonly loadIdentity: IdentityLoader | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** For joins that don't say. */
  readonly tunnelSettings: TunnelSettings;
  readonly agentVersion: string;
  /** Seconds, of the BEAM. */
  readonly netTicktime: number;
}

/** Gives the identity of a label; undefined for a node that has none: any will do. */
export type IdentityLoader = (label: string | undefined) => StoredIdentity;

/** Messages that the work is about; greeting and heartbeat are the service's. */
export type WorkMessage = Exclude<BeamMessage, { kind: 'hello' | 'ping' | 'unknown' }>;

/**
 * What the agent does for one greeted BEAM: membership, tunnels, status. Loaded after the hello is answered, so that the
 * answer doesn't wait for the code of transports and cryptography.
 */
export class NodeWork {
  readonly #options: NodeWorkOptions;
  readonly #tunnels: TunnelTable;
  readonly #membership: Membership;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;
  #listener: BeamListener | undefined;
  #identity: StoredIdentity | undefined;
  /** The join whose risk with its token was told: once, not at each try. */
  #warnedOf: JoinOptions | undefined;

  constructor(options: NodeWorkOptions) {
    this.#options = options;
    const { send, events, tunnelSettings } = options;
    const tunnels = new TunnelTable(send);
    this.#tunnels = tunnels;
    this.#membership = new Membership(
      (joinOptions) => this.#makeMesh(joinOptions),
      (text) => events.report('join_refused', 'warning', text),
    );
    this.#outgoing = new Outgoing({
      mesh: () => this.#membership.mesh,
      joinError: () => this.#membership.joinError,
      meshSoon: () => this.#membership.meshSoon(),
      tunnels,
      events,
      negotiationMs: () => (this.#membership.options?.tunnels ?? tunnelSettings).distTimeout,
    });
    this.#incoming = new Incoming({ listener: () => this.#listener, send, tunnels, events });
  }

  /** Where the BEAM listens now. */
  get listener(): BeamListener | undefined {
    return this.#listener;
  }

  /** @throws ControlError `bad_order` */
  handleMessage(message: WorkMessage): void {
    switch (message.kind) {
      case 'listening':
        this.#listener = { node: message.node, address: message.address };
        this.#membership.mesh?.setNames(this.#names());
        break;
      case 'not_listening':
        this.#listener = undefined;
        this.#membership.mesh?.setNames([]);
        break;
      case 'join':
        void this.#join(message);
        break;
      case 'leave':
        void this.#leave(message.ref);
        break;
      case 'status':
        this.#reply(message.ref, { kind: 'value', value: this.#status() });
        break;
      case 'connect':
        this.#outgoing.handleConnect(message, this.#options.server);
        break;
      case 'accept':
        this.#incoming.handleAccept(message);
        break;
      case 'refuse':
        this.#incoming.handleRefuse(message.id, message.reason);
        break;
      case 'closed':
        this.#tunnels.handleBeamClosed(message.tunnelId);
        break;
    }
  }

  /**
   * Ends every tunnel with the code and leaves the mesh; takes about two seconds at most. When the BEAM has ended, its sockets have, too, and
   * tunnels end by themselves behind the last bytes they hold, as over TCP: a reply sent right before `init:stop` arrives.
   */
  async end(code: WireCode): Promise<void> {
    this.#listener = undefined;
    this.#incoming.end();
    this.#outgoing.end();
    if (code === 'beam_closed') {
      void this.#membership.mesh?.setNames([]);
      await this.#tunnels.whenEmpty(closedGraceMs);
    }
    this.#tunnels.ownEnd = agentStopped;
    await this.#membership.leave(code);
  }

  /** Ends what `end` had no time for. */
  abandon(): void {
    this.#tunnels.endAll({ ...agentStopped, byPeer: false });
  }

  async #join({ ref, options: map }: Extract<BeamMessage, { kind: 'join' }>): Promise<void> {
    const options = parseJoinOptions(map, this.#options.tunnelSettings);
    const error = 'code' in options ? options : await this.#membership.join(options);
    this.#reply(ref, error === undefined ? { kind: 'ok' } : { kind: 'error', error });
  }

  async #leave(ref: ErlangInteger): Promise<void> {
    this.#incoming.end();
    this.#tunnels.ownEnd = { reason: 'left', text: 'this node left the mesh' };
    await this.#membership.leave('shutdown');
    // a join that came meanwhile has a mesh of its own, whose tunnels stay
    if (this.#membership.mesh === undefined)
      this.#tunnels.endAll({ reason: 'shutdown', text: '', byPeer: false });
    this.#tunnels.ownEnd = undefined;
    this.#reply(ref, { kind: 'ok' });
  }

  #reply(ref: ErlangInteger, result: Extract<AgentMessage, { kind: 'reply' }>['result']): void {
    this.#options.send({ kind: 'reply', ref, result });
  }

  async #makeMesh(options: JoinOptions): Promise<MeshPort> {
    const { events, openMesh, netTicktime } = this.#options;
    const caPem = this.#readEnvironment();
    const label = options.identity ?? this.#names()[0];
    const stored = this.#load(label);
    if (stored.warning !== undefined) events.report('identity_ephemeral', 'warning', stored.warning);
    this.#identity = stored;
    const names = this.#names();
    const file = this.#tokenFileOf(options);
    const mesh: MeshPort = await openMesh({
      relays: options.relays,
      realm: options.realm,
      label: label ?? 'anonymous',
      tlsVerify: options.tlsVerify,
      caPem,
      token: file === undefined ? undefined : () => file.read(),
      identity: stored.identity,
      identitySeed: stored.seed,
      names,
      netTicktime,
      tunnelLimits: {
        establishTimeoutMs: options.tunnels.distTimeout,
        unsentBytesMax: unsentBytesMaxOf(options.tunnels),
        windowMs: windowMsOf(options.tunnels),
      },
      reconnectIntervalMs: options.tunnels.reconnectInterval,
      standbySessions: options.tunnels.standbySessions,
      onEvent: (event) => events.reportMesh(event, this.#membership.mesh !== mesh),
      onIncoming: (incoming) => this.#incoming.handleRequest(incoming),
    });
    mesh.setNames(this.#names()); // they may have changed while its code was loaded
    if (file !== undefined) this.#watchToken(mesh, file);
    return mesh;
  }

  /** Trusted certificates, if others than Node's. */
  #readEnvironment(): readonly string[] | undefined {
    const { environment } = this.#options;
    try {
      checkTransportSetting(environment);
      return trustedCertificates(environment);
    } catch (thrown) {
      if (!(thrown instanceof EnvironmentError)) throw thrown;
      throw new JoinFailure(thrown.variable, thrown.message, { isPassing: false });
    }
  }

  #tokenFileOf(options: JoinOptions): TokenFile | undefined {
    const { tokenFile, relays, tlsVerify } = options;
    const path = tokenFile ?? this.#options.environment.MACULA_TOKEN_FILE;
    if (path === undefined || path === '') return undefined;
    try {
      const file = new TokenFile(path, (text) => this.#options.events.report('token', 'warning', text));
      if (this.#warnedOf !== options && tlsVerify === 'none' && relays.some((url) => !isPinned(url))) {
        const remedy =
          'set tls_verify to verify_peer or pin the relay with #id= in its URL, or bind the token to this node with --sub';
        const text = `any relay that answers at the URL gets the token of the realm; ${remedy}`;
        this.#options.events.report('token', 'warning', text);
        this.#warnedOf = options;
      }
      return file;
    } catch (thrown) {
      if (!(thrown instanceof TokenFileError)) throw thrown;
      throw new JoinFailure('token_file', thrown.message, { isPassing: true });
    }
  }

  /** Until the mesh is closed. */
  #watchToken(mesh: MeshPort, file: TokenFile): void {
    const token = new RealmToken({
      file,
      warn: (text) => this.#options.events.report('token', 'warning', text),
    });
    const close = mesh.close.bind(mesh);
    mesh.close = (code) => {
      token.stop();
      return close(code);
    };
    token.start(mesh);
  }

  #load(label: string | undefined): StoredIdentity {
    try {
      if (this.#options.loadIdentity !== undefined) return this.#options.loadIdentity(label);
      // Without a label a node only dials, so nothing has to know it again; with a kept key such nodes would replace each other.
      return label === undefined ? ephemeralIdentity() : loadIdentity(label, this.#options.environment);
    } catch (thrown) {
      if (!(thrown instanceof IdentityStoreError)) throw thrown;
      throw new JoinFailure('identity', thrown.message, { isPassing: true });
    }
  }

  /** What to advertise: a dynamic node has no name of its own to be found under. */
  #names(): string[] {
    const node = this.#listener?.node;
    return node === undefined || node.startsWith('undefined@') ? [] : [node];
  }

  #status(): ReturnType<typeof statusTerm> {
    const { mesh, joined, options, joinError } = this.#membership;
    return statusTerm({
      agentVersion: this.#options.agentVersion,
      listener: this.#listener,
      identity: options === undefined ? undefined : this.#identity,
      joined,
      realm: options?.realm,
      mesh: this.#membership.status(),
      joinError,
      tokenExpires: tokenExpires(mesh?.presentToken),
      tunnels: this.#tunnels.terms(),
    });
  }
}

/** Whether a relay that isn't meant can't answer in its place. */
function isPinned({ identityPin, certificatePins }: RelayUrl): boolean {
  return identityPin !== undefined || certificatePins.length > 0;
}

const agentStopped = { reason: 'agent_stopped', text: 'the agent of this node ended' } as const;
