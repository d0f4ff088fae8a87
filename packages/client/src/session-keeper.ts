import { identityId } from '@macula/crypto';
import type { RelayUrl } from '@macula/transport';
import type { WireCode } from '@macula/wire';
import { dialAny } from './dial-any.js';
import { describeFailure, MeshError } from './errors.js';
import {
  conflictDelayMs,
  formerLingerMs,
  redialDelayMsMin,
  replacedDelayMs,
  sessionStableMs,
  sessionWaitMs,
} from './limits.js';
import { jittered, RedialPause } from './redial-pause.js';
import { isOfOther, isPassing } from './refusal-kinds.js';
import { RenewalBudget } from './renewal-budget.js';
import type { Session } from './session.js';
import type { HandedSession, SessionKeeperOptions, StandbyNeed } from './session-keeper-types.js';

/** Who keeps a session now. */
const keepers = new WeakMap<Session, SessionKeeper>();

function keeperOf(session: Session, maker: SessionKeeper): SessionKeeper {
  return keepers.get(session) ?? maker;
}

/**
 * Keeps one session with one of the relays, the present one, for ever.
 *
 * States: idle → (`start`) dialling ⇄ connected → (`close`) closed. While dialling, the relays are tried in order of preference,
 * staggered, round after round with growing pauses.
 *
 * Renewal, while connected: when the relay asks for it (RENEW) or is about to stop (DRAINING), a PING is overdue, or our token is another one, a new
 * session is made beside the present one and takes its place: with the same relay first, or last if that is about to stop. The former session goes on until nothing uses it any more, or until it
 * breaks. Where a session stands by and is fit for it, that one takes the place at once, also when the present one is lost. An overdue answer that comes after all ends the attempt, but for one whose proof was sent: the relay may have given it
 * our names already.
 */
export class SessionKeeper {
  readonly #options: SessionKeeperOptions;
  readonly #waiters = new Set<(session: Session | undefined) => void>();
  readonly #former = new Set<Session>();
  readonly #budget = new RenewalBudget();
  readonly #pause: RedialPause;
  #present: Session | undefined;
  #state: 'idle' | 'dialling' | 'connected' | 'closed' = 'idle';
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
  /** Relays that a proof was sent to in this round: they may have given our names to a session of it. */
  #provenAt: Uint8Array[] = [];
  #sessions = 0;
  #sessionUpAtMs = 0;
  /** Sessions lost in a row before they were stable. */
  #flaps = 0;
  /** The last present session, if it is lost and none has taken its place, and its names went to nobody else. */
  #lost: Session | undefined;
  /** Whose session was the last of these: tried last. */
  #flapping: RelayUrl | undefined;

  constructor(options: SessionKeeperOptions) {
    this.#options = options;
    this.#pause = new RedialPause(options.reconnectIntervalMs);
  }

  /** Where new tunnels go. */
  get present(): Session | undefined {
    return this.#present;
  }

  get state(): 'idle' | 'dialling' | 'connected' | 'closed' {
    return this.#state;
  }

  /** Whose place others have taken, and that carry something. */
  get former(): ReadonlySet<Session> {
    return this.#former;
  }

