import type { AccessRules } from './access-rules.js';
import { nextSessionEnd, type RealmSession, type SessionEnd, sessionEnds } from './realm-admission.js';

/** What a {@link RealmKeeper} works with. */
export interface RealmKeeperOptions<Session> {
  readonly rules: AccessRules;
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** The session must end, for this reason; the keeper has forgotten it. */
  onEnd(session: Session, end: SessionEnd): void;
}

/**
 * Watches over the sessions that stand: ends those whose token expires or is revoked, whose issuer or realm is removed. A session
 * whose process has come back with a newer token goes on under that one.
 */
export class RealmKeeper<Session extends object> {
  readonly #options: RealmKeeperOptions<Session>;
  readonly #sessions = new Map<Session, RealmSession>();
  #rules: AccessRules;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer looks again, at the latest. */
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(options: RealmKeeperOptions<Session>) {
    this.#options = options;
    this.#rules = options.rules;
  }

  /** In force now. */
  get rules(): AccessRules {
    return this.#rules;
  }

  /** A session stands under what it was admitted with. */
  add(session: Session, admitted: RealmSession): void {
    this.#sessions.set(session, admitted);
    if ((admitted.grant?.notAfterMs ?? Number.POSITIVE_INFINITY) < this.#dueMs) this.#arm();
  }

  /** What a session was admitted with, or inherited. */
  admitted(session: Session): RealmSession | undefined {
    return this.#sessions.get(session);
  }

  /** The older session of a process goes on under what the newer one was admitted with. */
  inherit(older: Session, newer: Session): void {
    const admitted = this.#sessions.get(newer);
    if (admitted !== undefined && this.#sessions.has(older)) this.#sessions.set(older, admitted);
  }

  remove(session: Session): void {
    this.#sessions.delete(session);
  }

  /** Other rules are in force from now on. */
  handleRules(rules: AccessRules): void {
    this.#rules = rules;
    this.#endSome();
  }

  /** Watches no more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#sessions.clear();
  }

  #endSome(): void {
    const kept = [...this.#sessions].map(([session, { realm, grant }]) => ({ session, realm, grant }));
    for (const { session, code, text } of sessionEnds(kept, this.#rules, this.#options.nowMs())) {
      this.#sessions.delete(session.session);
      this.#options.onEnd(session.session, { code, text });
    }
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const next = nextSessionEnd(this.#sessions.values());
    this.#dueMs = next?.atMs ?? Number.POSITIVE_INFINITY;
    if (next === undefined) return;
    const waitMs = Math.min(Math.max(next.atMs - this.#options.nowMs(), minWaitMs), maxWaitMs);
    this.#timer = setTimeout(() => this.#endSome(), waitMs);
    this.#timer.unref();
  }
}

/** A token of a realm that has become open is named as next for ever; it must not be looked at in a tight loop. */
const minWaitMs = 1000;
/** The wall clock may be set meanwhile. */
const maxWaitMs = 60_000;
