import type { WireCode } from '@macula/wire';
import type { JoinError } from '../control/messages.js';
import { refusedRetryMs } from '../limits.js';
import type { JoinOptions } from './join-options.js';
import type { MeshPort } from './mesh-port.js';

/** Makes the mesh of a join, names included; rejects with a {@link JoinFailure} when the join can't even begin. */
export type MeshMaker = (options: JoinOptions) => Promise<MeshPort>;

/** A join that can't begin, as the BEAM will see it. */
export class JoinFailure extends Error {
  override readonly name = 'JoinFailure';
  readonly error: JoinError;

  constructor(error: JoinError) {
    super(error.code === 'bad_option' ? error.why : error.text);
    this.error = error;
  }
}

/**
 * At most one mesh, and who waits for it.
 *
 * States: out → joining (`join`) → joined (first relay accepted) → out (`leave`). A join nobody waits for any longer, and that
 * isn't persistent, is closed entirely and leads back to out.
 */
export class Membership {
  readonly #makeMesh: MeshMaker;
  readonly #onRetry: (text: string) => void;
  #current: Attempt | undefined;

  constructor(makeMesh: MeshMaker, onRetry: (text: string) => void) {
    this.#makeMesh = makeMesh;
    this.#onRetry = onRetry;
  }

  /** The mesh, also while its first session is still being tried. */
  get mesh(): MeshPort | undefined {
    return this.#current?.mesh;
  }

  /** The mesh, or the one that a join is just making; undefined when there is none of both. */
  async meshSoon(): Promise<MeshPort | undefined> {
    const attempt = this.#current;
    await attempt?.making?.catch(() => undefined); // the join reports it
    return attempt?.mesh;
  }

  /** What was joined, or is being joined. */
  get options(): JoinOptions | undefined {
    return this.#current?.options;
  }

  /** Whether a relay has accepted this node since the join. */
  get joined(): boolean {
    return this.#current?.joined ?? false;
  }

  /** Joins, or waits for the same join that is under way; undefined is success. */
  async join(options: JoinOptions): Promise<JoinError | undefined> {
    const current = this.#current;
    if (current === undefined) {
      const attempt: Attempt = {
        options,
        persistent: options.persistent,
        joined: false,
        over: false,
        mesh: undefined,
        making: undefined,
        waiters: new Set(),
        wake: () => undefined,
      };
      this.#current = attempt;
      const result = this.#wait(attempt, options);
      void this.#run(attempt);
      return result;
    }
    if (current.options.sameMesh !== options.sameMesh) {
      const text = `this node has joined realm ${current.options.realm} through ${current.options.relays.map((relay) => relay.text).join(', ')}; call macula:leave_mesh() before joining with other options`;
      return { code: 'already_joined', text };
    }
    current.persistent ||= options.persistent;
    return current.joined ? undefined : this.#wait(current, options);
  }

  /** Leaves; resolves when the mesh is closed. Nothing to do when not joined. */
  async leave(code: WireCode): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    const error: JoinError = {
      code: 'refused',
      text: 'the node left the mesh while it was joining',
      relays: new Map(),
    };
    await this.#drop(current, code);
    settle(current, error);
  }

  #wait(attempt: Attempt, options: JoinOptions): Promise<JoinError | undefined> {
    return new Promise((resolve) => {
      const waiter: Waiter = { resolve, timer: undefined };
      attempt.waiters.add(waiter);
      if (options.persistent) return;
      waiter.timer = setTimeout(() => void this.#handleTimeout(attempt, waiter), options.connectTimeoutMs);
    });
  }

  async #handleTimeout(attempt: Attempt, waiter: Waiter): Promise<void> {
    attempt.waiters.delete(waiter);
    const relays = relayErrors(attempt, attempt.mesh);
    if (attempt.waiters.size === 0 && !attempt.persistent) await this.#drop(attempt, 'shutdown');
    const text = `no relay accepted this node in time: ${list(relays)}`;
    waiter.resolve({ code: 'connect_timeout', text, relays });
  }

  async #run(attempt: Attempt): Promise<void> {
    while (!attempt.over) {
      const outcome = await this.#try(attempt);
      if (attempt.over) return;
      if (outcome === 'joined') {
        attempt.joined = true;
        settle(attempt, undefined);
        return;
      }
      if (!attempt.persistent || outcome.code === 'bad_option') {
        await this.#drop(attempt, 'shutdown');
        settle(attempt, outcome);
        return;
      }
      await closeMesh(attempt, 'shutdown');
      this.#onRetry(`${outcome.text}; trying again in ${refusedRetryMs / 1000} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, refusedRetryMs);
        attempt.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async #try(attempt: Attempt): Promise<'joined' | Exclude<JoinError, { code: 'already_joined' }>> {
    try {
      attempt.making = this.#makeMesh(attempt.options);
      const mesh = await attempt.making;
      if (attempt.over) {
        await mesh.close('shutdown').catch(() => undefined);
        return failure('the node left the mesh while it was joining', new Map());
      }
      attempt.mesh = mesh;
      mesh.start();
      await mesh.joined();
      return 'joined';
    } catch (thrown) {
      if (thrown instanceof JoinFailure && thrown.error.code !== 'already_joined') return thrown.error;
      const relays = relayErrors(attempt, attempt.mesh);
      const text = thrown instanceof Error ? thrown.message : String(thrown);
      return failure(
        `every relay refused this node: ${attempt.mesh === undefined ? text : list(relays)}`,
        relays,
      );
    }
  }

  async #drop(attempt: Attempt, code: WireCode): Promise<void> {
    attempt.over = true;
    if (this.#current === attempt) this.#current = undefined;
    attempt.wake();
    await closeMesh(attempt, code);
  }
}

interface Attempt {
  readonly options: JoinOptions;
  persistent: boolean;
  joined: boolean;
  /** Nobody wants it any more. */
  over: boolean;
  mesh: MeshPort | undefined;
  /** Its mesh's code is being loaded. */
  making: Promise<MeshPort> | undefined;
  readonly waiters: Set<Waiter>;
  /** Ends the pause of a persistent join. */
  wake: () => void;
}

interface Waiter {
  readonly resolve: (error: JoinError | undefined) => void;
  timer: NodeJS.Timeout | undefined;
}

function settle(attempt: Attempt, error: JoinError | undefined): void {
  for (const waiter of attempt.waiters) {
    clearTimeout(waiter.timer);
    waiter.resolve(error);
  }
  attempt.waiters.clear();
}

async function closeMesh(attempt: Attempt, code: WireCode): Promise<void> {
  const { mesh } = attempt;
  attempt.mesh = undefined;
  // whatever goes wrong there, this mesh is over
  await mesh?.close(code).catch(() => undefined);
}

function relayErrors(attempt: Attempt, mesh: MeshPort | undefined): Map<string, string> {
  const errors = mesh?.lastErrors();
  return new Map(attempt.options.relays.map(({ text }) => [text, errors?.get(text) ?? 'no answer yet']));
}

function failure(
  text: string,
  relays: ReadonlyMap<string, string>,
): { code: 'refused'; text: string; relays: ReadonlyMap<string, string> } {
  return { code: 'refused', text, relays };
}

function list(relays: ReadonlyMap<string, string>): string {
  return [...relays].map(([url, why]) => `${url}: ${why}`).join('; ');
}
