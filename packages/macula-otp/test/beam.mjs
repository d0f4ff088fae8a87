// A real BEAM under test: started with the carrier and the fake agent, driven over its standard input.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { StringDecoder } from 'node:string_decoder';

const running = new Set();

/** An OTP release, and what a group of nodes shares: the compiled files and the folder of the fake mesh. */
export class Site {
  constructor({ otp, mesh, files }) {
    Object.assign(this, { otp, mesh, files });
  }

  start(name, { cookie = 'x', flags = [], env = {}, proto = ['macula'], epmd = false, agent = true } = {}) {
    const args = [
      ...['-noshell', '-pa', path.join(this.files, 'ebin'), path.join(this.files, 'test')],
      ...['-proto_dist', ...proto, ...(epmd ? [] : ['-no_epmd', '-start_epmd', 'false'])],
      ...['-kernel', 'net_ticktime', '120', ...(name ? ['-name', name] : []), '-setcookie', cookie],
      ...['-s', 'macula_test_driver', ...flags],
    ];
    const program = this.otp.command('erl', args);
    const child = spawn(program.command, program.args, {
      env: {
        ...this.otp.environment(process.env),
        MACULA_AGENT: path.join(this.files, 'test/fake-agent.mjs'),
        FAKE_MESH: this.mesh,
        TMPDIR: this.mesh,
        ...env,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const beam = new Beam(child, name);
    return beam.ready(agent && name !== undefined && proto.includes('macula'));
  }
}

export class Beam {
  log = '';
  /** Everything it wrote, both streams, as it came. */
  output = [];
  #answers = new Map();
  #next = 1;
  #rest = '';

  constructor(child, name) {
    this.child = child;
    this.name = name;
    running.add(child);
    this.ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    child.once('exit', () => {
      running.delete(child);
      for (const { reject } of this.#answers.values()) reject(new Error(`the BEAM ended\n${this.log}`));
    });
    child.stdin.on('error', () => {});
    this.#read(child.stdout, (text) => this.#take(text));
    this.#read(child.stderr, (text) => {
      this.log += text;
    });
  }

  /** Runs, and with `agent` also: its agent has heard where it listens (it answers in order). */
  async ready(agent) {
    await this.eval('ok');
    if (agent) await until(() => this.agentPid(), `agent of ${this.name}\n${this.log}`);
    return this;
  }

  eval(expression, timeoutMs = 20000) {
    const number = String(this.#next++);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no answer to ${expression} of ${this.name}\n${this.log}`)),
        timeoutMs,
      );
      const settle = (action) => (value) => {
        clearTimeout(timer);
        action(value);
      };
      this.#answers.set(number, { resolve: settle(resolve), reject: settle(reject) });
      this.child.stdin.write(`${number} ${expression.replaceAll('\n', ' ')}.\n`);
    });
  }

  ping(name) {
    return this.eval(`net_adm:ping('${name}')`, 30000);
  }

  async agentPid() {
    return Number(await this.eval('maps:get(agent_os_pid, macula:status(), 0)'));
  }

  async stop() {
    this.child.stdin.end();
    return this.ended;
  }

  kill() {
    this.child.kill('SIGKILL');
    return this.ended;
  }

  #read(stream, onText) {
    const decoder = new StringDecoder('utf8');
    stream.on('data', (bytes) => {
      this.output.push(bytes);
      onText(decoder.write(bytes));
    });
  }

  #take(text) {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop();
    for (const line of lines) {
      const found = /^@@(\d+) (.*)$/.exec(line);
      if (!found) this.log += `${line}\n`;
      else {
        this.#answers.get(found[1])?.resolve(found[2]);
        this.#answers.delete(found[1]);
      }
    }
  }
}

export function killAll() {
  for (const child of running) child.kill('SIGKILL');
}

/** Polls until `probe` gives something true; times out with its last value. */
export async function until(probe, what, timeoutMs = 10000) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`gave up waiting: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function leftovers(directory) {
  return fs.readdirSync(directory).filter((name) => name.startsWith('macula-') || name.endsWith('.json'));
}
