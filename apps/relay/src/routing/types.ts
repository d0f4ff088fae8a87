import type { Open, RelayMessage, WireCode } from '@macula/wire';
import type { OwnershipOutput } from '../ownership/types.js';
import type { SignedClaim } from '../session/claimed-names.js';
import type { FilterOutput } from './filters/filter-exchange.js';

/** One connection whose HELLO was proven: an agent's session or a peering. Given by the shell, never reused. */
export type LinkId = number;

/** One OPEN that arrived here. Given by the shell, never reused. */
export type OpenId = number;

/** One attempt to answer an OPEN: the stream it was forwarded on. Given by the router, never reused. */
export type LegId = number;

/** An agent's session that wants in: what its proven HELLO says. */
export interface AgentSession {
  readonly link: LinkId;
  readonly realm: string;
  /** Ed25519 public key, 32 bytes. */
  readonly identity: Uint8Array;
  /** 16 bytes, random at the agent's start. */
  readonly bootId: Uint8Array;
  readonly sessionSeq: number;
  /** It stands by for the session with which its process owns the names elsewhere. Default false. */
  readonly isStandby?: boolean;
  readonly names: readonly string[];
  /** Names that belong to this identity whoever holds them, because a token says so. Default none. */
  readonly entitled?: ReadonlySet<string> | undefined;
  /** Names its process to agents and relays without saying whose it is, the same at every relay: 16 bytes, see `tagOf`. */
  readonly tag: Uint8Array;
  /** What it has signed, for other relays to see. */
  readonly claims?: { readonly present: SignedClaim } | undefined;
}

/** A connection to another relay. */
export interface PeerLink {
  readonly link: LinkId;
  /** Ed25519 public key of the relay at the other end, 32 bytes. */
  readonly identity: Uint8Array;
  /** Whether this side dialled. */
  readonly dialled: boolean;
}

/** What relays tell each other of names. */
export type PeerMessage = Exclude<RelayMessage, { readonly kind: 'swim' }>;

/** What the shell has to do. */
export type RouterOutput =
  | OwnershipOutput
  | FilterOutput
  /** The session stands: send WELCOME. */
  | { readonly kind: 'admitted'; readonly link: LinkId }
  /** The session is not wanted: say so and close. The router has forgotten the link. */
  | { readonly kind: 'refused'; readonly link: LinkId; readonly code: WireCode; readonly text: string }
  /** A standing session must go: say so and close. The router has forgotten the link. */
  | { readonly kind: 'evicted'; readonly link: LinkId; readonly code: WireCode; readonly text: string }
  /** A newer session of the same process has this one's names; it stays for the tunnels it carries. */
  | { readonly kind: 'superseded'; readonly link: LinkId }
  /** Answer to NAMES. */
  | {
      readonly kind: 'names_done';
      readonly link: LinkId;
      readonly request: number;
      readonly taken: readonly string[];
    }
  /** Open a stream on the link and send this OPEN. */
  | { readonly kind: 'forward'; readonly leg: LegId; readonly link: LinkId; readonly message: Open }
  /** Send OPEN_OK to the opener and splice its stream with the leg's. Both ids are forgotten. */
  | {
      readonly kind: 'accept';
      readonly open: OpenId;
      readonly leg: LegId;
      readonly answer: Uint8Array;
      /** Tag of the session that answers; undefined where an older relay doesn't say it. */
      readonly via: Uint8Array | undefined;
    }
  /** Reset the leg's stream. The id is forgotten. */
  | { readonly kind: 'cancel'; readonly leg: LegId; readonly code: WireCode }
  /** Send OPEN_FAILED to the opener and end its stream. The id is forgotten. */
  | {
      readonly kind: 'fail';
      readonly open: OpenId;
      readonly code: WireCode;
      readonly text: string;
      /** Tag of the session that said so or did not answer. */
      readonly via?: Uint8Array;
    };

/** Why a leg or an OPEN failed. */
export interface OpenFailure {
  readonly code: WireCode;
  readonly text: string;
  /** Tag of the session that said so; none when the relays themselves failed. */
  readonly via?: Uint8Array | undefined;
}

/** A link that is none. */
export const noLink: LinkId = 0;

/** Bytes as a key of a Map. */
export function bytesKey(bytes: Uint8Array): string {
  let key = '';
  for (const byte of bytes) key += String.fromCharCode(byte);
  return key;
}
