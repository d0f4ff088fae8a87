import type { Presence as PresenceMessage } from '@macula/wire';
import { Presence } from '../routing/presence.js';
import type { Router } from '../routing/router.js';
import type { SimOwnerRelay, SimOwners, SimSession } from './sim-owners.js';

/** A session that watches, and what it was told. */
export interface SimWatcher {
  readonly session: SimSession;
  readonly messages: PresenceMessage[];
  /** Names it has been told of; undefined until it has the whole list. */
  readonly picture: ReadonlySet<string> | undefined;
  /** `+name` and `-name`, once the first list was complete. */
  readonly changes: string[];
  /** Whether it reads what it is sent. */
  isReading: boolean;
  /** Messages that it has not read. */
  unread: number;
}

/** Presence at each relay of a {@link SimOwners}, and sessions that watch. It moves with the time of those. */
export class SimWatchers {
  /** Messages to watchers, those that several got counted several times. */
  sent = 0;
  readonly #mesh: SimOwners;
  readonly #presences = new Map<SimOwnerRelay, { readonly router: Router; readonly presence: Presence }>();
  readonly #watchers = new Set<Reader>();

  constructor(mesh: SimOwners) {
    this.#mesh = mesh;
    mesh.onStep = () => this.#step();
  }

  /** A session watches from now on; one that watches already begins anew. */
  watch(session: SimSession): SimWatcher {
    const reader = [...this.#watchers].find((other) => other.session === session) ?? new Reader(session);
    this.#watchers.add(reader);
    this.presence(session.relay).handleWatch(session.link, true, this.#mesh.nowMs);
    this.#drain(session.relay);
    return reader;
  }

  unwatch({ relay, link }: SimSession): void {
    this.presence(relay).handleWatch(link, false, this.#mesh.nowMs);
  }

  /** The presence of a relay in its present life. */
  presence(relay: SimOwnerRelay): Presence {
    const known = this.#presences.get(relay);
    if (known !== undefined && known.router === relay.router) return known.presence;
    const { router } = relay;
    const presence = new Presence({
      view: relay.ownership.everywhere,
      hasRoom: (link) => (this.#reader(relay, link)?.unread ?? 0) < 4,
    });
    this.#presences.set(relay, { router, presence });
    return presence;
  }

  #step(): void {
    for (const reader of this.#watchers) if (reader.isReading) reader.unread = 0;
    for (const relay of this.#mesh.relays) {
      const presence = this.presence(relay);
      if ((presence.pollTimeout() ?? Number.POSITIVE_INFINITY) <= this.#mesh.nowMs)
        presence.handleTimeout(this.#mesh.nowMs);
      this.#drain(relay);
    }
  }

  #drain(relay: SimOwnerRelay): void {
    const presence = this.presence(relay);
    for (let output = presence.pollOutput(); output !== undefined; output = presence.pollOutput()) {
      for (const link of output.links) {
        const reader = this.#reader(relay, link);
        if (reader === undefined) throw new Error(`a session was told that does not watch: ${link}`);
        this.sent++;
        reader.unread++;
        reader.read(output.message);
      }
    }
  }

  #reader(relay: SimOwnerRelay, link: number): Reader | undefined {
    return [...this.#watchers].find(({ session }) => session.relay === relay && session.link === link);
  }
}

class Reader implements SimWatcher {
  readonly messages: PresenceMessage[] = [];
  readonly changes: string[] = [];
  isReading = true;
  unread = 0;
  readonly session: SimSession;
  #picture: Set<string> | undefined;
  #list: Set<string> | undefined;

  constructor(session: SimSession) {
    this.session = session;
  }

  get picture(): ReadonlySet<string> | undefined {
    return this.#picture;
  }

  read(message: PresenceMessage): void {
    this.messages.push(message);
    if (message.whole) this.#list = new Set();
    const isList = this.#list !== undefined;
    const names = this.#list ?? this.#picture;
    if (names === undefined) throw new Error('a change came before the list');
    for (const name of message.left) {
      if (!names.delete(name) && !isList) throw new Error(`${name} has left, and was not there`);
      if (!isList) this.changes.push(`-${name}`);
    }
    for (const name of message.joined) {
      if (names.has(name)) throw new Error(`${name} has joined, and was there`);
      names.add(name);
      if (!isList) this.changes.push(`+${name}`);
    }
    if (message.more || this.#list === undefined) return;
    this.#picture = this.#list;
    this.#list = undefined;
  }
}
