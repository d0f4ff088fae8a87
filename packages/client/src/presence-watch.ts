import type { Presence } from '@macula/wire';
import { type NodeChange, PresencePicture } from './presence-picture.js';
import type { Session } from './session.js';

/** What a {@link PresenceWatch} works with. */
export interface PresenceWatchOptions {
  /** Whether a name is this node's own. */
  readonly isOwn: (name: string) => boolean;
  readonly onEvent: (change: NodeChange) => void;
}

/** Watches the realm through the primary session, whichever that is, while somebody wants to know. */
export class PresenceWatch {
  readonly #options: PresenceWatchOptions;
  #picture: PresencePicture | undefined;
  #session: Session | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PresenceWatchOptions) {
    this.#options = options;
  }

  /** The other nodes, in order; undefined: not known. */
  get names(): readonly string[] | undefined {
    return this.#picture?.names;
  }

  start(session: Session | undefined): void {
    if (this.#picture !== undefined) return;
    this.#picture = new PresencePicture(this.#options.isOwn);
    if (session !== undefined) this.handleSession(session);
  }

  /** Forgets everything; nobody is told that nodes left. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#picture = undefined;
    this.#session?.watch(false);
    this.#session = undefined;
  }

  /** Another session is the primary one. */
  handleSession(session: Session): void {
    if (this.#picture === undefined) return;
    this.#session?.watch(false);
    this.#session = session;
    this.#picture.handleSession(session.watch(true));
  }

  handlePresence(session: Session, message: Presence): void {
    if (session === this.#session)
      this.#input((picture) => picture.handlePresence(message, performance.now()));
  }

  /** Names have become this node's own, or are not any more. */
  handleOwn(change: { readonly add: readonly string[]; readonly remove: readonly string[] }): void {
    this.#input((picture) => picture.handleOwn(change, performance.now()));
  }

  #input(input: (picture: PresencePicture) => void): void {
    const picture = this.#picture;
    if (picture === undefined) return;
    input(picture);
    this.#arm(picture);
    for (const change of picture.takeChanges()) this.#options.onEvent(change);
  }

  #arm(picture: PresencePicture): void {
    clearTimeout(this.#timer);
    const atMs = picture.pollTimeout();
    if (atMs === undefined) return;
    const waitMs = Math.max(1, Math.ceil(atMs - performance.now()));
    this.#timer = setTimeout(() => this.#input((one) => one.handleTimeout(performance.now())), waitMs);
    this.#timer.unref();
  }
}