  /** Every relay refused for good, and none is connected; it is tried on all the same. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** A newer session may have its names already, at whatever relay. */
  get isProving(): boolean {
    return this.#cancelDial !== undefined && this.#provenAt.length > 0;
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

  /** Lets a session that stands by take the place of the present one, if that is lost, silent or its relay about to stop. */
  tryTakeOver(): boolean {
    if (this.#state === 'closed') return false;
    const present = this.#present;
    if (present === undefined) return this.#lost !== undefined && this.#takeOver(this.#lost, 'lost');
    if (present.isDoubted) return this.#takeOver(present, 'unanswered');
    return present.isDraining && this.#takeOver(present, 'draining');
  }

  /** Gives its sessions away and goes on with none. */
  handOver(): HandedSession | undefined {
    const session = this.#present;
    if (session === undefined) return undefined;
    const former = [...this.#former];
    this.#former.clear();
    this.pause();
    this.#present = undefined;
    this.#state = 'idle';
    return { session, former };
  }

  /** Takes sessions that carry something until they don't. */
  keepFormer(sessions: readonly Session[]): void {
    for (const session of sessions) {
      this.#keepFormer(session);
      this.handleReleased(session);
    }
  }

  /** Dials no more until {@link resume}; a session that stands stays. */
  pause(): void {
    clearTimeout(this.#dialTimer);
    this.#cancelDial?.();
    this.#cancelDial = undefined;
    if (this.#state === 'dialling') this.#state = 'idle';
  }

  /** Dials after so many milliseconds, unless it does or has a session. */
  resume(delayMs: number): void {
    if (this.#state === 'closed' || this.#present !== undefined || this.#cancelDial !== undefined) return;
    this.#pause.reset();
    this.#redialIn(delayMs);
  }

  #dial(): void {
    const { transport, relays, tlsVerify, caPem, makeSession } = this.#options;
    if (this.#present === undefined) this.#state = 'dialling';
    const known = this.#inOrder(relays());
    const among = this.#options.holds.free(known, performance.now());
    if (among.length === 0) {
      const waitMs = known.length === 0 ? jittered(this.#pauseMsMax, Math.random()) : this.#heldMs;
      this.#after(waitMs, () => this.#dial());
      return;
    }
    const sessionSeq = this.#options.nextSessionSeq();
    this.#provenAt = [];
    this.#cancelDial = dialAny({
      transport,
      relays: among,
      tlsVerify,
      ...(caPem === undefined ? {} : { caPem }),
      makeSession: (connection, url, onEnded) => {
        const keeper = (): SessionKeeper => keeperOf(session, this);
        const session: Session = makeSession(connection, url, sessionSeq, {
          onProof: () => {
            this.#provenAt.push(session.relayId!);
            this.#mustRenew = this.#present !== undefined;
          },
          onRenew: () => keeper().#handleRenew(session),
          onDraining: () => keeper().#handleRenew(session),
          onDoubt: () => keeper().#handleDoubt(session),
          onTrust: () => keeper().#handleTrust(session),
          onAnswer: () => keeper().#options.onAnswer(session),
          onEnded,
        });
        return session;
      },
      onFailed: (url, error) => this.#handleDialFailed(url, error),
      onWon: (session) => this.#handleSession(session),
      onAllFailed: (errors) => this.#handleRoundFailed(errors),
      onLost: (session, error) => keeperOf(session, this).#handleLost(session, error),
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
    if (error instanceof MeshError) this.#options.holds.note(url, error.retryMs, performance.now());
    if (url !== this.#present?.url) this.#options.lastErrors.set(url.text, failure);
    this.#options.onEvent({ kind: 'dial_failed', relay: url.text, ...failure });
  }

  #handleRoundFailed(errors: readonly unknown[]): void {
    this.#cancelDial = undefined;
    if (this.#state === 'closed') return;
    const refusals = errors
      .filter((error) => error instanceof MeshError)
      .filter(({ code }) => code === 'refused');
    const [first] = refusals;
    const { holds, relays } = this.#options;
    const isForGood =
      refusals.length === errors.length &&
      refusals.every(({ wireCode }) => !isPassing(wireCode)) &&
      holds.free(relays(), performance.now()).length === relays().length;
    // `replaced`: the next HELLO has a higher number.
    const isPause = isForGood && !refusals.some(({ wireCode }) => wireCode === 'replaced');
    const delayMs = this.#pause.handleFailed({ isAwaited: this.#options.isAwaited(), isForGood: isPause });
    if (this.#present !== undefined) {
      this.#tellWaiters();
      this.#later(delayMs, () => this.#renew());
      return;
    }
    if (this.tryTakeOver()) return;
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
    this.#after(jittered(delayMs, Math.random()), run);
  }

  #after(delayMs: number, run: () => void): void {
    clearTimeout(this.#dialTimer);
    this.#dialTimer = setTimeout(run, Math.ceil(delayMs));
  }

  /** Milliseconds until a relay may be tried; 0: now. */
  get #heldMs(): number {
    const { holds, relays } = this.#options;
    return holds.waitMs(relays(), performance.now());
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
    this.#lost = undefined;
    keepers.set(session, this);
    this.#sessions += 1;
    this.#sessionUpAtMs = performance.now();
    this.#pause.reset();
    this.#options.holds.forget(session.url);
    this.#options.lastErrors.delete(session.url.text);
    const relayId = session.relayId === undefined ? '' : identityId(session.relayId);
    const facts = { relay: session.url.text, relayId, transport: session.transport };
    if (former === undefined) {
      this.#options.onEvent({ kind: 'session_up', ...facts });
      if (this.#sessions > 1 && !this.#options.hasFormer(session)) session.tellFormerGone();
    } else {
      this.#former.add(former);
      this.#options.onEvent({ kind: 'session_renewed', ...facts, former: former.url.text, why });
    }
    // Sessions of one number are equal to relays until one of them claims its names again.
    if (this.#provenAt.length > 1) void session.changeNames({ add: [], remove: [] });
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
      if (this.#present && !this.#options.hasFormer(this.#present)) this.#present.tellFormerGone();
      return;
    }
    if (this.#present !== session) return;
    this.#present = undefined;
    this.#mustRenew = false;
    this.#hasNewToken = false;
    this.#options.lastErrors.set(session.url.text, describeFailure(error));
    this.#options.holds.note(session.url, error.retryMs, performance.now());
    this.#options.onEvent({
      kind: 'session_down',
      relay: session.url.text,
      code: error.wireCode,
      text: error.message,
    });
    if (this.#state === 'closed') return;
    this.#lost = isOfOther(error.wireCode) ? undefined : session;
    if (this.tryTakeOver()) return;
    this.#options.onAbsent(error.wireCode);
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
    return this.#options.reconnectIntervalMs;
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
    if (this.tryTakeOver()) return;
    const waitMs = this.#heldMs || this.#budget.take(performance.now());
    if (waitMs === 0) this.#dial();
    else this.#later(waitMs, () => this.#renew());
  }

  #takeOver(former: Session, why: StandbyNeed): boolean {
    // A round that reaches the standby's relay as well may have taken its names already.
    const isUnusable = ({ relayId }: Session): boolean =>
      this.#cancelDial !== undefined && this.#provenAt.some((id) => Buffer.from(id).equals(relayId!));
    const handed = this.#options.takeStandby(former, why, isUnusable);
    if (handed === undefined) return false;
    this.#cancelDial?.();
    this.#provenAt = [];
    for (const session of handed.former) this.#keepFormer(session);
    this.#handleSession(handed.session);
    for (const session of handed.former) this.handleReleased(session);
    return true;
  }

  #keepFormer(session: Session): void {
    keepers.set(session, this);
    this.#former.add(session);
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
