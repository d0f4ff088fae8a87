import type { PathCode } from '@macula/tunnel';
import { codeNumber, type WireCode, type WireError } from '@macula/wire';
import type { MeshError } from './errors.js';
import type { OpenHandlers } from './session.js';
import type { StreamPath } from './stream-path.js';
import type { MeshTunnelPath } from './tunnel-facts.js';

/** Number of the first OPEN's path. */
export const firstPath = 0;

/** Asks for a path by an offer, `hints` being the peer's relays where known; answers how to give up. */
export type OpenPath = (
  offer: Uint8Array,
  handlers: PathHandlers,
  hints: readonly string[],
) => (code: WireCode, text: string) => void;

/** Who waits for a path. */
export interface PathHandlers extends Pick<OpenHandlers, 'onAnswer'> {
  /** `via`: the session that said so; `relay`: which one the OPEN went to. */
  onFailed(error: MeshError | WireError, via: Uint8Array | undefined, relay: string): void;
}

/** The paths of one tunnel by their numbers: those that are wanted, those that are asked for, and those that stand. */
export class TunnelPaths {
  readonly #standing = new Map<number, StreamPath>();
  /** Offers that wait for a session, and the peer's relays as it has told them. */
  readonly #wanted = new Map<number, { readonly offer: Uint8Array; readonly hints: readonly string[] }>();
  /** How to give up what was not answered yet. */
  readonly #asked = new Map<number, (code: WireCode, text: string) => void>();

  /** A path stands. */
  add(pathId: number, path: StreamPath): void {
    this.#asked.delete(pathId);
    this.#standing.set(pathId, path);
  }

  /** It is over. */
  remove(pathId: number, path: StreamPath): void {
    if (this.#standing.get(pathId) === path) this.#standing.delete(pathId);
  }

  beginsAt(pathId: number): MeshTunnelPath | undefined {
    return this.#standing.get(pathId)?.beginsAt;
  }

  want(pathId: number, offer: Uint8Array, hints: readonly string[]): void {
    this.#wanted.set(pathId, { offer, hints });
  }

  /** Asks for a path with its offer, unless it isn't wanted any more. */
  ask(
    pathId: number,
    ask: (offer: Uint8Array, hints: readonly string[]) => (code: WireCode, text: string) => void,
  ): void {
    const wanted = this.#wanted.get(pathId);
    if (wanted !== undefined && this.#wanted.delete(pathId))
      this.#asked.set(pathId, ask(wanted.offer, wanted.hints));
  }

  handleAnswered(pathId: number): void {
    this.#asked.delete(pathId);
  }

  end(pathId: number): void {
    this.#standing.get(pathId)?.end();
  }

  /** Gives a path up, at whatever stage it is. */
  reset(pathId: number, code: PathCode): void {
    this.#standing.get(pathId)?.reset(codeNumber(code));
    this.#wanted.delete(pathId);
    this.#asked.get(pathId)?.(code, '');
    this.#asked.delete(pathId);
  }

  resetStanding(code: WireCode): void {
    for (const path of this.#standing.values()) path.reset(codeNumber(code));
  }

  giveUpAsked(): void {
    for (const giveUp of this.#asked.values()) giveUp('ok', '');
    this.#asked.clear();
    this.#wanted.clear();
  }

  /** Forgets all: they belong to an attempt that is over. */
  clear(): void {
    this.#standing.clear();
  }

  /** Writes what `next` gives for each path, while that takes bytes. */
  pump(next: (pathId: number) => readonly Uint8Array[] | undefined): void {
    for (const [pathId, path] of this.#standing) {
      while (path.writable) {
        const pieces = next(pathId);
        if (pieces === undefined) break;
        path.write(pieces);
      }
    }
  }
}
