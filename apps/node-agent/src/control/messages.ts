/**
 * The messages of the control channel as typed values; PROTOCOL.md of macula-otp is the contract.
 *
 * ```text
 *   BEAM                                agent
 *     ── hello ──────────────────────────▶    first; anything else is bad_order
 *     ◀───────────────── hello (address) ──
 *     ── listening ──────────────────────▶    the name is advertised once joined
 *     ── join Ref ───────────────────────▶
 *     ◀──────────────────────── reply Ref ──
 *     ── connect Id (token, key) ────────▶    and the token on the agent's local socket
 *     ◀────────────── incoming Id (peer) ──
 *     ── accept Id (token, key) ─────────▶    the agent dials the BEAM with that token
 *     ◀─────────── tunnel_down TunnelId ──    before the local socket closes
 * ```
 */

import type { Term, TermMap } from '@macula/dist-protocol';
import type { ControlErrorCode } from './control-error.js';

/** Any Erlang integer of up to 64 bits; used as a key only. */
export type ErlangInteger = number | bigint;

/** Where a local socket listens. */
export type LocalAddress =
  /** Unix-domain socket. */
  | { readonly kind: 'local'; readonly path: string }
  /** Port on 127.0.0.1. */
  | { readonly kind: 'tcp'; readonly port: number };

/** What a BEAM says. */
export type BeamMessage =
  | {
      readonly kind: 'hello';
      readonly protocol: number;
      readonly appVersion: string;
      readonly otpRelease: string;
      /** Seconds. */
      readonly netTicktime: number;
      readonly osPid: string;
    }
  | { readonly kind: 'listening'; readonly node: string; readonly address: LocalAddress }
  | { readonly kind: 'not_listening' }
  | { readonly kind: 'ping'; readonly number: ErlangInteger }
  /** The options are looked at one by one later: a wrong one is the user's mistake and gets a reply. */
  | { readonly kind: 'join'; readonly ref: ErlangInteger; readonly options: TermMap }
  | { readonly kind: 'leave'; readonly ref: ErlangInteger }
  | { readonly kind: 'status'; readonly ref: ErlangInteger }
  | ConnectMessage
  | AcceptMessage
  | { readonly kind: 'refuse'; readonly id: ErlangInteger; readonly reason: string }
  | { readonly kind: 'closed'; readonly tunnelId: Uint8Array }
  /** A tag of a newer BEAM; ignored. */
  | { readonly kind: 'unknown'; readonly tag: string };

/** An outgoing tunnel is about to be dialled on the agent's local socket. */
export interface ConnectMessage {
  readonly kind: 'connect';
  readonly id: ErlangInteger;
  /** The node to reach. */
  readonly node: string;
  /** The node's own name, `undefined@host` for a dynamic node. */
  readonly self: string;
  readonly token: Uint8Array;
  readonly key: Uint8Array;
}

/** The BEAM agrees to an incoming tunnel. */
export interface AcceptMessage {
  readonly kind: 'accept';
  readonly id: ErlangInteger;
  readonly token: Uint8Array;
  readonly key: Uint8Array;
}

/** What the agent says. */
export type AgentMessage =
  | {
      readonly kind: 'hello';
      readonly agentVersion: string;
      readonly osPid: number;
      readonly address: LocalAddress;
    }
  | { readonly kind: 'pong'; readonly number: ErlangInteger }
  | { readonly kind: 'reply'; readonly ref: ErlangInteger; readonly result: ReplyResult }
  | { readonly kind: 'incoming'; readonly id: ErlangInteger; readonly peer: string }
  | {
      readonly kind: 'tunnel_down';
      readonly tunnelId: Uint8Array;
      readonly reason: string;
      readonly text: string;
    }
  | {
      readonly kind: 'tunnel_detached';
      readonly tunnelId: Uint8Array;
      /** How long it may still be resumed. */
      readonly windowMs: number;
      readonly reason: string;
    }
  | {
      readonly kind: 'tunnel_resumed';
      readonly tunnelId: Uint8Array;
      readonly afterMs: number;
      readonly reattachments: number;
    }
  | AgentEvent
  | { readonly kind: 'error'; readonly code: ControlErrorCode; readonly text: string };

/** Something worth logging in the BEAM. */
export interface AgentEvent {
  readonly kind: 'event';
  readonly event: string;
  readonly level: EventLevel;
  readonly text: string;
  /** More keys of the event's map. */
  readonly details: Readonly<Record<string, Term>>;
}

/** Levels of an event; all are levels of Erlang's logger. */
export type EventLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error';

/** Answer to join, leave or status. */
export type ReplyResult =
  | { readonly kind: 'ok' }
  | { readonly kind: 'value'; readonly value: Term }
  | { readonly kind: 'error'; readonly error: JoinError };

/** What went wrong at one relay. */
export interface RelayFailure {
  /** One of a closed set of ours, whatever the relay sent: the BEAM makes an atom of it. */
  readonly code: string;
  readonly text: string;
}

/** Why a join failed. Nothing of it is left, except with `already_joined`, where the earlier one goes on. */
export type JoinError =
  | { readonly code: 'bad_option'; readonly name: string; readonly why: string }
  | {
      readonly code: 'connect_timeout' | 'refused';
      readonly text: string;
      /** Relay URL to what went wrong there. */
      readonly relays: ReadonlyMap<string, RelayFailure>;
    }
  | { readonly code: 'already_joined'; readonly text: string };
