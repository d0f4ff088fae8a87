import type { Session } from './session.js';

/** The token of a realm: the present one, and what each session was made with. */
export class SessionTokens {
  readonly #read: (() => string) | undefined;
  readonly #tokens = new WeakMap<Session, string>();
  /** Shown to a relay last. */
  #last: string | undefined;

  /** `read` gives the present token; undefined: the realm needs none. */
  constructor(read: (() => string) | undefined) {
    this.#read = read;
  }

  get present(): string | undefined {
    return this.#read?.();
  }

  /** Whether no relay has seen the present token; undefined: there is none. */
  get isNews(): boolean | undefined {
    const token = this.present;
    return token === undefined ? undefined : token !== this.#last;
  }

  /** A session is made with this token. */
  note(session: Session, token: string | undefined): void {
    this.#last = token;
    if (token !== undefined) this.#tokens.set(session, token);
  }

  /** Whether a session was made with the present token. */
  isPresent(session: Session): boolean {
    return this.#tokens.get(session) === this.present;
  }

  /** What a session was made with; where there is none, what was shown last. */
  shownBy(session: Session | undefined): string | undefined {
    return (session === undefined ? undefined : this.#tokens.get(session)) ?? this.#last;
  }
}
