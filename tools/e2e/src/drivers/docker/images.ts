import { existsSync } from 'node:fs';
import { fetchedRoot, type Otp, OtpMissingError, otpRoot } from '@macula/otp-releases';
import { root } from '../../harness/index.js';
import { ProgramError, runProgram } from '../run-program.js';
import type { Engine } from './engine.js';

/** An OTP release in an image. */
export class ContainerOtp implements Otp {
  readonly release: string;
  /** For instance `erlang:27`. */
  readonly image: string;

  constructor(release: string, image: string) {
    this.release = release;
    this.image = image;
  }

  get source(): string {
    return `image ${this.image}`;
  }

  /** In its container it is the one in PATH. */
  command(program: string, args: readonly string[]): { command: string; args: string[] } {
    return { command: program, args: [...args] };
  }

  environment(base: Readonly<Record<string, string | undefined>>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(base).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
  }

  has(program: string): boolean {
    return program === 'erl';
  }
}

/** The images of one engine. */
export class Images {
  readonly #engine: Engine;
  readonly #log: (line: string) => void;
  readonly #releases = new Map<string, Promise<ContainerOtp>>();
  /** Why images can't be pulled, once that is known. */
  #unpullable: string | undefined;

  constructor(engine: Engine, log: (line: string) => void) {
    this.#engine = engine;
    this.#log = log;
    if (engine.isOwn) this.#unpullable = 'the engine of this run has no route out';
  }

  /**
   * An image with a release: `erlang:NN`, or one made of Debian's packages.
   * @throws OtpMissingError
   */
  otp(release: string): Promise<ContainerOtp> {
    let otp = this.#releases.get(release);
    if (!otp) {
      otp = this.#find(release);
      this.#releases.set(release, otp);
    }
    return otp;
  }

  async #find(release: string): Promise<ContainerOtp> {
    const official = `erlang:${release}`;
    const own = `macula-otp:${release}`;
    let image = official;
    if (!(await this.#isHere(official))) {
      // What is on this machine already comes first, since an official image is large.
      const isQuick = (await this.#isHere(own)) || fetchedRoot(release) !== undefined;
      if (isQuick || !(await this.#pull(official))) image = await this.#made(own, release);
    }
    await this.#check(release, image);
    return new ContainerOtp(release, image);
  }

  async #isHere(image: string): Promise<boolean> {
    return (await this.#engine.run(['image', 'ls', '--quiet', image])).trim() !== '';
  }

  async #pull(image: string): Promise<boolean> {
    if (this.#unpullable !== undefined) return false;
    try {
      // Says sooner than a pull that nothing answers.
      await this.#engine.run(['manifest', 'inspect', image], answerMsMax);
      this.#log(`${image}: pulling`);
      await this.#engine.run(['pull', '--quiet', image], pullMsMax);
      return true;
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      this.#unpullable = error.message.split('\n').at(-1)!;
      return false;
    }
  }

  /** On an engine that isn't our own it stays, for the next run. */
  async #made(image: string, release: string): Promise<string> {
    if (await this.#isHere(image)) return image;
    let directory: string;
    try {
      directory = otpRoot(release, { log: this.#log });
    } catch (error) {
      if (!(error instanceof OtpMissingError)) throw error;
      throw new OtpMissingError(
        `There is no image erlang:${release}, and it can't be pulled (${this.#unpullable}). ${error.message}`,
        { cause: error },
      );
    }
    const import_ = [...this.#engine.docker, 'import', '-', image];
    const both = 'set -o pipefail; tar -C "$0" -c . | "$@"';
    await runProgram('bash', ['-c', both, directory, ...import_], { timeoutMs: importMsMax });
    return image;
  }

  /** That containers see our files, that our Node.js runs in them, and that the release is the one it should be. */
  async #check(release: string, image: string): Promise<void> {
    const script = `exec erl -noinput -boot start_clean -eval 'io:put_chars(erlang:system_info(otp_release)), halt().'`;
    const run = ['run', '--rm', '--label', this.#engine.label, '--network', 'none', ...mounts()];
    const node = 'process.stdout.write(process.versions.node + " ")';
    const command = [
      ...['--env', 'HOME=/', image, 'sh', '-c', `"$0" -e '${node}' && ${script}`],
      process.execPath,
    ];
    let output: string;
    try {
      output = await this.#engine.run([...run, ...command]);
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      throw new Error(
        `Node.js of ${process.execPath} and \`erl\` don't both start in a container of ${image}. Node.js must need no libraries but libstdc++ (as those from nodejs.org), and the engine must see the files of this machine. ${error.message}`,
      );
    }
    const wanted = `${process.versions.node} ${release}`;
    if (output.trim() !== wanted)
      throw new Error(`a container of ${image} has Node.js and OTP ${output.trim()}, wanted ${wanted}`);
  }
}

/** Node.js and the working tree, read-only and at the same paths as here. */
export function mounts(): string[] {
  return [process.execPath, root]
    .filter((path) => existsSync(path))
    .flatMap((path) => ['--mount', `type=bind,source=${path},target=${path},readonly`]);
}

const answerMsMax = 15_000;
const pullMsMax = 600_000;

/** 60 MB into an engine on a busy machine, milliseconds. */
const importMsMax = 300_000;
