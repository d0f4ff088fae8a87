import { pendingAttachesMax } from '../limits.js';
import type { Path } from './path.js';

/** The paths of one tunnel: at most one is active, a few attaches are pending. */
export class PathSet {
  #active: Path | undefined;
  /** By epoch, the oldest first. */
  readonly #pending: Path[] = [];
  #nextId: number;
  #goneRecordsIn = 0;
  #goneRecordsOut = 0;

  /**
   * @param first - active from the beginning, its handshake included.
   */
  constructor(first: Path) {
    this.#active = first;
    this.#nextId = first.id + 1;
  }

  /** The path that carries records; `undefined` when it is lost. */
  get active(): Path | undefined {
    return this.#active;
  }

  /** Attaches that have not committed, the oldest epoch first. */
  get pending(): readonly Path[] {
    return this.#pending;
  }

  /** Records opened on all paths. */
  get recordsIn(): number {
    return this.#goneRecordsIn + this.#sum((path) => path.recordsIn);
  }

  /** Records sealed on all paths. */
  get recordsOut(): number {
    return this.#goneRecordsOut + this.#sum((path) => path.recordsOut);
  }

  /** The number for a new path. */
  takeId(): number {
    return this.#nextId++;
  }

  /**
   * The path of a number, or `undefined` when it is gone.
   *
   * @param id - as given out.
   */
  find(id: number): Path | undefined {
    return this.#active?.id === id ? this.#active : this.#pending.find((path) => path.id === id);
  }

  /**
   * Adds a pending attach.
   *
   * @param path - its epoch is not there yet.
   * @returns the path with the oldest epoch, taken out, when there were too many.
   */
  add(path: Path): Path | undefined {
    const at = this.#pending.findIndex((other) => other.epoch > path.epoch);
    this.#pending.splice(at < 0 ? this.#pending.length : at, 0, path);
    const oldest = this.#pending[0]!;
    return this.#pending.length > pendingAttachesMax ? this.remove(oldest) : undefined;
  }

  /**
   * A pending path becomes the active one.
   *
   * @param path - which.
   * @returns what was taken out: the path that was active, and attaches of older epochs.
   */
  commit(path: Path): Path[] {
    const older = this.#pending.filter((other) => other.epoch < path.epoch);
    this.#pending.splice(this.#pending.indexOf(path), 1);
    const gone = this.#active === undefined ? older : [this.#active, ...older];
    for (const one of gone) this.remove(one);
    this.#active = path;
    return gone;
  }

  /**
   * Takes a path out and overwrites its keys.
   *
   * @param path - active or pending.
   * @returns the same.
   */
  remove(path: Path): Path {
    this.#goneRecordsIn += path.recordsIn;
    this.#goneRecordsOut += path.recordsOut;
    if (this.#active === path) this.#active = undefined;
    else this.#pending.splice(this.#pending.indexOf(path), 1);
    path.wipe();
    return path;
  }

  #sum(count: (path: Path) => number): number {
    const pending = this.#pending.reduce((total, path) => total + count(path), 0);
    return this.#active === undefined ? pending : pending + count(this.#active);
  }
}
