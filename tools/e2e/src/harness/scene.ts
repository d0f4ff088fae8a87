import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOtp, type Otp, OtpMissingError, systemOtp } from '@macula/otp-releases';
import { type BrokenRelays, faultVariables } from '../broken-relay/faults.js';
import type { Host, Network, Program, World } from './host.js';
import { localHost, localWorld } from './local-world.js';
import { ManagedProcess } from './managed-process.js';
import { OtpNode, type OtpNodeOptions } from './otp-node.js';
import { maculaScript } from './paths.js';
import { Relay, type RelayOptions } from './relay.js';

/**
 * Everything that one test starts: relays, nodes, agents, and a temporary directory that is their home, so that nothing
 * is left in the user's. `stop` ends it all; when this process ends first, the processes are killed and the directory removed.
 */
export class Scene {
  /** Temporary directory; short, because socket paths have at most 107 bytes. */
  readonly directory: string;
  /** The releases that nodes run on, in turn. */
  readonly otps: readonly Otp[];
  readonly #processes: ManagedProcess[] = [];
  #homes = 0;
  #otpsGiven = 0;

  readonly #world: World;
  readonly #broken: BrokenRelays | undefined;
  #relaysBroken = 0;

  /** @param world makes its machines, given its directory; default this machine */
  constructor(
    otps: readonly Otp[] = [defaultOtp()],
    world: (directory: string) => World = () => localWorld,
    broken?: BrokenRelays,
  ) {
    this.otps = otps;
    this.#broken = broken;
    this.directory = mkdtempSync(join(tmpdir(), 'mac-'));
    this.#world = world(this.directory);
    scenes.add(this);
  }

