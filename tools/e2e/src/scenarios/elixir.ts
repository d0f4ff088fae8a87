import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Otp } from '@macula/otp-releases';
import { type ManagedProcess, maculaEbin, maculaScript, readmeFlags, type Scene } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const flags = [...readmeFlags, '-pa', maculaEbin].join(' ');
const cookie = ['--cookie', 'E2E_COOKIE'];

/** A server that answers calls with its node, and adds numbers. */
const counter = `
defmodule Shop.Counter do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, 0, name: __MODULE__)
  def init(n), do: {:ok, n}
  def handle_call({:add, more}, _from, n), do: {:reply, {node(), n + more}, n + more}
end
`;

export const scenario: Scenario = {
  summary: 'elixir, iex and mix run: Node.ping, GenServer.call and :rpc with Elixir and Erlang nodes',
  programs: ['elixir', 'mix', 'iex'],
  seconds: 240,
  drivers: ['local', 'netns'],
  async run({ scene }) {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const erlang = await scene.node({ name: 'erl@one.test', relays: [relay1.url] });
    const joined = { MACULA_RELAYS: relay2.url };

    const script = join(scene.directory, 'counter.exs');
    writeFileSync(script, `${counter}\n{:ok, _} = Shop.Counter.start_link([])\nIO.puts("counting")\n`);
    const plain = await start(scene, 'elixir', joined, [
      ...['elixir', '--name', 'elixir@two.test', ...cookie, '--erl', flags, '--no-halt', script],
    ]);
    await plain.waitFor(/counting/, 30_000);
    await answers('elixir@two.test', 1);

    const options = await start(scene, 'iex', { ...joined, ELIXIR_ERL_OPTIONS: flags }, [
      ...['iex', '--name', 'iex@two.test', ...cookie],
    ]);
    await talks(options, 'iex@two.test', 2);

    const run = [process.execPath, maculaScript, 'run', '--relay', relay2.url, '--'];
    const underRun = await start(scene, 'macula run iex', {}, [
      ...[...run, 'iex', '--name', 'run@two.test', ...cookie],
    ]);
    await talks(underRun, 'run@two.test', 4);

    const project = join(scene.directory, 'shop');
    mkdirSync(join(project, 'lib'), { recursive: true });
    writeFileSync(
      join(project, 'mix.exs'),
      `
defmodule Shop.MixProject do
  use Mix.Project
  def project, do: [app: :shop, version: "0.1.0"]
  def application, do: [mod: {Shop, []}]
end
`,
    );
    writeFileSync(
      join(project, 'lib', 'shop.ex'),
      `${counter}
defmodule Shop do
  use Application
  def start(_, _), do: Supervisor.start_link([Shop.Counter], strategy: :one_for_one)
end
`,
    );
    const mix = await start(
      scene,
      'mix run',
      {},
      [...run, 'elixir', '--name', 'mix@two.test', ...cookie, '-S', 'mix', 'run', '--no-halt'],
      project,
    );
    await erlang.evalUntil("net_adm:ping('mix@two.test')", 'pong', 60_000).catch((error: Error) => {
      throw new Error(`${error.message}\n${mix.output}`);
    });
    await erlang.evalUntil(
      "is_pid(rpc:call('mix@two.test', erlang, whereis, ['Elixir.Shop.Counter']))",
      'true',
      60_000,
    );
    await answers('mix@two.test', 1);
    // From one Elixir node to another one.
    await says(
      underRun,
      'GenServer.call({Shop.Counter, :"mix@two.test"}, {:add, 5})',
      '{:"mix@two.test", 6}',
    );

    async function answers(node: string, value: number): Promise<void> {
      await erlang.evalUntil(`net_adm:ping('${node}')`, 'pong', 20_000);
      await erlang.gives(
        `gen_server:call({'Elixir.Shop.Counter', '${node}'}, {add, ${value}})`,
        `{'${node}',${value}}`,
      );
      await erlang.gives(`rpc:call('${node}', 'Elixir.String', upcase, [<<"abc">>])`, '<<"ABC">>');
      await erlang.gives(`rpc:call('${node}', 'Elixir.Node', ping, ['erl@one.test'])`, 'pong');
    }

    async function talks(iex: ManagedProcess, node: string, value: number): Promise<void> {
      await says(iex, 'Node.self()', `:"${node}"`);
      await says(iex, 'Node.ping(:"erl@one.test")', ':pong');
      await says(iex, ':rpc.call(:"erl@one.test", :erlang, :node, [])', ':"erl@one.test"');
      const sum = value === 2 ? 3 : 7;
      await says(
        iex,
        `GenServer.call({Shop.Counter, :"elixir@two.test"}, {:add, ${value}})`,
        `{:"elixir@two.test", ${sum}}`,
      );
      await erlang.gives(`net_adm:ping('${node}')`, 'pong', 20_000);
      await erlang.gives(`rpc:call('${node}', 'Elixir.String', upcase, [<<"abc">>])`, '<<"ABC">>');
    }
  },
};

async function start(
  scene: Scene,
  label: string,
  env: Record<string, string>,
  [program, ...args]: readonly string[],
  cwd = scene.directory,
): Promise<ManagedProcess> {
  const otp: Otp = scene.nextOtp();
  return scene.process({
    ...{ label, cwd, otp, command: program!, args },
    env: scene.environment({ LC_ALL: 'C.UTF-8', ...env }),
    host: await scene.host(label),
  });
}

let asked = 0;

/** Types an expression into iex and waits for its value. */
async function says(iex: ManagedProcess, expression: string, wanted: string): Promise<void> {
  const mark = `answer ${++asked}`;
  iex.child.stdin!.write(`IO.puts("${mark}" <> ": " <> inspect(${expression}))\n`);
  const [, value] = await iex.waitFor(new RegExp(`${mark}: (.*?)\\r?\\n`), 30_000);
  assert.equal(value, wanted, `${iex.label}: ${expression}`);
}
