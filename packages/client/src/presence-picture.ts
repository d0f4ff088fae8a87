import type { Presence } from '@macula/wire';
import { presenceDoubtMs, presenceNamesKnownMax } from './limits.js';

/** A name of the realm that has come into the mesh, or is gone. */
export type NodeChange =
  | { readonly kind: 'node_joined'; readonly name: string }
  | { readonly kind: 'node_left'; readonly name: string };

/**
 * Which other nodes of the realm are in the mesh, by what one session after the other says. For each name `node_joined` and `node_left` come in turn, and
 * all of them together make `names`. This node's own names are no other nodes.
 *
 * Each session begins with the whole list. A name that is in the picture and not in the first list of another session stays for `presenceDoubtMs`: that relay may have
 * started a moment ago, or hear of everything a little later. In later lists of a session, what isn't there is gone. A name that was this node's own is not another
 * node's before the session has said that it left, or `presenceDoubtMs` have passed.
 *
 * Call order: `handleSession`, then what that session says; after every call drain `takeChanges`, then arm a timer for `pollTimeout` that calls
 * `handleTimeout`.
 */
export class PresencePicture {
  readonly #isOwn: (name: string) => boolean;
  readonly #namesMax: number;
  /** What the session has said; undefined while it has not said it all. */
  #said: Set<string> | undefined;
  /** Of a list that goes on. */
  #list: Set<string> | undefined;
  /** Names of which what the session says does not count yet, since when, and what counts instead; in that order. */
  readonly #doubted = new Map<string, { readonly sinceMs: number; readonly isThere: boolean }>();
  readonly #told = new Set<string>();
  readonly #changes: NodeChange[] = [];
  #isKnown = false;
  #isTelling = false;

  /** `namesMax`: names above that aren't kept. */
  constructor(isOwn: (name: string) => boolean, namesMax: number = presenceNamesKnownMax) {
    this.#isOwn = isOwn;
    this.#namesMax = namesMax;
  }

  /** Another session tells from now on; `isTelling` false: its relay is too old for it. */
  handleSession(isTelling: boolean): void {
    this.#isTelling = isTelling;
    this.#said = undefined;
    this.#list = undefined;
  }

  /** What the session says. A change that comes before the list is none of it. */
  handlePresence({ whole, more, joined, left }: Presence, nowMs: number): void {
    if (whole) this.#list = new Set();
    const names = this.#list ?? this.#said;
    if (names === undefined) return;
    for (const name of left) names.delete(name);
    for (const name of joined) if (names.size < this.#namesMax) names.add(name);
    if (this.#list === undefined) for (const name of [...left, ...joined]) this.#settle(name);
    else if (!more) this.#replace(this.#list, nowMs);
  }

  /** Names have become this node's own, or are not any more: then the session will soon say that they have left. */
  handleOwn({ add, remove }: { add: readonly string[]; remove: readonly string[] }, nowMs: number): void {
    for (const name of remove) this.#doubted.set(name, { sinceMs: nowMs, isThere: false });
    for (const name of [...remove, ...add]) this.#settle(name);
  }

  /** Ends the doubt about names. */
  handleTimeout(nowMs: number): void {
    for (const [name, { sinceMs }] of this.#doubted) {
      if (nowMs - sinceMs < presenceDoubtMs) break;
      this.#doubted.delete(name);
      this.#settle(name);
    }
  }

  /** When `handleTimeout` must be called next; undefined: no need. */
  pollTimeout(): number | undefined {
    const [first] = this.#doubted.values();
    return first === undefined ? undefined : first.sinceMs + presenceDoubtMs;
  }

  /** All changes since the last call, in order. */
  takeChanges(): NodeChange[] {
    return this.#changes.splice(0);
  }

  /** The other nodes, in order; undefined until the first list is complete, and while the session's relay is too old to tell. */
  get names(): string[] | undefined {
    return this.#isKnown && this.#isTelling ? [...this.#told].sort() : undefined;
  }

  #replace(list: Set<string>, nowMs: number): void {
    const former = this.#said;
    this.#said = list;
    this.#list = undefined;
    this.#isKnown = true;
    for (const name of this.#told) {
      if (list.has(name)) continue;
      if (former === undefined && !this.#doubted.has(name))
        this.#doubted.set(name, { sinceMs: nowMs, isThere: true });
      this.#settle(name);
    }
    for (const name of list) this.#settle(name);
  }

  /** Tells of a name what has not been told. */
  #settle(name: string): void {
    const isSaid = this.#said?.has(name) === true;
    if (this.#doubted.get(name)?.isThere === isSaid) this.#doubted.delete(name);
    const isThere = (this.#doubted.get(name)?.isThere ?? isSaid) && !this.#isOwn(name);
    if (isThere === this.#told.has(name)) return;
    if (isThere) this.#told.add(name);
    else this.#told.delete(name);
    this.#changes.push({ kind: isThere ? 'node_joined' : 'node_left', name });
  }
}
