import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { decodeTerm, encodeTerm, type Term } from '@macula/dist-protocol';
import type { Otp } from '@macula/otp-releases';

/** An emulator that runs `etf_peer.erl`: one request at a time, each answered by one term. */
export class ErlangPeer {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #requests: Writable;
  readonly #output: string[] = [];
  #received: Buffer = Buffer.alloc(0);
  #waiting: { readonly resolve: (term: Term) => void; readonly reject: (error: unknown) => void } | undefined;
  #failure: Error | undefined;

  /** Compiles and starts it with this OTP. @throws {Error} when it can't be compiled */
  constructor(otp: Otp) {
    this.#directory = mkdtempSync(join(tmpdir(), 'macula-etf-peer-'));
    const environment = otp.environment(process.env);
    const compiler = otp.command('erlc', ['-o', this.#directory, source]);
    const { status, stdout } = spawnSync(compiler.command, compiler.args, {
      encoding: 'utf8',
      env: environment,
    });
    if (status !== 0) {
      this.#removeDirectory();
      throw new Error(`etf_peer.erl does not compile on OTP ${otp.release}:\n${stdout}`);
    }
    const args = ['-noshell', '-noinput', '-pa', this.#directory, '-s', 'etf_peer', 'start'];
    const emulator = otp.command('erl', args);
    this.#child = spawn(emulator.command, emulator.args, {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    });
    this.#requests = this.#child.stdio[3] as Writable;
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => this.#output.push(chunk.toString()));
    (this.#child.stdio[4] as Readable).on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#requests.on('error', (error) => this.#fail(error));
    this.#child.once('error', (error) => this.#fail(error));
    this.#child.once('exit', (code, signal) =>
      this.#fail(
        new Error(`the emulator ended (${code ?? signal}):\n${this.#output.join('').slice(-2_000)}`),
      ),
    );
  }

  /** The answer to a request. @throws {Error} when the emulator ends */
  async ask(request: Term): Promise<Term> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#waiting !== undefined) throw new Error('one request at a time');
    const answered = new Promise<Term>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    const bytes = encodeTerm(request);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(bytes.length);
    this.#requests.write(head);
    this.#requests.write(bytes);
    return answered;
  }

  /** Ends the emulator and waits until it has. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGKILL');
      await ended;
    }
    this.#removeDirectory();
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    if (this.#received.length < 4) return;
    const end = 4 + this.#received.readUInt32BE(0);
    if (this.#received.length < end) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    const answer = this.#received.subarray(4, end);
    this.#received = this.#received.subarray(end);
    try {
      waiting?.resolve(decodeTerm(answer));
    } catch (error) {
      waiting?.reject(error);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  #removeDirectory(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Beside the sources also when this file was built. */
const source = fileURLToPath(new URL('../../src/etf/etf_peer.erl', import.meta.url));
