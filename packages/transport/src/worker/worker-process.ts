import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { workerSilenceMsMax } from '../limits.js';
import { FrameChannel } from './frame-channel.js';
import { type Frame, FrameType } from './frames.js';
import { heartbeatMs } from './messages.js';

/** Milliseconds a worker has until its first heartbeat: a slow machine may need long to start Node. */
const startMsMax = 30_000;
/** Milliseconds a worker has to close its connections and end when it is asked to. */
const stopMsMax = 2000;

/** What a worker process tells its owner. */
export interface WorkerHandlers {
  onFrame(frame: Frame): void;
  onDrain(): void;
  /** It ended without being asked to, or was killed because it hung. */
  onLost(why: string): void;
}

/** One worker process with its pipe; killed when it is silent for `workerSilenceMsMax`. */
export class WorkerProcess {
  readonly channel: FrameChannel;
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #timer: NodeJS.Timeout;
  readonly #handlers: WorkerHandlers;
  // Silence is counted in ticks of our own: when this process was stopped, the worker isn't blamed.
  #silentTicks = 0;
  #hasBeaten = false;
  #isOver = false;

  constructor(entry: URL | string, argument: string, handlers: WorkerHandlers) {
    this.#handlers = handlers;
    const env = { ...process.env };
    // Options of this process (inspector port, loaders) are not meant for the worker.
    delete env.NODE_OPTIONS;
    const path = typeof entry === 'string' ? entry : fileURLToPath(entry);
    this.#child = spawn(process.execPath, [path, argument], {
      // Standard output may carry a protocol of this process, so both outputs go to standard error.
      stdio: ['ignore', 2, 2, 'pipe'],
      env,
    });
    this.channel = new FrameChannel(this.#child.stdio[3] as Duplex, {
      onFrame: (frame) => {
        this.#silentTicks = 0;
        this.#hasBeaten = true;
        if (frame.type !== FrameType.heartbeat && !this.#isOver) handlers.onFrame(frame);
      },
      onDrain: () => handlers.onDrain(),
      onClosed: () => this.#lose('its pipe closed'),
    });
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        resolve();
        this.#lose(`it ended with ${signal ?? `code ${code}`}`);
      });
      this.#child.once('error', (error) => {
        resolve();
        this.#lose(error.message);
      });
    });
    this.#timer = setInterval(() => this.#tick(), heartbeatMs);
  }

  /** Process id; undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks the worker to end and waits for it. */
  async stop(): Promise<void> {
    this.#isOver = true;
    clearInterval(this.#timer);
    this.channel.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopMsMax);
    await this.exited;
    clearTimeout(timer);
    this.channel.destroy();
  }

  #tick(): void {
    this.channel.send(FrameType.heartbeat, 0);
    this.#silentTicks++;
    const silenceMsMax = this.#hasBeaten ? workerSilenceMsMax : startMsMax;
    if (this.#silentTicks * heartbeatMs >= silenceMsMax) this.#lose('it hung');
  }

  #lose(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#child.kill('SIGKILL');
    this.channel.destroy();
    this.#handlers.onLost(why);
  }
}
