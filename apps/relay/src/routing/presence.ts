import type { Presence as PresenceMessage } from '@macula/wire';
import { OutputQueue } from '../core/output-queue.js';
import {
  presenceEveryMs,
  presenceListMessagesPerTurn,
  presenceLivenessEveryMs,
  presenceNamesPerTurn,
  presenceSendsPerMs,
} from './limits.js';
import { inMessages, takeNames } from './presence-messages.js';
import type { TouchedNames } from './touched-names.js';
import type { LinkId } from './types.js';
import { WatchedRealm } from './watched-realm.js';

/** Who is in the mesh, as far as this relay knows. */
export interface NamesView {
  /** Names that may have come or gone. */
  readonly touched: TouchedNames;
  /** Whether somebody has the name, or it is kept for the identity that had it a moment ago; one who only stands by has none. */
  isThere(realm: string, name: string, nowMs: number): boolean;
  /** All names of a realm of which that holds, in no order. */
  names(realm: string, nowMs: number): string[];
  /** Realms of which any name is known. */
  realms(): Iterable<string>;
  /** The realm of an agent's session; undefined when that is over or superseded. */
  realmOf(link: LinkId): string | undefined;
  /** Touches the names of relays that have died, or are back, since the last call. */
  noteLiveness(nowMs: number): void;
}

/** What a {@link Presence} works with. */
export interface PresenceParts {
  readonly view: NamesView;
  /** Whether a PRESENCE may be sent to a session now: false for one that is slow to read. */
  readonly hasRoom: (link: LinkId) => boolean;
}

/** What the shell has to do: send this before it asks for the next output, since `hasRoom` must know of it. */
export interface PresenceOutput {
  readonly kind: 'send';
  readonly links: readonly LinkId[];
  readonly message: PresenceMessage;
}

/**
 * Tells agents that watch which names of their realm come and go. See SPEC.md, section Presence.
 *
 * Call order: `handleWatch` at any time; after every input, to the router too, drain `pollOutput`, then arm a timer for `pollTimeout` that calls
 * `handleTimeout`, after the router's. A session that is over is forgotten without being told of.
 */
export class Presence {
  readonly #view: NamesView;
  readonly #hasRoom: (link: LinkId) => boolean;
  readonly #realms = new Map<string, Watched>();
  readonly #watchers = new Map<LinkId, Watcher>();
  /** Watchers that don't have the whole list yet; whose turn it is comes first. */
  readonly #listing = new Set<Watcher>();
  readonly #changes = new OutputQueue<{ readonly watched: Watched; readonly message: PresenceMessage }>();
  readonly #outputs = new OutputQueue<PresenceOutput>();
  /** Parts of lists that may still be sent in this turn. */
  #piecesLeft = 0;
  #sentInTurn = 0;
  #turnMs: number = Number.NEGATIVE_INFINITY;
  #livenessMs: number = Number.NEGATIVE_INFINITY;
  /** When the next name may have left. */
  #leaveMs: number = Number.POSITIVE_INFINITY;

  constructor({ view, hasRoom }: PresenceParts) {
    this.#view = view;
    this.#hasRoom = hasRoom;
  }

