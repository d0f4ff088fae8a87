import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ManagedProcess, maculaEbin, maculaScript } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary: 'a mix release joins by macula run or by its environment alone; bin/app rpc, remote and stop work',
  programs: ['mix'],
  seconds: 240,
  async run({ scene }) {
    const relay = await scene.relay();
    const a = await scene.node({ name: 'a@one.test', relays: [relay.url] });
    const otp = scene.nextOtp();
    const project = join(scene.directory, 'shop');
    mkdirSync(join(project, 'lib'), { recursive: true });
    writeFileSync(join(project, 'mix.exs'), mixfile);
    writeFileSync(join(project, 'lib', 'shop.ex'), application);
    const mix = scene.process({
      ...{ label: 'mix release', cwd: project },
      ...otp.command('mix', ['release']),
      env: otp.environment(scene.environment({ LC_ALL: 'C.UTF-8', MIX_ENV: 'prod' })),
    });
    assert.equal((await mix.ended).code, 0, mix.output);
    const program = join(project, '_build', 'prod', 'rel', 'shop', 'bin', 'shop');

    await lives('run@two.test', [process.execPath, maculaScript, 'run', '--relay', relay.url, '--'], {});
    await lives('env@two.test', [], {
      ERL_FLAGS: `-proto_dist macula -no_epmd -start_epmd false -kernel net_ticktime 120 -pa ${maculaEbin}`,
      MACULA_RELAYS: relay.url,
      RELEASE_MODE: 'interactive',
    });

    /** One life of the release, started behind these words in this environment, and used from the same one. */
    async function lives(
      node: string,
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
      const app = (...args: string[]): { command: string; args: string[] } =>
        otp.command(first!, [...rest, ...args]);
      const started = scene.process({ label: `${node} start`, ...app('start'), env });
      await a.evalUntil(`net_adm:ping('${node}')`, 'pong', 30_000).catch((error: Error) => {
        throw new Error(`${error.message}\n${started.output}`);
      });
      await a.gives(`rpc:call('${node}', code, get_mode, [])`, 'interactive');
      await a.gives(`rpc:call('${node}', 'Elixir.Shop', hello, [])`, 'world');
      await a.gives(`rpc:call('${node}', net_adm, ping, ['a@one.test'])`, 'pong');

      const rpc = scene.process({
        ...{ label: `${node} rpc`, env },
        ...app('rpc', 'IO.puts("rpc #{Shop.hello()} on #{node()}")'),
      });
      assert.equal((await rpc.ended).code, 0, rpc.output);
      await rpc.waitFor(new RegExp(`^rpc world on ${node}$`, 'm'));

      const { command, args } = app('remote');
      const remote = scene.process({
        ...{ label: `${node} remote`, env },
        ...{ command: 'script', args: ['-qefc', [command, ...args].join(' '), '/dev/null'] },
      });
      await types(
        remote,
        new RegExp(`iex\\(${node}\\)1>`),
        'IO.puts("re" <> "mote #{Shop.hello()} on #{node()}")',
      );
      await remote.waitFor(new RegExp(`remote world on ${node}`));
      await remote.stop();

      const stop = scene.process({ label: `${node} stop`, ...app('stop'), env });
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
const mixfile = `
defmodule Shop.MixProject do
  use Mix.Project
  def project, do: [app: :shop, version: "0.1.0"]
  def application, do: [mod: {Shop, []}, extra_applications: [:crypto]]
end
`;

const application = `
defmodule Shop do
  use Application
  def start(_, _), do: Supervisor.start_link([], strategy: :one_for_one)
  def hello, do: :world
end
`;
