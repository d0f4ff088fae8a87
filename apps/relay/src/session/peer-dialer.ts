import {
  type Connection,
  parseRelayUrl,
  type RelayUrl,
  type Transport,
  TransportError,
} from '@macula/transport';
import type { WireCode } from '@macula/wire';
import { backoffJitter, peerBackoffMsMax, peerBackoffMsMin, peerStableMs } from '../limits.js';
import type { Welcomed } from './dial-hello.js';
import type { Session } from './session.js';

/** How the connection to one configured peer is doing. */
export type PeerDialerState = 'connecting' | 'connected' | 'waiting' | 'self' | 'stopped';

/** What a {@link PeerDialer} needs from its relay. */
export interface PeerDialerParts {
  readonly transport: Transport;
  readonly tlsVerify: 'none' | 'verify_peer';
  readonly caPem: readonly string[] | undefined;
  /** Between 0 and 1. */
  random(): number;
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Says HELLO on a fresh connection. */
  hello(
    connection: Connection,
    url: RelayUrl & { readonly isPinTrusted: boolean },
    outcome: PeerHelloOutcome,
  ): void;
  /** Makes the session; undefined when the relay doesn't want it any more. */
  admit(connection: Connection, welcomed: Welcomed, url: string): Session | undefined;
  /** Tells people. */
  onFailed(url: string, code: string, why: string, retryMs: number | undefined): void;
}

/** How a HELLO ended. */
export interface PeerHelloOutcome {
  onWelcome(welcomed: Welcomed): void;
  onFailed(code: WireCode, why: string): void;
}

/** What is other than for a URL of the operator. */
export interface PeerDialerOptions {
  /** Whether the id in the URL admits that relay. Default true: the operator wrote it. */
  readonly isPinTrusted?: boolean;
  /** Milliseconds between tries at most. Default 5 s. */
  readonly backoffMsMax?: number;
}

/** Keeps one peering up: dials, and dials again after a growing pause, for ever. */
export class PeerDialer {
  readonly url: string;
  /** Id of the relay at the other end, once it was reached. */
  id: string | undefined;
  readonly #relayUrl: RelayUrl;
  readonly #parts: PeerDialerParts;
  readonly #backoffMsMax: number;
  readonly #isPinTrusted: boolean;
  #state: PeerDialerState = 'connecting';
  #backoffMs = peerBackoffMsMin;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #session: Session | undefined;
  #connectedMs = 0;
  #failures = 0;

  constructor(
    url: string,
    parts: PeerDialerParts,
    { isPinTrusted = true, backoffMsMax = peerBackoffMsMax }: PeerDialerOptions = {},
  ) {
    this.#isPinTrusted = isPinTrusted;
    this.#backoffMsMax = backoffMsMax;
    this.#relayUrl = parseRelayUrl(url);
    this.url = this.#relayUrl.text;
    this.#parts = parts;
  }

  /** Tries that failed, and connections that were lost, since it was connected last. */
  get failures(): number {
    return this.#failures;
  }

  get state(): PeerDialerState {
    return this.#state;
  }

  /** The session of this peering while it stands. */
  get session(): Session | undefined {
    return this.#session;
  }

  start(): void {
    this.#state = 'connecting';
    void this.#dial().then(
      (connection) => this.#hello(connection),
      (thrown) => {
        const error = TransportError.from(thrown);
        this.#failed(error.code, error.message);
      },
    );
  }

  stop(): void {
    this.#state = 'stopped';
    clearTimeout(this.#timer);
  }

  /** The relay tells that a session is over; true when it was this dialer's. */
  handleSessionClosed(session: Session, code: WireCode, why: string): boolean {
    if (session !== this.#session) return false;
    this.#session = undefined;
    // A peer that takes us and drops us is not dialled in a tight loop.
    if (this.#parts.nowMs() - this.#connectedMs >= peerStableMs) this.#backoffMs = peerBackoffMsMin;
    this.#failed(code, why);
    return true;
  }

  #dial(): Promise<Connection> {
    const { transport, tlsVerify, caPem } = this.#parts;
    return transport.dial({ url: this.#relayUrl, tlsVerify, ...(caPem === undefined ? {} : { caPem }) });
  }

  #hello(connection: Connection): void {
    if (this.#state === 'stopped') {
      connection.close(0, 'stopped');
      return;
    }
    const url = { ...this.#relayUrl, isPinTrusted: this.#isPinTrusted };
    this.#parts.hello(connection, url, {
      onWelcome: (welcomed) => {
        this.#session =
          this.#state === 'stopped' ? undefined : this.#parts.admit(connection, welcomed, this.url);
        if (this.#session === undefined) {
          connection.close(0, 'stopped');
          return;
        }
        this.id = this.#session.id;
        this.#state = 'connected';
        this.#failures = 0;
        this.#connectedMs = this.#parts.nowMs();
      },
      onFailed: (code, why) => this.#failed(code, why),
    });
  }

  #failed(code: string, why: string): void {
    if (this.#state === 'stopped') return;
    this.#failures++;
    if (code === 'self_connection') {
      this.#state = 'self';
      this.#parts.onFailed(this.url, code, why, undefined);
      return;
    }
    this.#state = 'waiting';
    const factor = 1 + backoffJitter * (2 * this.#parts.random() - 1);
    const retryMs = Math.round(this.#backoffMs * factor);
    this.#backoffMs = Math.min(this.#backoffMs * 2, this.#backoffMsMax);
    this.#parts.onFailed(this.url, code, why, retryMs);
    this.#timer = setTimeout(() => this.start(), retryMs);
  }
}
