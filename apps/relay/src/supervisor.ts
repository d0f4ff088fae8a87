import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SocketAddress } from '@macula/transport';
import { parseRelayConfig, type RelayConfig, type RelayConfigInput } from './config.js';
import { RelayError } from './errors.js';
import {
  heartbeatSilenceMsMax,
  workerBackoffMsMax,
  workerBackoffMsMin,
  workerStableMs,
  workerStartMsMax,
} from './limits.js';
import { loadSecrets, type RelaySecrets } from './secrets.js';
import type { ListenAddress } from './transports.js';
import { type FromWorker, secretsToJson, type ToWorker } from './worker-protocol.js';

/** What a supervised relay tells its owner. */
export type SupervisorEvent =
  /** A worker listens; after a restart on the same addresses as before. */
  | {
      readonly kind: 'ready';
      readonly id: string;
      readonly listen: readonly ListenAddress[];
      readonly admin: SocketAddress | undefined;
      readonly pid: number;
    }
  /** The worker is gone and another one starts. `hung`: it gave no heartbeat and was killed. */
  | {
      readonly kind: 'worker_lost';
      readonly why: 'exit' | 'hung';
      readonly text: string;
      readonly restartMs: number;
    }
  /** `stop` was called or a signal came. */
  | { readonly kind: 'draining' }
  /** No worker is left. */
  | { readonly kind: 'stopped' };

/** How to supervise. */
export interface SuperviseOptions {
  /** Called for everything that happens, never before `superviseRelay` has begun. */
  readonly onEvent?: (event: SupervisorEvent) => void;
  /** Whether SIGTERM and SIGINT to this process stop the relay. Default true. */
  readonly handleSignals?: boolean;
  /** The worker's program. Default: the one of this package. */
  readonly workerPath?: string;
}

/** A relay in a watched process of its own. */
export interface SupervisedRelay {
  readonly id: string;
  readonly listen: readonly ListenAddress[];
  readonly admin: SocketAddress | undefined;
  /** Of the present worker; undefined between two. */
  readonly pid: number | undefined;
  /** Drains and ends the worker; resolves when it has gone. */
  stop(): Promise<void>;
  /** Resolves when the relay was stopped, by `stop` or by a signal. */
  readonly stopped: Promise<void>;
}

/**
 * Runs a relay in a process of its own, kills it when its event loop stands still (native code of the QUIC library can be made
 * to spin) and starts it again with the same identity, certificate and port. Resolves when it listens.
 * @throws RelayError when the first worker can't start; later ones are tried for ever
 */
export async function superviseRelay(
  input: RelayConfigInput,
  options: SuperviseOptions = {},
): Promise<SupervisedRelay> {
  const config = parseRelayConfig(input);
  const supervisor = new Supervisor(config, await loadSecrets(config), options);
  await supervisor.started;
  return supervisor;
}

type Ready = Extract<FromWorker, { kind: 'ready' }>;

/** Milliseconds beyond the grace that a draining worker has. */
const drainExtraMs = 3000;
const watchMs = 250;

class Supervisor implements SupervisedRelay {
  readonly started: Promise<void>;
  readonly stopped: Promise<void>;
  readonly #secrets: RelaySecrets;
  readonly #options: SuperviseOptions;
  readonly #watch: ReturnType<typeof setInterval>;
  #config: RelayConfig;
  #ready: Ready | undefined;
  #worker: ChildProcess | undefined;
  #isWorkerReady = false;
  #failure: RelayError | undefined;
  #wasHung = false;
  #spawnedMs = 0;
  #heardMs = 0;
  #watchedMs = performance.now();
  #backoffMs = workerBackoffMsMin;
  #restartTimer: ReturnType<typeof setTimeout> | undefined;
  #isStopping = false;
  #resolveStarted!: () => void;
  #rejectStarted!: (error: RelayError) => void;
  #resolveStopped!: () => void;