  /** An agent wants to know who is in its realm, from the beginning on, or no more. */
  handleWatch(link: LinkId, on: boolean, nowMs: number): void {
    const realm = this.#view.realmOf(link);
    const known = this.#watchers.get(link);
    if (on && known !== undefined && known.watched.realm === realm) {
      known.rest = undefined;
      this.#listing.add(known);
      return;
    }
    this.#forget(link);
    if (!on || realm === undefined) return;
    if (this.#watchers.size === 0) this.#noteLiveness(nowMs);
    const watched = this.#watch(realm, nowMs);
    const watcher: Watcher = { link, watched, rest: undefined };
    watched.watchers.add(watcher);
    this.#watchers.set(link, watcher);
    this.#listing.add(watcher);
  }

  /** Looks at what has changed, when that is due. */
  handleTimeout(nowMs: number): void {
    if (this.#watchers.size === 0) return;
    if (nowMs >= this.#livenessMs + presenceLivenessEveryMs) this.#noteLiveness(nowMs);
    if (nowMs < this.#nextTurnMs) return;
    this.#turnMs = nowMs;
    this.#sentInTurn = 0;
    this.#piecesLeft = presenceListMessagesPerTurn;
    for (const { link, watched } of [...this.#watchers.values()])
      if (this.#view.realmOf(link) !== watched.realm) this.#forget(link);
    this.#leaveMs = Number.POSITIVE_INFINITY;
    for (const watched of this.#realms.values()) this.#update(watched, nowMs);
  }

  /** The next thing to do, or undefined. */
  pollOutput(): PresenceOutput | undefined {
    for (;;) {
      const output = this.#outputs.shift();
      if (output !== undefined) {
        this.#sentInTurn += output.links.length;
        return output;
      }
      const change = this.#changes.shift();
      if (change !== undefined) this.#tell(change.watched, change.message);
      else if (!this.#list()) return undefined;
    }
  }

  /** When `handleTimeout` must be called next, undefined while nobody watches. */
  pollTimeout(): number | undefined {
    if (this.#watchers.size === 0) return undefined;
    const isDue = this.#listing.size > 0 || this.#view.touched.size > 0;
    const turnMs = isDue ? this.#nextTurnMs : Math.max(this.#leaveMs, this.#nextTurnMs);
    return Math.min(turnMs, this.#livenessMs + presenceLivenessEveryMs);
  }

  /** The names of a realm that are in the mesh now, in order. */
  nodes(realm: string, nowMs: number): string[] {
    return this.#view.names(realm, nowMs).sort();
  }

  /** How many names each realm has in the mesh, and how many sessions here watch it. Looks at every name. */
  counts(nowMs: number): { readonly realm: string; readonly names: number; readonly watchers: number }[] {
    return [...this.#view.realms()].map((realm) => ({
      realm,
      names: this.#view.names(realm, nowMs).length,
      watchers: this.#realms.get(realm)?.watchers.size ?? 0,
    }));
  }

  /** Many messages at once put off what comes next. */
  get #nextTurnMs(): number {
    return this.#turnMs + Math.max(presenceEveryMs, this.#sentInTurn / presenceSendsPerMs);
  }

  #noteLiveness(nowMs: number): void {
    this.#livenessMs = nowMs;
    this.#view.noteLiveness(nowMs);
  }

  #watch(realm: string, nowMs: number): Watched {
    const known = this.#realms.get(realm);
    if (known !== undefined) return known;
    this.#view.touched.begin(realm);
    const picture = new WatchedRealm(this.#view.names(realm, nowMs));
    const watched: Watched = { realm, picture, watchers: new Set() };
    this.#realms.set(realm, watched);
    return watched;
  }

  #forget(link: LinkId): void {
    const watcher = this.#watchers.get(link);
    if (watcher === undefined) return;
    const { watched } = watcher;
    this.#watchers.delete(link);
    this.#listing.delete(watcher);
    watched.watchers.delete(watcher);
    if (watched.watchers.size > 0) return;
    this.#realms.delete(watched.realm);
    this.#view.touched.end(watched.realm);
  }

  #update(watched: Watched, nowMs: number): void {
    const { realm, picture } = watched;
    const touched = this.#view.touched.take(realm, presenceNamesPerTurn);
    const change = picture.update(touched, (name) => this.#view.isThere(realm, name, nowMs), nowMs);
    this.#leaveMs = Math.min(this.#leaveMs, picture.pollTimeout() ?? Number.POSITIVE_INFINITY);
    for (const message of inMessages(change)) this.#changes.push({ watched, message });
  }

  /** Those who have the whole list get the change; of those who get it now, what has left may have been said already. */
  #tell({ watchers }: Watched, message: PresenceMessage): void {
    const current: LinkId[] = [];
    const listing: LinkId[] = [];
    for (const watcher of watchers) {
      const isListing = this.#listing.has(watcher);
      if (isListing && (watcher.rest === undefined || message.left.length === 0)) continue;
      if (!this.#hasRoom(watcher.link)) {
        watcher.rest = undefined; // it gets a fresh list when it has read what waits
        this.#listing.add(watcher);
      } else (isListing ? listing : current).push(watcher.link);
    }
    if (current.length > 0) this.#outputs.push({ kind: 'send', links: current, message });
    const { left } = message;
    if (listing.length > 0)
      this.#outputs.push({ kind: 'send', links: listing, message: { ...partOfList, joined: [], left } });
  }

  /** Sends somebody the next part of its list; false when there is nobody, or this turn has no more. */
  #list(): boolean {
    if (this.#piecesLeft === 0) return false;
    const watcher = this.#nextLister();
    this.#piecesLeft = watcher === undefined ? 0 : this.#piecesLeft - 1;
    if (watcher === undefined) return false;
    this.#listing.delete(watcher);
    const whole = watcher.rest === undefined;
    watcher.rest ??= watcher.watched.picture.told.values();
    const { names, more } = takeNames(watcher.rest);
    if (more) this.#listing.add(watcher);
    const message: PresenceMessage = { ...partOfList, whole, more, joined: names };
    this.#outputs.push({ kind: 'send', links: [watcher.link], message });
    return true;
  }

  #nextLister(): Watcher | undefined {
    for (const watcher of this.#listing) if (this.#hasRoom(watcher.link)) return watcher;
    return undefined;
  }
}

/** A realm that somebody watches. */
interface Watched {
  readonly realm: string;
  readonly picture: WatchedRealm;
  readonly watchers: Set<Watcher>;
}

/** A session that watches. */
interface Watcher {
  readonly link: LinkId;
  readonly watched: Watched;
  /** What it has not been told of the list; undefined while nothing of it was. */
  rest: Iterator<string> | undefined;
}

/** Of a list that goes on. */
const partOfList = { kind: 'presence', whole: false, more: true, left: [] } as const;
