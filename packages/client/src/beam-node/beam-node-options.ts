import type { Duplex } from 'node:stream';
import type { ChannelLimits, DecodeLimits, Pid } from '@macula/dist-protocol';
import { BeamError } from './beam-error.js';
import type { EpmdAddress } from './epmd-client.js';
import type { ConnectedNode } from './node-links.js';

/** What a {@link BeamNode} is told to be. */
export interface BeamNodeOptions {
  /** `name@host`. With a dot in the host it is a long name (`-name`), else a short one (`-sname`): both kinds don't mix. */
  readonly name: string;
  /** The cookie, or one for each node: where that throws, or gives none, there is no connection. Its characters are Latin-1, as Erlang's. */
  readonly cookie: string | ((node: string) => string);
  /**
   * Others don't see it in `nodes()`, and it is no part of `global` and the full mesh. Default true: a visible node is expected to take
   * part in `global`, which this one does not.
   */
  readonly hidden?: boolean;
  /** Where other nodes may dial this one. Default nowhere: it dials, and the connection serves both. */
  readonly listen?: ListenOptions;
  /** Where EPMD is, to register and to look other nodes up. Default: this machine's, and that of each node's host. */
  readonly epmd?: EpmdAddress;
  /** How to get a byte stream to a node. Default: TCP to the port that EPMD names. */
  readonly open?: (node: string, signal: AbortSignal) => Promise<Duplex>;
  /** Which nodes may connect; where it throws, that one may not. Default all that know the cookie. */
  readonly allow?: (node: string) => boolean;
  /** Tells two lives of one name apart: 32 bits, not 0. Default: what EPMD gives, else random. */
  readonly creation?: number;
  /** Seconds of silence after which a node counts as gone; the same everywhere. Default 60, as the kernel's `net_ticktime`; at most 8,589,934. */
  readonly netTicktime?: number;
  /** Milliseconds for dialling and shaking hands. Default 7,000, as the kernel's `net_setuptime`; at most 2^31 - 1. */
  readonly connectTimeoutMs?: number;
  /** Connections that are not past their handshake. Default 1,000. */
  readonly handshakesMax?: number;
  /**
   * What a term of another node may hold; more is `unreadable`. Default 4,194,304 elements, 512 levels, 512 KiB per integer: raise
   * `elementsMax` for lists of more than that.
   */
  readonly termLimits?: Partial<DecodeLimits>;
  /** What a connection may hold of messages that have not come whole: more ends it. Default 2 GiB, see `ChannelLimits`. */
  readonly channelLimits?: Partial<ChannelLimits>;
  /** What happens to the node. Default: nobody is told. */
  readonly onEvent?: (event: BeamEvent) => void;
  /** What functions that this node runs elsewhere print. Default: it is dropped. */
  readonly onOutput?: (text: string, from: Pid) => void;
}

/** Where a node takes connections. */
export interface ListenOptions {
  /** Default 0.0.0.0, as Erlang. */
  readonly host?: string;
  /** Default any free one. */
  readonly port?: number;
  /** Whether EPMD is told, so that others find the node by its name. Default true. */
  readonly register?: boolean;
}

/** What happens to a {@link BeamNode}. */
export type BeamEvent =
  /** A node is connected. */
  | { readonly kind: 'nodeup'; readonly node: ConnectedNode }
  /** It is not any more; `reason` as OTP's `nodedown_reason`. */
  | {
      readonly kind: 'nodedown';
      readonly node: ConnectedNode;
      readonly reason: string;
      readonly error?: Error;
    }
  /** A node was not reached, or one that dialled was not let in; `node` where it is known. */
  | { readonly kind: 'connect_failed'; readonly node: string | undefined; readonly error: Error }
  /**
   * A message of this node could not be read and was left out; or an exit reason, in whose place `unreadable` stands; or what `erpc` asks for,
   * which is refused with `system_limit`.
   */
  | { readonly kind: 'unreadable'; readonly node: string; readonly error: Error }
  /** What waited for this node to be connected holds something that it does not know (a native record, before OTP 29), and was dropped. */
  | { readonly kind: 'unsendable'; readonly node: string; readonly error: Error }
  /** A process's `onMessage`, `onExit`, or the `onDown` of one of its monitors, threw; what is alive goes on. */
  | { readonly kind: 'handler_failed'; readonly process: Pid; readonly error: unknown };

/** Checks what would otherwise show much later. @throws {BeamError} `bad_option` with the remedy */
export function checkOptions(options: BeamNodeOptions): void {
  const { name, creation, netTicktime = 60, connectTimeoutMs = 1, cookie } = options;
  if (!/^[0-9A-Za-z_-]+@[^@\s]+$/.test(name) || name.length > 255)
    throw new BeamError('bad_option', `not a node name: ${JSON.stringify(name)}; it is like me@myhost`);
  if (typeof cookie !== 'function') cookieBytes(cookie);
  if (creation !== undefined && !(Number.isInteger(creation) && creation > 0 && creation <= 0xffff_ffff))
    throw new BeamError('bad_option', `creation is ${creation}; it has 32 bits and is not 0`);
  if (!(netTicktime > 0 && netTicktime <= netTicktimeMax))
    throw new BeamError(
      'bad_option',
      `netTicktime is ${netTicktime}; it is in seconds, at most ${netTicktimeMax}`,
    );
  if (!(connectTimeoutMs > 0 && connectTimeoutMs <= timerMsMax))
    throw new BeamError('bad_option', `connectTimeoutMs is ${connectTimeoutMs}; it is at most ${timerMsMax}`);
}

/** The bytes that a cookie stands for. @throws {BeamError} `bad_option` where there is none, or for a character that Erlang's can't have */
export function cookieBytes(cookie: string | undefined): Uint8Array {
  if (typeof cookie !== 'string' || cookie === '') throw new BeamError('bad_option', 'the cookie is empty');
  for (const character of cookie)
    if ((character.codePointAt(0) ?? 0) > 255)
      throw new BeamError('bad_option', 'the cookie has a character that is not in Latin-1');
  return Buffer.from(cookie, 'latin1');
}

/** What `setTimeout` takes. Beyond that it waits for 1 ms. */
const timerMsMax = 2_147_483_647;
/** A quarter of it is waited for. */
const netTicktimeMax = Math.floor((timerMsMax * 4) / 1_000);
