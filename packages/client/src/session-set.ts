import { identityId } from '@macula/crypto';
import type { Connection, RelayUrl } from '@macula/transport';
import type { WireCode } from '@macula/wire';
import type { Failure } from './errors.js';
import { standbyDialDelayMs, standbyFreshMs, standbyRedialDelayMsMax } from './limits.js';
import type { MeshEvent } from './mesh-event.js';
import { isOfOther } from './refusal-kinds.js';
import { RelayHolds } from './relay-holds.js';
import type { Session } from './session.js';
import { SessionKeeper } from './session-keeper.js';
import type {
  HandedSession,
  KeptSessionHandlers,
  SessionKeeperOptions,
  StandbyNeed,
} from './session-keeper-types.js';

/** What a {@link SessionSet} works with. */
export interface SessionSetOptions
  extends Pick<
    SessionKeeperOptions,
    | 'transport'
    | 'tlsVerify'
    | 'caPem'
    | 'reconnectIntervalMs'
    | 'onPresent'
    | 'onRefused'
    | 'isInUse'
    | 'isAwaited'
  > {
  /** In order of preference; at least one. */
  readonly relays: readonly RelayUrl[];
  /** How many sessions stand by, as far as there are relays. */
  readonly standbySessions: number;
  /** What the primary session advertises now. */
  readonly names: () => readonly string[];
  readonly makeSession: (
    connection: Connection,
    url: RelayUrl,
    kind: { readonly sessionSeq: number; readonly standby: boolean },
    handlers: KeptSessionHandlers,
  ) => Session;
  readonly onEvent: (event: MeshEvent) => void;
  /** Other sessions stand now than before. */
  readonly onChanged: () => void;
}

/**
 * The sessions of one node: the primary one, which owns its names, and those that stand by for it, each at another relay. When the
 * primary one is lost, silent, or its relay about to stop, the first standby that is fit for it takes its place at once.
 *
 * A standby is dialled while there is a primary session, a second after that has come; it doesn't outlive the loss of the names to another process.
 */
export class SessionSet {
  readonly #options: SessionSetOptions;
  readonly #lastErrors = new Map<string, Failure>();
  readonly #primary: SessionKeeper;
  readonly #standbys: readonly SessionKeeper[];
  /** When each session that stands by was last answered. */
  readonly #answeredMs = new WeakMap<Session, number>();
  /** Relays whose failure was told: once, until one of them takes a session. */
  readonly #toldFailures = new Set<string>();
  #sessionSeq = 0;

