import { identityId } from '@macula/crypto';
import type { Connection, RelayUrl, Transport } from '@macula/transport';
import type { WireCode } from '@macula/wire';
import { dialAny } from './dial-any.js';
import { describeFailure, type Failure, MeshError } from './errors.js';
import {
  awaitedRedialDelayMs,
  conflictDelayMs,
  formerLingerMs,
  redialDelayMsMax,
  redialDelayMsMin,
  refusedDelayMs,
  replacedDelayMs,
  sessionStableMs,
  sessionWaitMs,
} from './limits.js';
import type { MeshEvent } from './mesh-event.js';
import { RenewalBudget } from './renewal-budget.js';
import type { Session, SessionOptions } from './session.js';

/** What a session tells its keeper. */
export type KeptSessionHandlers = Pick<
  SessionOptions,
  'onProof' | 'onRenew' | 'onDraining' | 'onDoubt' | 'onTrust' | 'onEnded'
>;

/** What a {@link SessionKeeper} works with. */
export interface SessionKeeperOptions {
  readonly transport: Transport;
  /** In order of preference; at least one. */
  readonly relays: readonly RelayUrl[];
  readonly tlsVerify: 'none' | 'verify_peer';
  readonly caPem?: readonly string[];
  /** Longest pause between two rounds of dialling, milliseconds. Default: {@link redialDelayMsMax}. */
  readonly reconnectIntervalMs?: number;
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
  /** Whether a tunnel waits for a session to go on over. */
  readonly isAwaited: () => boolean;
}

/**
 * Keeps one session with one of the relays, the present one, for ever.
 *
 * States: idle → (`start`) dialling ⇄ connected → (`close`) closed. While dialling, the relays are tried in order of preference,
 * staggered, round after round with growing pauses.
 *
 * Renewal, while connected: when the relay asks for it (RENEW) or is about to stop (DRAINING), a PING is overdue, or our token is another one, a new
 * session is made beside the present one and takes its place: with the same relay first, or last if that is about to stop. The former session goes on until nothing uses it any more, or until it
 * breaks. An overdue answer that comes after all ends the attempt, but for one whose proof was sent: the relay may have given it
 * our names already.
 */
export class SessionKeeper {
  readonly #options: SessionKeeperOptions;
  readonly #lastErrors = new Map<string, Failure>();
  readonly #waiters = new Set<(session: Session | undefined) => void>();
  readonly #former = new Set<Session>();
  readonly #budget = new RenewalBudget();
  #present: Session | undefined;
  #state: 'idle' | 'dialling' | 'connected' | 'closed' = 'idle';
  #redialDelayMs = redialDelayMsMin;
  /** For the next dial, of either kind. */
  #dialTimer: NodeJS.Timeout | undefined;
  /** A dial is under way. */
  #cancelDial: (() => void) | undefined;
  /** The present session is to be renewed even if it answers: its relay asked, or may have given our names away. */
  #mustRenew = false;
  /** It is, since our token is another one now. */
  #hasNewToken = false;
  /** Every relay refused for good in the last round, and none is connected. */
  #isRefused = false;
  #sessionSeq = 0;
  /** Proofs sent with this number: as many relays may have given our names to a session of it. */
  #proofs = 0;
  #sessions = 0;
  #sessionUpAtMs = 0;
  /** Sessions lost in a row before they were stable. */
  #flaps = 0;
  /** Whose session was the last of these: tried last. */
  #flapping: RelayUrl | undefined;

  constructor(options: SessionKeeperOptions) {
    this.#options = options;
  }

  /** Where new tunnels go. */
  get present(): Session | undefined {
    return this.#present;
  }

  get state(): 'idle' | 'dialling' | 'connected' | 'closed' {
    return this.#state;
  }

  /** Why each relay that isn't connected isn't, by URL. */
  get lastErrors(): ReadonlyMap<string, Failure> {
    return this.#lastErrors;
  }

