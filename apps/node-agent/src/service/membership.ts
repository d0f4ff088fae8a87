import type { WireCode } from '@macula/wire';
import type { JoinError, RelayFailure } from '../control/messages.js';
import { refusedRetryMs } from '../limits.js';
import type { JoinOptions } from './join-options.js';
import type { MeshPort, MeshStatusView } from './mesh-port.js';

/** Makes the mesh of a join, names included; rejects with a {@link JoinFailure} when the join can't even begin. */
export type MeshMaker = (options: JoinOptions) => Promise<MeshPort>;

/** A join that can't begin, as the BEAM will see it. */
export class JoinFailure extends Error {
  override readonly name = 'JoinFailure';
  readonly error: BadOption;
  /** What is wrong is a file, which somebody may put right: a persistent join goes on trying. */
  readonly isPassing: boolean;

  constructor(option: string, why: string, { isPassing }: { readonly isPassing: boolean }) {
    super(why);
    this.error = { code: 'bad_option', name: option, why };
    this.isPassing = isPassing;
  }
}

/**
 * At most one mesh, and who waits for it.
 *
 * States: out → joining (`join`) → joined (first relay accepted) → out (`leave`). A join nobody waits for any longer, and that
 * isn't persistent, is closed entirely and leads back to out. A persistent one that is refused pauses and starts again; meanwhile
 * it knows why, and another join with the same options ends the pause and gets the outcome of that try.
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

  /** Whether a relay has accepted this node since the join, and they don't all refuse it by now. */
  get joined(): boolean {
    const attempt = this.#current;
    return attempt?.joined === true && attempt.mesh?.status().isRefused !== true;
  }

  /** Why this node isn't joined, in words; undefined: it is, or nothing has failed. */
  get joinError(): string | undefined {
    const attempt = this.#current;
    if (attempt === undefined) return undefined;
    if (attempt.mesh?.status().isRefused === true) return refusalText(relayFailures(attempt));
    return attempt.outcome === undefined ? undefined : textOf(attempt.outcome);
  }

  /** The mesh as it is; while a refused join pauses, what it was. */
  status(): MeshView | undefined {
    const attempt = this.#current;
    if (attempt === undefined || attempt.mesh !== undefined) return attempt?.mesh?.status();
    const relays = attempt.options.relays.map(({ text: url }) => {
      const lastError = attempt.failures.get(url)?.text;
      return { url, state: 'waiting', ...(lastError === undefined ? {} : { lastError }) };
    });
    return { names: [], relays };
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
        outcome: undefined,
        failures: new Map(),
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
    if (current.joined) {
      current.mesh?.checkToken();
      if (this.joined) return undefined;
      const relays = relayFailures(current);
      return refusal(refusalText(relays), relays);
    }
    const result = this.#wait(current, options);
    current.wake();
    return result;
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
      const waiter: Waiter = { resolve, timer: undefined, isPersistent: options.persistent };
      attempt.waiters.add(waiter);
      if (options.persistent) return;
      waiter.timer = setTimeout(() => void this.#handleTimeout(attempt, waiter), options.connectTimeoutMs);
    });
  }

  async #handleTimeout(attempt: Attempt, waiter: Waiter): Promise<void> {
    attempt.waiters.delete(waiter);
    const relays = relayFailures(attempt);
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
        attempt.outcome = undefined;
        settle(attempt, undefined);
        return;
      }
      const { error, isPassing } = outcome;
      if (!attempt.persistent || !isPassing) {
        await this.#drop(attempt, 'shutdown');
        settle(attempt, error);
        return;
      }
      attempt.outcome = error;
      if (attempt.mesh !== undefined) attempt.failures = relayFailures(attempt);
      await closeMesh(attempt, 'shutdown');
      if (attempt.over) return;
      settle(attempt, error, (waiter) => !waiter.isPersistent);
      this.#onRetry(`${textOf(error)}; trying again in ${refusedRetryMs / 1000} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, refusedRetryMs);
        attempt.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      attempt.wake = () => undefined;
    }
  }

  async #try(attempt: Attempt): Promise<'joined' | Outcome> {
    try {
      attempt.making = this.#makeMesh(attempt.options);
      const mesh = await attempt.making;
      if (attempt.over) {
        await mesh.close('shutdown').catch(() => undefined);
        return { error: refusal('the node left the mesh while it was joining', new Map()), isPassing: false };
      }
      attempt.mesh = mesh;
      mesh.start();
      await mesh.joined();
      return 'joined';
    } catch (thrown) {
      if (thrown instanceof JoinFailure) return { error: thrown.error, isPassing: thrown.isPassing };
      const relays = relayFailures(attempt);
      const text = thrown instanceof Error ? thrown.message : String(thrown);
      const said =
        attempt.mesh === undefined ? `every relay refused this node: ${text}` : refusalText(relays);
      return { error: refusal(said, relays), isPassing: true };
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
  /** Why the last try has failed; undefined before it has, and once joined. */
  outcome: Refusal | BadOption | undefined;
  /** What each relay said in the try before this one. */
  failures: ReadonlyMap<string, RelayFailure>;
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
  /** Is told of success only. */
  readonly isPersistent: boolean;
}

type BadOption = Extract<JoinError, { code: 'bad_option' }>;
type Refusal = Extract<JoinError, { code: 'refused' | 'connect_timeout' }>;

/** How a try has failed; `isPassing`: trying again may help. */
interface Outcome {
  readonly error: Refusal | BadOption;
  readonly isPassing: boolean;
}

/** What `status` shows of a mesh, or of the pause until the next one. */
export type MeshView = Pick<MeshStatusView, 'names' | 'relays'>;

function settle(
  attempt: Attempt,
  error: JoinError | undefined,
  isMeant: (waiter: Waiter) => boolean = () => true,
): void {
  for (const waiter of [...attempt.waiters].filter(isMeant)) {
    clearTimeout(waiter.timer);
    attempt.waiters.delete(waiter);
    waiter.resolve(error);
  }
}

async function closeMesh(attempt: Attempt, code: WireCode): Promise<void> {
  const { mesh } = attempt;
  attempt.mesh = undefined;
  // whatever goes wrong there, this mesh is over
  await mesh?.close(code).catch(() => undefined);
}

/** What each relay says, or said last; one that was not reached yet counts as slow. */
function relayFailures({ mesh, options, failures }: Attempt): ReadonlyMap<string, RelayFailure> {
  const errors = mesh?.lastErrors();
  return new Map(
    options.relays.map(({ text }) => [text, errors?.get(text) ?? failures.get(text) ?? noAnswer] as const),
  );
}

const noAnswer: RelayFailure = { code: 'timeout', text: 'no answer yet' };

function refusal(text: string, relays: ReadonlyMap<string, RelayFailure>): Refusal {
  return { code: 'refused', text, relays };
}

function refusalText(relays: ReadonlyMap<string, RelayFailure>): string {
  return `every relay refused this node: ${list(relays)}`;
}

function textOf(error: Refusal | BadOption): string {
  return error.code === 'bad_option' ? `${error.name}: ${error.why}` : error.text;
}

function list(relays: ReadonlyMap<string, RelayFailure>): string {
  return [...relays].map(([url, { text }]) => `${url}: ${text}`).join('; ');
}
