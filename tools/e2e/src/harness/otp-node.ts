import assert from 'node:assert/strict';
import type { Otp } from '@macula/otp-releases';
import type { Host } from './host.js';
import type { ManagedProcess } from './managed-process.js';
import { harnessEbin, maculaEbin, maculaScript } from './paths.js';
import { eventually } from './poll.js';
import type { Scene } from './scene.js';

/** Options of {@link OtpNode}. */
export interface OtpNodeOptions {
  /** Full node name, `name@host`. The host needn't exist over macula. */
  readonly name: string;
  /** Default `E2E_COOKIE`. */
  readonly cookie?: string;
  /**
   * How distribution is carried: `macula` (README's first line), `tcp` (stock OTP, the name must end in `-PORT@127.0.0.1`),
   * `plain` (stock OTP with EPMD, whose port ERL_EPMD_PORT in `env` must name), `run` (a plain `erl -name` under `macula run`), or
   * `run-readme` (README's first line under it).
   */
  readonly carrier?: 'macula' | 'tcp' | 'plain' | 'run' | 'run-readme';
  /** Relays to join at boot: MACULA_RELAYS, or --relay of `macula run`. */
  readonly relays?: readonly string[];
  readonly realm?: string;
  /** Where it runs; default a machine of its own as the driver makes it. */
  readonly host?: Host;
  /** OTP release; default the scene's next one. */
  readonly otp?: Otp;
  /** `-name`, the default, `-sname`, or neither: then it is not distributed, and `name` only labels it. */
  readonly names?: 'long' | 'short' | 'none';
  /** More flags for `erl`. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** An OTP node in a process of its own, which evaluates Erlang expressions for a test. */
export class OtpNode {
  readonly name: string;
  readonly process: ManagedProcess;
  readonly env: Readonly<Record<string, string>>;
  readonly otp: Otp;
  readonly host: Host;
  #nextId = 1;
  #scanned = 0;
  readonly #answers = new Map<string, { ok: boolean; text: string }>();

