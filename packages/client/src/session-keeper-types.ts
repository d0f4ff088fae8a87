import type { Connection, RelayUrl, Transport } from '@macula/transport';
import type { WireCode } from '@macula/wire';
import type { Failure, MeshError } from './errors.js';
import type { MeshEvent } from './mesh-event.js';
import type { RelayHolds } from './relay-holds.js';
import type { Session, SessionOptions } from './session.js';

/** What a session tells its keeper. */
export type KeptSessionHandlers = Pick<
  SessionOptions,
  'onProof' | 'onRenew' | 'onDraining' | 'onDoubt' | 'onTrust' | 'onAnswer' | 'onEnded'
>;

/** Why the present session needs another one in its place. */
export type StandbyNeed = 'lost' | 'unanswered' | 'draining';

/** A session that goes from one keeper to another. */
export interface HandedSession {
  readonly session: Session;
  /** Older ones of the same keeper that carry something. */
  readonly former: readonly Session[];
}

/** What a `SessionKeeper` works with. */
export interface SessionKeeperOptions {
  readonly transport: Transport;
  /** Those to choose from now, in order of preference; at least one but for a session that stands by. */
  readonly relays: () => readonly RelayUrl[];
  readonly tlsVerify: 'none' | 'verify_peer';
  readonly caPem?: readonly string[];
  /** Longest pause between two rounds of dialling, milliseconds. */
  readonly reconnectIntervalMs: number;
  /** A number higher than all before. */
  readonly nextSessionSeq: () => number;
  /** Relays that are to be left alone for a while. */
  readonly holds: RelayHolds;
  /** Why relays that aren't connected aren't, by URL. */
  readonly lastErrors: Map<string, Failure>;
  readonly makeSession: (
    connection: Connection,
    url: RelayUrl,
    sessionSeq: number,
    handlers: KeptSessionHandlers,
  ) => Session;
  readonly onEvent: (event: MeshEvent) => void;
  /** A session stands; `former` is the one it has taken the place of, if that still lives. */
  readonly onPresent: (session: Session, former: Session | undefined) => void;
  /** Every relay refused for good. */
  readonly onRefused: (error: MeshError) => void;
  /** Whether something still uses a former session. */
  readonly isInUse: (session: Session) => boolean;
  /** Whether a former session of this process, of whatever keeper, goes on at this one's relay. */
  readonly hasFormer: (session: Session) => boolean;
  /** Whether a tunnel waits for a session to go on over. */
  readonly isAwaited: () => boolean;
  /** A session that stands by, made the primary one, to take the place of one that is over, silent or on a relay that is about to stop; undefined: none. */
  readonly takeStandby: (
    former: Session,
    why: StandbyNeed,
    isUnusable: (standby: Session) => boolean,
  ) => HandedSession | undefined;
  /** The present session was answered. */
  readonly onAnswer: (session: Session) => void;
  /** The present session is over, and none has taken its place. */
  readonly onAbsent: (code: WireCode) => void;
}