  constructor(config: RelayConfig, secrets: RelaySecrets, options: SuperviseOptions) {
    this.#config = config;
    this.#secrets = secrets;
    this.#options = options;
    this.started = new Promise((resolve, reject) => {
      this.#resolveStarted = resolve;
      this.#rejectStarted = reject;
    });
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    if (options.handleSignals !== false) {
      process.on('SIGTERM', this.#onSignal);
      process.on('SIGINT', this.#onSignal);
    }
    this.#watch = setInterval(() => this.#checkHeartbeat(), watchMs);
    this.#spawn();
  }

  get id(): string {
    return this.#ready!.id;
  }

  get listen(): readonly ListenAddress[] {
    return this.#ready!.listen;
  }

  get admin(): SocketAddress | undefined {
    return this.#ready!.admin;
  }

  get pid(): number | undefined {
    return this.#worker?.pid;
  }

  stop(): Promise<void> {
    if (this.#isStopping) return this.stopped;
    this.#isStopping = true;
    this.#emit({ kind: 'draining' });
    clearTimeout(this.#restartTimer);
    const worker = this.#worker;
    if (worker === undefined) {
      this.#finish();
      return this.stopped;
    }
    this.#send({ kind: 'drain' });
    const timer = setTimeout(() => worker.kill('SIGKILL'), this.#config.drainGraceMs + drainExtraMs);
    worker.once('exit', () => clearTimeout(timer));
    return this.stopped;
  }

  readonly #onSignal = (): void => void this.stop();

  #spawn(): void {
    const path = this.#options.workerPath ?? fileURLToPath(new URL('./worker-main.js', import.meta.url));
    const worker = spawn(process.execPath, [path], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#worker = worker;
    this.#isWorkerReady = false;
    this.#wasHung = false;
    this.#failure = undefined;
    this.#spawnedMs = this.#heardMs = performance.now();
    worker.on('message', (message: FromWorker) => this.#handleMessage(message));
    worker.on('error', (cause) => {
      this.#failure ??= RelayError.from(cause, 'worker_failed', 'Check that this process may start others.');
      if (worker.pid === undefined) this.#handleExit('the worker could not be started');
    });
    worker.once('exit', (code, signal) => this.#handleExit(`exit code ${code ?? signal}`));
    this.#send({ kind: 'start', config: this.#config, secrets: secretsToJson(this.#secrets) });
  }

  #send(message: ToWorker): void {
    // A worker that has just died shows itself by its exit.
    if (this.#worker?.connected) this.#worker.send(message, () => {});
  }

  #handleMessage(message: FromWorker): void {
    this.#heardMs = performance.now();
    if (message.kind === 'failed') {
      this.#failure = new RelayError(message.code, message.text, message.remedy);
    } else if (message.kind === 'ready') {
      this.#isWorkerReady = true;
      this.#ready = message;
      this.#keepAddresses(message);
      const { id, listen, admin } = message;
      this.#emit({ kind: 'ready', id, listen, admin, pid: this.#worker?.pid ?? 0 });
      this.#resolveStarted();
    }
  }

  /** The next worker listens where this one did, also when the settings left the ports open. */
  #keepAddresses({ listen, admin }: Ready): void {
    for (const { transport, port } of listen) {
      const setting = transport === 'quinn' ? 'listenQuinn' : 'listen';
      const { [setting]: wanted } = this.#config;
      if (wanted !== undefined) this.#config = { ...this.#config, [setting]: { ...wanted, port } };
    }
    const settings = this.#config.admin;
    if (settings !== undefined && admin !== undefined) {
      this.#config = { ...this.#config, admin: { ...settings, port: admin.port } };
    }
  }

  #checkHeartbeat(): void {
    const nowMs = performance.now();
    // If this process itself was stopped (suspend, SIGSTOP), the worker's heartbeats are still to be read.
    if (nowMs - this.#watchedMs > 4 * watchMs) this.#heardMs = nowMs;
    this.#watchedMs = nowMs;
    if (this.#worker === undefined || this.#wasHung) return;
    const allowedMs = this.#isWorkerReady ? heartbeatSilenceMsMax : workerStartMsMax;
    const sinceMs = this.#isWorkerReady ? this.#heardMs : this.#spawnedMs;
    if (nowMs - sinceMs < allowedMs) return;
    this.#wasHung = true;
    this.#worker.kill('SIGKILL');
  }

  #handleExit(text: string): void {
    if (this.#worker === undefined) return;
    this.#worker = undefined;
    if (this.#isStopping || this.#ready === undefined) {
      this.#rejectStarted(
        this.#failure ?? new RelayError('worker_failed', `the relay did not start: ${text}`, 'Read its log.'),
      );
      this.#finish();
      return;
    }
    if (performance.now() - this.#spawnedMs > workerStableMs) this.#backoffMs = workerBackoffMsMin;
    const restartMs = this.#backoffMs;
    this.#backoffMs = Math.min(this.#backoffMs * 2, workerBackoffMsMax);
    const why = this.#wasHung ? 'hung' : 'exit';
    this.#emit({ kind: 'worker_lost', why, text: this.#failure?.message ?? text, restartMs });
    this.#restartTimer = setTimeout(() => this.#spawn(), restartMs);
  }

  #finish(): void {
    clearInterval(this.#watch);
    process.off('SIGTERM', this.#onSignal);
    process.off('SIGINT', this.#onSignal);
    this.#emit({ kind: 'stopped' });
    this.#resolveStopped();
  }

  #emit(event: SupervisorEvent): void {
    this.#options.onEvent?.(event);
  }
}