  /** Every relay refused for good, and none is connected; it is tried on all the same. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  start(): void {
    if (this.#state === 'idle') this.#dial();
  }

  /** The token is not the one of the present session; `isNews`: no relay has seen it, so no pause is in order. */
  handleToken(isNews: boolean): void {
    if (this.#present !== undefined) {
      const isPending = this.#hasNewToken;
      this.#hasNewToken = true;
      this.#mustRenew = true;
      if (isNews || !isPending) this.#renew();
    } else if (isNews && this.#state === 'dialling' && this.#cancelDial === undefined) {
      clearTimeout(this.#dialTimer);
      this.#dial();
    }
  }

  /** Stops dialling; the sessions stay until {@link closeSessions}. */
  stop(): void {
    this.#state = 'closed';
    clearTimeout(this.#dialTimer);
    this.#cancelDial?.();
    this.#tellWaiters();
  }

  closeSessions(code: WireCode): void {
    for (const session of [...this.#former, ...(this.#present === undefined ? [] : [this.#present])])
      session.close(code, '');
    this.#former.clear();
    this.#present = undefined;
  }

  /** Calls back with the present session, with the next one when it comes soon, or with what there is then. */
  whenPresent(callback: (session: Session | undefined) => void): void {
    const mayWait =
      this.#present === undefined || (this.#present.isDoubted && this.#cancelDial !== undefined);
    const isPause = this.#isRefused && this.#cancelDial === undefined;
    if (!mayWait || isPause || this.#state === 'closed' || this.#state === 'idle') {
      callback(this.#present);
      return;
    }
    const waiter = (session: Session | undefined): void => {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
      callback(session);
    };
    const timer = setTimeout(() => waiter(this.#present), sessionWaitMs);
    this.#waiters.add(waiter);
  }

  /** Something that used the session has ended. */
  handleReleased(session: Session): void {
    if (!this.#former.has(session) || this.#options.isInUse(session)) return;
    setTimeout(() => {
      if (this.#options.isInUse(session) || !this.#former.delete(session)) return;
      session.close('ok', 'another session has taken its place');
    }, formerLingerMs).unref();
  }

  #dial(): void {
    const { transport, relays, tlsVerify, caPem, makeSession } = this.#options;
    if (this.#present === undefined) this.#state = 'dialling';
    this.#sessionSeq = Math.max(this.#sessionSeq + 1, Date.now());
    const sessionSeq = this.#sessionSeq;
    this.#proofs = 0;
    this.#cancelDial = dialAny({
      transport,
      relays: this.#inOrder(relays),
      tlsVerify,
      ...(caPem === undefined ? {} : { caPem }),
      makeSession: (connection, url, onEnded) => {
        const session = makeSession(connection, url, sessionSeq, {
          onProof: () => {
            this.#proofs += 1;
            this.#mustRenew = this.#present !== undefined;
          },
          onRenew: () => this.#handleRenew(session),
          onDraining: () => this.#handleRenew(session),
          onDoubt: () => this.#handleDoubt(session),
          onTrust: () => this.#handleTrust(session),
          onEnded,
        });
        return session;
      },
      onFailed: (url, error) => this.#handleDialFailed(url, error),
      onWon: (session) => this.#handleSession(session),
      onAllFailed: (errors) => this.#handleRoundFailed(errors),
      onLost: (session, error) => this.#handleLost(session, error),
    });
  }

  /** A renewal keeps to its relay, unless that is about to stop. */
  #inOrder(relays: readonly RelayUrl[]): readonly RelayUrl[] {
    const present = this.#present;
    if (present === undefined) return inOrder(relays, { first: undefined, last: this.#flapping });
    return inOrder(
      relays,
      present.isDraining ? { first: undefined, last: present.url } : { first: present.url, last: undefined },
    );
  }

  #handleDialFailed(url: RelayUrl, error: unknown): void {
    const failure = describeFailure(error);
    if (url !== this.#present?.url) this.#lastErrors.set(url.text, failure);
    this.#options.onEvent({ kind: 'dial_failed', relay: url.text, ...failure });
  }

  #handleRoundFailed(errors: readonly unknown[]): void {
    this.#cancelDial = undefined;
    if (this.#state === 'closed') return;
    const refusals = errors
      .filter((error) => error instanceof MeshError)
      .filter(({ code }) => code === 'refused');
    const [first] = refusals;
    const isForGood =
      refusals.length === errors.length && refusals.every(({ wireCode }) => !isPassing(wireCode));
    // `replaced`: the next HELLO has a higher number.
    const isPause = isForGood && !refusals.some(({ wireCode }) => wireCode === 'replaced');
    const pauseMs = this.#options.isAwaited()
      ? Math.min(this.#redialDelayMs, awaitedRedialDelayMs)
      : this.#redialDelayMs;
    const delayMs = isPause ? refusedDelayMs : pauseMs;
    this.#redialDelayMs = Math.min(this.#redialDelayMs * 2, this.#pauseMsMax);
    if (this.#present !== undefined) {
      this.#tellWaiters();
      this.#later(delayMs, () => this.#renew());
      return;
    }
    this.#isRefused = isForGood;
    if (first !== undefined && isForGood) {
      this.#tellWaiters();
      this.#options.onRefused(first);
    }
    // Every try makes the relays ask the other host whether it lives.
    const isConflict = refusals.some(({ wireCode }) => wireCode === 'identity_conflict');
    this.#redialIn(isConflict ? conflictDelayMs : delayMs);
  }

  #redialIn(delayMs: number): void {
    this.#state = 'dialling';
    this.#later(delayMs, () => this.#dial());
  }

  #later(delayMs: number, run: () => void): void {
    clearTimeout(this.#dialTimer);
    this.#dialTimer = setTimeout(run, delayMs * (0.8 + Math.random() * 0.4));
  }

  #handleSession(session: Session): void {
    const former = this.#present;
    const why = former === undefined ? 'asked' : this.#whyRenewed(former);
    clearTimeout(this.#dialTimer);
    this.#cancelDial = undefined;
    this.#mustRenew = false;
    this.#hasNewToken = false;
    this.#isRefused = false;
    this.#state = 'connected';
    this.#present = session;
    this.#sessions += 1;
    this.#sessionUpAtMs = performance.now();
    this.#redialDelayMs = redialDelayMsMin;
    this.#lastErrors.delete(session.url.text);
    const relayId = session.relayId === undefined ? '' : identityId(session.relayId);
    const facts = { relay: session.url.text, relayId, transport: session.transport };
    if (former === undefined) {
      this.#options.onEvent({ kind: 'session_up', ...facts });
      if (this.#sessions > 1 && this.#former.size === 0) session.tellFormerGone();
    } else {
      this.#former.add(former);
      this.#options.onEvent({ kind: 'session_renewed', ...facts, former: former.url.text, why });
    }
    // Sessions of one number are equal to relays until one of them claims its names again.
    if (this.#proofs > 1) void session.changeNames({ add: [], remove: [] });
    this.#options.onPresent(session, former);
    this.#tellWaiters();
    if (former !== undefined) this.handleReleased(former);
  }

  #whyRenewed({ isDoubted, isDraining }: Session): 'asked' | 'unanswered' | 'token' | 'draining' {
    if (isDoubted) return 'unanswered';
    if (isDraining) return 'draining';
    return this.#hasNewToken ? 'token' : 'asked';
  }

  #handleLost(session: Session, error: MeshError): void {
    if (this.#former.delete(session)) {
      if (this.#former.size === 0) this.#present?.tellFormerGone();
      return;
    }
    if (this.#present !== session) return;
    this.#present = undefined;
    this.#mustRenew = false;
    this.#hasNewToken = false;
    this.#lastErrors.set(session.url.text, describeFailure(error));
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
    clearTimeout(this.#dialTimer);
    // A renewal under way is as good as a dial; its HELLO may also be why an older relay says `replaced`.
    if (this.#cancelDial !== undefined) this.#state = 'dialling';
    else if (error.wireCode === 'replaced') this.#redialIn(replacedDelayMs);
    else if (error.wireCode === 'identity_conflict') this.#redialIn(conflictDelayMs);
    else if (this.#flaps <= 1) this.#dial();
    else this.#redialIn(Math.min(redialDelayMsMin * 2 ** (this.#flaps - 2), this.#pauseMsMax));
  }

  get #pauseMsMax(): number {
    return this.#options.reconnectIntervalMs ?? redialDelayMsMax;
  }

  #handleRenew(session: Session): void {
    if (session !== this.#present) return;
    this.#mustRenew = true;
    this.#renew();
  }

  #handleDoubt(session: Session): void {
    if (session === this.#present) this.#renew();
  }

  #handleTrust(session: Session): void {
    if (session !== this.#present || this.#mustRenew) return;
    clearTimeout(this.#dialTimer);
    this.#cancelDial?.();
    this.#cancelDial = undefined;
    this.#tellWaiters();
  }

  /** Opens a connection beside the present one, if there is still reason to. */
  #renew(): void {
    if (this.#present === undefined || this.#cancelDial !== undefined || this.#state === 'closed') return;
    if (!this.#mustRenew && !this.#present.isDoubted) return;
    const waitMs = this.#budget.take(performance.now());
    if (waitMs === 0) this.#dial();
    else this.#later(waitMs, () => this.#renew());
  }

  #tellWaiters(): void {
    for (const waiter of [...this.#waiters]) waiter(this.#present);
  }
}

function inOrder(
  relays: readonly RelayUrl[],
  { first, last }: { first: RelayUrl | undefined; last: RelayUrl | undefined },
): readonly RelayUrl[] {
  if (first !== undefined) return [first, ...relays.filter((url) => url !== first)];
  return last === undefined ? relays : [...relays.filter((url) => url !== last), last];
}

/**
 * Refusals that end by themselves: the join goes on trying. `session_limit` is one, since sessions of a crash are given up after 30 s;
 * `name_limit` is none, since somebody must want fewer names.
 */
function isPassing(code: WireCode): boolean {
  return passing.has(code);
}

const passing: ReadonlySet<WireCode> = new Set([
  'busy',
  'draining',
  'shutdown',
  'hello_timeout',
  'session_limit',
  'rate_limited',
]);