  constructor(options: SessionSetOptions) {
    this.#options = options;
    const { reconnectIntervalMs, relays, standbySessions } = options;
    const common = {
      ...options,
      nextSessionSeq: () => this.#nextSessionSeq(),
      lastErrors: this.#lastErrors,
      holds: new RelayHolds(),
      hasFormer: (session: Session) =>
        this.#keepers.some(({ former }) => [...former].some((other) => isSameRelay(other, session))),
    };
    this.#primary = new SessionKeeper({
      ...common,
      relays: () => relays,
      reconnectIntervalMs,
      makeSession: (connection, url, sessionSeq, handlers) =>
        options.makeSession(connection, url, { sessionSeq, standby: false }, handlers),
      takeStandby: (...of) => this.#takeStandby(...of),
      onPresent: (session, former) => this.#handlePrimary(session, former),
      onAnswer: () => undefined,
      onAbsent: (code) => this.#handleAbsent(code),
    });
    const count = Math.min(standbySessions, relays.length - 1);
    this.#standbys = Array.from({ length: count }, (_, index) => {
      const keeper: SessionKeeper = new SessionKeeper({
        ...common,
        relays: () => this.#relaysFor(keeper, index),
        reconnectIntervalMs: standbyRedialDelayMsMax,
        makeSession: (connection, url, sessionSeq, handlers) =>
          options.makeSession(connection, url, { sessionSeq, standby: true }, handlers),
        onEvent: (event) => this.#tell(event),
        takeStandby: () => undefined,
        onPresent: (session, former) => this.#handleStandby(keeper, session, former),
        onRefused: () => undefined,
        isAwaited: () => false,
        onAnswer: (session) => this.#handleAnswer(session),
        onAbsent: () => options.onChanged(),
      });
      return keeper;
    });
  }

  /** The primary session. */
  get present(): Session | undefined {
    return this.#primary.present;
  }

  /** Those that stand, the primary one first. */
  get sessions(): readonly Session[] {
    return this.#keepers.map(({ present }) => present).filter((session) => session !== undefined);
  }

  get state(): SessionKeeper['state'] {
    return this.#primary.state;
  }

  /** Why each relay that isn't connected isn't, by URL. */
  get lastErrors(): ReadonlyMap<string, Failure> {
    return this.#lastErrors;
  }

  /** Every relay refused for good, and none is connected; it is tried on all the same. */
  get isRefused(): boolean {
    return this.#primary.isRefused;
  }

  start(): void {
    this.#primary.start();
  }

  /** The token is another one than that of a session; see `SessionKeeper.handleToken`. `isOld`: whether a session was made with another. */
  handleToken(isNews: boolean, isOld: (session: Session) => boolean): void {
    for (const keeper of this.#keepers)
      if (keeper.present === undefined ? isNews : isOld(keeper.present)) keeper.handleToken(isNews);
  }

  /** Stops dialling; the sessions stay until {@link closeSessions}. */
  stop(): void {
    for (const keeper of this.#keepers) keeper.stop();
  }

  closeSessions(code: WireCode): void {
    for (const keeper of [...this.#standbys, this.#primary]) keeper.closeSessions(code);
  }

  /** Calls back with the primary session, with the next one when it comes soon, or with what there is then. */
  whenPresent(callback: (session: Session | undefined) => void): void {
    this.#primary.whenPresent(callback);
  }

  /** Something that used the session has ended. */
  handleReleased(session: Session): void {
    for (const keeper of this.#keepers) keeper.handleReleased(session);
  }

  get #keepers(): readonly SessionKeeper[] {
    return [this.#primary, ...this.#standbys];
  }

  #nextSessionSeq(): number {
    this.#sessionSeq = Math.max(this.#sessionSeq + 1, Date.now());
    return this.#sessionSeq;
  }

  /** Without those of other sessions, each standby beginning with another one; none while there is no session to stand by for. */
  #relaysFor(keeper: SessionKeeper, index: number): readonly RelayUrl[] {
    if (this.present === undefined) return [];
    const used = this.#keepers.filter((other) => other !== keeper).map(({ present }) => present?.url);
    const free = this.#options.relays.filter((url) => !used.includes(url));
    return [...free.slice(index), ...free.slice(0, index)];
  }

  #takeStandby(
    former: Session,
    why: StandbyNeed,
    isUnusable: (standby: Session) => boolean,
  ): HandedSession | undefined {
    for (const keeper of this.#standbys) {
      const session = keeper.present;
      if (session === undefined || session.isDoubted || session.isDraining || isUnusable(session)) continue;
      if (isSameRelay(session, former) || keeper.isProving) continue;
      if (why === 'unanswered' && !this.#isFresh(session)) {
        session.ask(); // the answer brings it here again
        continue;
      }
      const handed = keeper.handOver();
      session.promote(this.#nextSessionSeq(), this.#options.names());
      session.ask();
      return handed;
    }
    return undefined;
  }

  #isFresh(session: Session): boolean {
    return performance.now() - (this.#answeredMs.get(session) ?? Number.NEGATIVE_INFINITY) < standbyFreshMs;
  }

  #handleAnswer(session: Session): void {
    this.#answeredMs.set(session, performance.now());
    this.#primary.tryTakeOver();
  }

  #handlePrimary(session: Session, former: Session | undefined): void {
    this.#toldFailures.delete(session.url.text);
    for (const keeper of this.#standbys) this.#leaveRelayTo(session, keeper);
    this.#options.onPresent(session, former);
    this.#options.onChanged();
  }

  #handleStandby(keeper: SessionKeeper, session: Session, former: Session | undefined): void {
    this.#toldFailures.delete(session.url.text);
    const { present } = this;
    if (present !== undefined && isSameRelay(present, session)) {
      // Two URLs of one relay.
      this.#retire(keeper);
      keeper.resume(standbyRedialDelayMsMax);
    } else {
      for (const other of this.#standbys) if (other !== keeper) this.#leaveRelayTo(session, other);
      const { names } = this.#options;
      void session.changeNames(changeOf(session.helloNames, names()));
      if (former !== undefined && !isSameRelay(former, session))
        void former.changeNames({ add: [], remove: names() });
    }
    this.#options.onChanged();
  }

  /** A relay has given the names to a newer session: one that stood by there does no more. */
  #leaveRelayTo(session: Session, keeper: SessionKeeper): void {
    if (keeper.present !== undefined && isSameRelay(keeper.present, session)) this.#retire(keeper);
    keeper.resume(standbyDialDelayMs);
  }

  /** A session that can't stand by any more goes on for what it carries. */
  #retire(keeper: SessionKeeper): void {
    const handed = keeper.handOver();
    if (handed !== undefined) this.#primary.keepFormer([handed.session, ...handed.former]);
  }

  #handleAbsent(code: WireCode): void {
    for (const keeper of this.#standbys) {
      keeper.pause();
      if (isOfOther(code)) keeper.closeSessions('ok');
    }
    this.#options.onChanged();
  }

  #tell(event: MeshEvent): void {
    switch (event.kind) {
      case 'session_up':
      case 'session_renewed': {
        const { relay, relayId, transport } = event;
        this.#options.onEvent({ kind: 'standby_up', relay, relayId, transport });
        return;
      }
      case 'session_down':
        this.#options.onEvent({ ...event, kind: 'standby_down' });
        return;
      case 'dial_failed':
        if (this.#toldFailures.has(event.relay)) return;
        this.#toldFailures.add(event.relay);
        this.#options.onEvent(event);
        return;
      default:
        this.#options.onEvent(event);
    }
  }
}

/** What leads from these names to those. */
export function changeOf(
  from: readonly string[],
  to: readonly string[],
): { readonly add: readonly string[]; readonly remove: readonly string[] } {
  return {
    add: to.filter((name) => !from.includes(name)),
    remove: from.filter((name) => !to.includes(name)),
  };
}

/** Whether both are with one relay, whatever its URLs are. */
export function isSameRelay(one: Session, other: Session): boolean {
  return identityText(one) === identityText(other);
}

function identityText({ relayId }: Session): string {
  return relayId === undefined ? '' : identityId(relayId);
}
