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

/** What a session was admitted with, and whose it is. */
export interface KeptSession extends RealmSession {
  /** The same for all sessions of one process of an agent. */
  readonly process: string;
}

/**
 * Watches over the sessions that stand: ends those whose token expires or is revoked, whose issuer or realm is removed. A session
 * whose process has come back with a newer token goes on under that one.
 */
export class RealmKeeper<Session extends object> {
  readonly #options: RealmKeeperOptions<Session>;
  readonly #sessions = new Map<Session, KeptSession>();
  /** The session of each process that was admitted last. */
  readonly #newest = new Map<string, Session>();
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
  add(session: Session, admitted: KeptSession): void {
    this.#sessions.set(session, admitted);
    this.#newest.set(admitted.process, session);
    if ((admitted.grant?.notAfterMs ?? Number.POSITIVE_INFINITY) < this.#dueMs) this.#arm();
  }

  /** What a session was admitted with, or inherited. */
  admitted(session: Session): RealmSession | undefined {
    return this.#sessions.get(session);
  }

  /** An older session of a process goes on under what the newest one was admitted with. */
  inherit(older: Session): void {
    const kept = this.#sessions.get(older);
    const newest = kept === undefined ? undefined : this.#newest.get(kept.process);
    const admitted = newest === undefined ? undefined : this.#sessions.get(newest);
    if (admitted !== undefined) this.#sessions.set(older, admitted);
  }

  remove(session: Session): void {
    const kept = this.#sessions.get(session);
    this.#sessions.delete(session);
    if (kept !== undefined && this.#newest.get(kept.process) === session) this.#newest.delete(kept.process);
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
    this.#newest.clear();
  }

  #endSome(): void {
    const kept = [...this.#sessions].map(([session, { realm, grant }]) => ({ session, realm, grant }));
    for (const { session, code, text } of sessionEnds(kept, this.#rules, this.#options.nowMs())) {
      this.remove(session.session);
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