  /** Starts a relay and waits until it listens. */
  async relay(options: RelayOptions = {}): Promise<Relay> {
    const host = options.host ?? (await this.#world.relayHost(options.label ?? 'relay'));
    const relay = new Relay(this, host, options);
    await relay.listening();
    return relay;
  }

  /** A machine for a program that acts as a node, with the release that it runs on. */
  host(name: string, otp?: Otp): Promise<Host> {
    return this.#world.nodeHost(name, otp);
  }

  /** Homes, NAT and links to break; throws where the driver has none, so that such scenarios name their drivers. */
  get network(): Network {
    if (this.#world.network) return this.#world.network;
    throw new Error(
      'this driver has no network that can be shaped; the scenario must say so in its `drivers`',
    );
  }

  /** The release of the next node that names none. */
  nextOtp(): Otp {
    return this.otps[this.#otpsGiven++ % this.otps.length]!;
  }

  /** Two peered relays, and a node that joined behind each and has pinged the other. */
  async pair(
    more: Partial<OtpNodeOptions> & {
      readonly a?: Partial<OtpNodeOptions>;
      readonly b?: Partial<OtpNodeOptions>;
      /** Of both relays. */
      readonly relay?: Pick<RelayOptions, 'accessFile' | 'args'>;
    } = {},
  ): Promise<Pair> {
    const { a: onlyA, b: onlyB, relay, ...both } = more;
    const relay1 = await this.relay({ label: 'relay-1', ...relay });
    const relay2 = await this.relay({ label: 'relay-2', ...relay, peers: [relay1.url] });
    const [a, b] = await Promise.all([
      this.node({ name: 'a@one.test', relays: [relay1.url], ...both, ...onlyA }),
      this.node({ name: 'b@two.test', relays: [relay2.url], ...both, ...onlyB }),
    ]);
    await a.evalUntil(`net_adm:ping(${quoted(b.name)})`, 'pong', 20_000);
    return { relay1, relay2, a, b };
  }

  /** Starts an OTP node and waits until it answers. */
  async node(options: OtpNodeOptions): Promise<OtpNode> {
    const otp = options.otp ?? this.nextOtp();
    const host = options.host ?? (await this.host(options.name, otp));
    const node = new OtpNode(this, host, { ...options, otp });
    await node.ready();
    return node;
  }

  /** Runs the `macula` command; default on this machine. */
  macula(
    args: readonly string[],
    options: { label?: string; env?: Record<string, string>; host?: Host } = {},
  ): ManagedProcess {
    return this.process({
      label: options.label ?? `macula ${args[0]}`,
      command: process.execPath,
      args: [maculaScript, ...args],
      env: options.env ?? this.environment(),
      ...(options.host && { host: options.host }),
    });
  }

  /** Starts any program, default on this machine and in the scene's directory; it ends with the scene. */
  process({ host = localHost, ...program }: ProcessOptions): ManagedProcess {
    const started = new ManagedProcess(host.place({ cwd: this.directory, ...program }));
    this.#processes.push(started);
    return started;
  }

  /** A clean environment with a home directory of its own: nothing of ours or Erlang's comes from outside. */
  environment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
    const home = join(this.directory, String(this.#homes++));
    for (const path of [home, join(home, 'run'), join(home, 'tmp')]) mkdirSync(path, { mode: 0o700 });
    const kept: Record<string, string> = {};
    for (const name of ['PATH', 'LANG', 'LC_ALL', 'SystemRoot', 'MACULA_TRANSPORT']) {
      const value = process.env[name];
      if (value !== undefined) kept[name] = value;
    }
    return {
      ...kept,
      HOME: home,
      TMPDIR: join(home, 'tmp'),
      XDG_RUNTIME_DIR: join(home, 'run'),
      XDG_CONFIG_HOME: join(home, '.config'),
      XDG_DATA_HOME: join(home, '.local', 'share'),
      XDG_STATE_HOME: join(home, '.local', 'state'),
      XDG_CACHE_HOME: join(home, '.cache'),
      ERL_CRASH_DUMP: join(home, 'erl_crash.dump'),
      MACULA_NODE: process.execPath,
      ...extra,
    };
  }

  /** The same for a relay. Relays that are broken on purpose aren't broken at the same places: two swaps would be none. */
  relayEnvironment(): Record<string, string> {
    if (!this.#broken) return this.environment();
    const { fault, seed } = this.#broken;
    return this.environment(faultVariables({ fault, seed: seed + this.#relaysBroken++ }));
  }

  /** The output of every process so far, for a failure's report. */
  transcript(): string {
    return this.#processes
      .map((entry) => `--- ${entry.label} (pid ${entry.pid})\n${entry.output}`)
      .join('\n');
  }

  /** Ends everything, nodes before relays, and removes the directory. */
  async stop(): Promise<void> {
    await Promise.all([...this.#processes].reverse().map((entry) => entry.stop()));
    await this.#world.close();
    this.#remove();
  }

  /** Removes what is no process without waiting for anything. */
  removeNow(): void {
    this.#world.closeNow();
    this.#remove();
  }

  #remove(): void {
    scenes.delete(this);
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Options of {@link Scene.process}: a program with these defaults, and where it runs. */
export interface ProcessOptions extends Omit<Program, 'cwd'> {
  readonly cwd?: string;
  readonly host?: Host;
}

/** What {@link Scene.pair} made. */
export interface Pair {
  readonly relay1: Relay;
  readonly relay2: Relay;
  readonly a: OtpNode;
  readonly b: OtpNode;
}

/** MACULA_E2E_OTP, for instance `27`; default the release in PATH. */
function defaultOtp(): Otp {
  const release = process.env.MACULA_E2E_OTP;
  const otp = release ? findOtp(release) : systemOtp();
  if (otp) return otp;
  throw new OtpMissingError('there is no erl in PATH; install Erlang/OTP 25 or newer');
}

/** A name as an Erlang atom. */
function quoted(name: string): string {
  return `'${name}'`;
}

const scenes = new Set<Scene>();

process.on('exit', () => {
  for (const scene of scenes) scene.removeNow();
});

// A signal ends the process through its exit handlers, which clean up; whoever wants to do it gently listens, too.
// Not `once`: a second signal would end it amid the cleaning.
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const)
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(128 + number);
  });
