import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ManagedProcess, maculaEbin, maculaScript, readmeFlags } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'a mix release joins by macula run or by its environment alone, in interactive mode and, with macula in it, in embedded mode; bin/app rpc, remote and stop work',
  programs: ['mix'],
  seconds: 240,
  isLong: true,
  drivers: ['local', 'netns'],
  async run({ scene }) {
    const relay = await scene.relay();
    const a = await scene.node({ name: 'a@one.test', relays: [relay.url] });
    const otp = scene.nextOtp();
    const project = join(scene.directory, 'shop');
    mkdirSync(join(project, 'lib'), { recursive: true });
    writeFileSync(join(project, 'lib', 'shop.ex'), application);
    const program = join(project, '_build', 'prod', 'rel', 'shop', 'bin', 'shop');
    const run = [process.execPath, maculaScript, 'run', '--relay', relay.url, '--'];
    const flags = readmeFlags.join(' ');

    await release('crypto');
    await lives('run@two.test', 'interactive', run, {});
    await lives('env@two.test', 'interactive', [], {
      ERL_FLAGS: `${flags} -pa ${maculaEbin}`,
      MACULA_RELAYS: relay.url,
      RELEASE_MODE: 'interactive',
    });
    await release('crypto', 'macula');
    await lives('run@three.test', 'embedded', run, { RELEASE_MODE: 'embedded' });
    await lives('env@three.test', 'embedded', [], {
      ERL_FLAGS: flags,
      MACULA_RELAYS: relay.url,
      MACULA_AGENT: join(maculaEbin, '..', 'priv', 'agent.mjs'),
    });

    /** Makes the release with these applications of OTP's kind; macula is found where ERL_LIBS says. */
    async function release(...applications: readonly string[]): Promise<void> {
      writeFileSync(join(project, 'mix.exs'), mixfile(applications));
      const libraries = join(scene.directory, 'libraries');
      if (applications.includes('macula')) {
        mkdirSync(libraries);
        symlinkSync(join(maculaEbin, '..'), join(libraries, 'macula'));
      }
      const env = { LC_ALL: 'C.UTF-8', MIX_ENV: 'prod', ERL_LIBS: libraries };
      const mix = scene.process({
        ...{ label: 'mix release', cwd: project },
        ...otp.command('mix', ['release', '--overwrite']),
        env: otp.environment(scene.environment(env)),
      });
      assert.equal((await mix.ended).code, 0, mix.output);
    }

    /** One life of the release, started behind these words in this environment, and used from the same one. */
    async function lives(
      node: string,
      mode: 'interactive' | 'embedded',
      before: readonly string[],
      extra: Record<string, string>,
    ): Promise<void> {
      const env = otp.environment(
        scene.environment({
          ...{ LC_ALL: 'C.UTF-8', TERM: 'xterm', RELEASE_DISTRIBUTION: 'name', RELEASE_NODE: node },
          ...{ RELEASE_COOKIE: 'E2E_COOKIE', ...extra },
        }),
      );
      const [first, ...rest] = [...before, program];
      const host = await scene.host(node);
      const app = (...args: string[]): { command: string; args: string[] } =>
        otp.command(first!, [...rest, ...args]);
      const started = scene.process({ label: `${node} start`, ...app('start'), env, host });
      await a.evalUntil(`net_adm:ping('${node}')`, 'pong', 30_000).catch((error: Error) => {
        throw new Error(`${error.message}\n${started.output}`);
      });
      await a.gives(`rpc:call('${node}', code, get_mode, [])`, mode);
      await a.gives(`rpc:call('${node}', 'Elixir.Shop', hello, [])`, 'world');
      await a.gives(`rpc:call('${node}', net_adm, ping, ['a@one.test'])`, 'pong');

      const rpc = scene.process({
        ...{ label: `${node} rpc`, env, host },
        ...app('rpc', 'IO.puts("rpc #{Shop.hello()} on #{node()}")'),
      });
      assert.equal((await rpc.ended).code, 0, rpc.output);
      await rpc.waitFor(new RegExp(`^rpc world on ${node}$`, 'm'));

      const { command, args } = app('remote');
      const remote = scene.process({
        ...{ label: `${node} remote`, env, host },
        ...{ command: 'script', args: ['-qefc', [command, ...args].join(' '), '/dev/null'] },
      });
      await types(
        remote,
        new RegExp(`iex\\(${node}\\)1>`),
        'IO.puts("re" <> "mote #{Shop.hello()} on #{node()}")',
      );
      await remote.waitFor(new RegExp(`remote world on ${node}`));
      await remote.stop();

      const stop = scene.process({ label: `${node} stop`, ...app('stop'), env, host });
      assert.equal((await stop.ended).code, 0, stop.output);
      assert.deepEqual(await started.ended, { code: 0, signal: null });
      await a.evalUntil(`lists:member('${node}', nodes())`, 'false');
    }
  },
};

async function types(terminal: ManagedProcess, prompt: RegExp, line: string): Promise<void> {
  await terminal.waitFor(prompt, 30_000);
  terminal.child.stdin!.write(`${line}\r`);
}

/** The carrier needs crypto, and a release has only the applications that it names. */
const mixfile = (applications: readonly string[]): string => `
defmodule Shop.MixProject do
  use Mix.Project
  def project, do: [app: :shop, version: "0.1.0"]
  def application, do: [mod: {Shop, []}, extra_applications: [${applications.map((name) => `:${name}`)}]]
end
`;

const application = `
defmodule Shop do
  use Application
  def start(_, _), do: Supervisor.start_link([], strategy: :one_for_one)
  def hello, do: :world
end
`;