  constructor(scene: Scene, host: Host, options: OtpNodeOptions) {
    this.name = options.name;
    const carrier = options.carrier ?? 'macula';
    const env = scene.environment(options.env);
    const relays = options.relays ?? [];
    if (carrier === 'macula' && relays.length > 0) env.MACULA_RELAYS = relays.join(' ');
    if (carrier === 'macula' && options.realm !== undefined) env.MACULA_REALM = options.realm;
    this.env = env;
    const flags = [
      ...carrierFlags[carrier],
      ...(carrier === 'tcp' ? tcpPort(options.name) : []),
      ...nameFlags(options),
      ...['-setcookie', options.cookie ?? 'E2E_COOKIE'],
      ...['-noshell', '+Bi', '-pa', harnessEbin],
      ...(options.flags ?? []),
      ...['-s', 'macula_e2e'],
    ];
    const underRun = carrier === 'run' || carrier === 'run-readme';
    const run = [
      ...[maculaScript, 'run', ...relays.flatMap((url) => ['--relay', url])],
      ...(options.realm === undefined ? [] : ['--realm', options.realm]),
      ...['--', 'erl'],
    ];
    this.otp = options.otp ?? scene.nextOtp();
    this.host = host;
    this.process = scene.process({
      label: options.name,
      command: underRun ? process.execPath : 'erl',
      args: underRun ? [...run, ...flags] : flags,
      ...{ env, otp: this.otp, host },
    });
    this.process.onChange(() => this.#scan());
  }

  /** Waits until the node is up and answers. */
  async ready(timeoutMs = 20_000): Promise<void> {
    await this.#answer('0', timeoutMs, 'start');
  }

  /**
   * Evaluates Erlang expressions.
   * @returns the value as `~0tp` writes it
   * @throws Error with the exception, or when the time is over (default 15,000 ms)
   */
  async eval(expressions: string, timeoutMs = 15_000): Promise<string> {
    const id = String(this.#nextId++);
    const text = expressions.trim().endsWith('.') ? expressions : `${expressions}.`;
    this.process.child.stdin!.write(`${id} ${Buffer.from(text).toString('base64')}\n`);
    const { ok, text: value } = await this.#answer(id, timeoutMs, text);
    if (!ok) throw new Error(`${this.name}: ${text}\nraised ${value}`);
    return value;
  }

  /**
   * Evaluates once.
   * @throws AssertionError when the value is not the wanted one
   */
  async gives(expressions: string, wanted: string | RegExp, timeoutMs?: number): Promise<string> {
    const value = await this.eval(expressions, timeoutMs);
    const what = `${this.name}: ${expressions}`;
    if (typeof wanted === 'string')
      assert.equal(value, wanted, `${what}\n  gave   ${value}\n  wanted ${wanted}`);
    else assert.match(value, wanted, `${what}\n  gave   ${value}\n  wanted ${wanted}`);
    return value;
  }

  /** Evaluates until the value is the wanted one. */
  evalUntil(expressions: string, wanted: string | RegExp, timeoutMs = 10_000): Promise<string> {
    return eventually(
      async () => {
        const value = await this.eval(expressions, timeoutMs);
        const matches = typeof wanted === 'string' ? value === wanted : wanted.test(value);
        if (!matches) throw new Error(`got ${value}`);
        return value;
      },
      { what: `${this.name}: ${expressions} to be ${wanted}`, timeoutMs },
    );
  }

  ping(other: OtpNode | string): Promise<string> {
    return this.eval(`net_adm:ping('${typeof other === 'string' ? other : other.name}')`, 40_000);
  }

  /** `macula:join_mesh/1` with these relays and further options in Erlang syntax. */
  join(relays: readonly string[], more = ''): Promise<string> {
    return this.eval(
      `macula:join_mesh(#{relays => [${relays.map((url) => `<<"${url}">>`).join(', ')}]${more ? `, ${more}` : ''}})`,
      20_000,
    );
  }

  /** Process id of the BEAM itself (under `macula run` that isn't the started process). */
  async beamPid(): Promise<number> {
    return Number((await this.eval('os:getpid()')).replaceAll('"', ''));
  }

  /** Process id of its agent. */
  async agentPid(): Promise<number> {
    return Number(await this.eval('maps:get(agent_os_pid, macula:status())'));
  }

  /** Ends the node; default at once, as a crash of the machine would. */
  async kill(): Promise<void> {
    this.process.signal('SIGKILL');
    await this.process.ended;
  }

  #answer(id: string, timeoutMs: number, what: string): Promise<{ ok: boolean; text: string }> {
    return new Promise((resolve, reject) => {
      const stop = this.process.onChange(() => look());
      const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
      const finish = (): void => {
        stop();
        clearTimeout(timer);
      };
      const fail = (why: string): void => {
        finish();
        reject(new Error(`${this.name}: ${what}: ${why}. Its output:\n${tail(this.process.output)}`));
      };
      const look = (): void => {
        this.#scan();
        const answer = this.#answers.get(id);
        if (answer) {
          this.#answers.delete(id);
          finish();
          resolve(answer);
        } else if (!this.process.isRunning) fail('the node has ended');
      };
      look();
    });
  }

  #scan(): void {
    const output = this.process.output;
    for (;;) {
      const end = output.indexOf('\n', this.#scanned);
      if (end < 0) return;
      const match = /^=> (\d+) (ok|error) (\S*)/.exec(output.slice(this.#scanned, end));
      if (match)
        this.#answers.set(match[1]!, {
          ok: match[2] === 'ok',
          text: Buffer.from(match[3]!, 'base64').toString('utf8'),
        });
      this.#scanned = end + 1;
    }
  }
}

/** Of README's first line. */
export const readmeFlags: readonly string[] = [
  '-proto_dist',
  'macula',
  '-no_epmd',
  '-start_epmd',
  'false',
  '-kernel',
  'net_ticktime',
  '120',
];

const carrierFlags: Readonly<Record<NonNullable<OtpNodeOptions['carrier']>, readonly string[]>> = {
  macula: [...readmeFlags, '-pa', maculaEbin],
  tcp: ['-proto_dist', 'inet_tcp', '-no_epmd', '-start_epmd', 'false', '-epmd_module', 'macula_e2e_epmd'],
  plain: ['-start_epmd', 'false'],
  run: [],
  'run-readme': readmeFlags,
};

function nameFlags({ names, name }: OtpNodeOptions): readonly string[] {
  if (names === 'none') return [];
  return [names === 'short' ? '-sname' : '-name', name];
}

/** The port in the name; said to kernel as well, because it asks an epmd module only when that is loaded already. */
function tcpPort(name: string): readonly string[] {
  const port = /-(\d+)@/.exec(name)?.[1];
  if (port === undefined) throw new Error(`${name}: a node over plain TCP is called NAME-PORT@127.0.0.1`);
  return ['-kernel', 'inet_dist_listen_min', port, 'inet_dist_listen_max', port];
}

function tail(text: string): string {
  return text.length > 8000 ? `…${text.slice(-8000)}` : text;
}
