import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { maculaEbin } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary: 'a release with macula in its boot script, in embedded mode with -args_file, joins and answers',
  drivers: ['local', 'netns'],
  async run({ scene }) {
    const relay = await scene.relay();
    const a = await scene.node({ name: 'a@one.test', relays: [relay.url] });
    const otp = scene.nextOtp();
    const directory = join(scene.directory, 'release');
    mkdirSync(directory);
    const env = scene.environment({ MACULA_RELAYS: relay.url });

    const make = `
      Version = fun(App) -> _ = application:load(App), {ok, V} = application:get_key(App, vsn), {App, V} end,
      Release = {release, {"shop", "1"}, {erts, erlang:system_info(version)}, [Version(App) || App <- [kernel, stdlib, crypto, macula]]},
      ok = file:write_file("${directory}/shop.rel", io_lib:format("~p.~n", [Release])),
      ok = systools:make_script("${directory}/shop", [{path, ["${maculaEbin}"]}, {outdir, "${directory}"}, local, no_warn_sasl]),
      halt(0).`;
    const made = scene.process({
      ...{ label: 'systools', env, otp, command: 'erl' },
      args: ['-noinput', '-pa', maculaEbin, '-eval', make.replaceAll('\n', ' ')],
    });
    assert.equal((await made.ended).code, 0, made.output);

    const flags = `
      # as a release has them
      -name shop@two.test
      -setcookie E2E_COOKIE
      -proto_dist macula
      -no_epmd
      -start_epmd false
      -kernel net_ticktime 120
      -mode embedded`;
    writeFileSync(join(directory, 'vm.args'), flags.replaceAll('\n      ', '\n'));
    const started = [
      ...['-noinput', '-boot', join(directory, 'shop')],
      ...['-args_file', join(directory, 'vm.args')],
    ];
    const release = scene.process({
      ...{ label: 'shop', env, otp, command: 'erl', args: started },
      host: await scene.host('shop'),
    });
    await a.evalUntil("net_adm:ping('shop@two.test')", 'pong', 30_000).catch((error: Error) => {
      throw new Error(`${error.message}\n${release.output}`);
    });
    const call = (mfa: string): string => `rpc:call('shop@two.test', ${mfa})`;
    await a.gives(call('code, get_mode, []'), 'embedded');
    await a.gives(`lists:keymember(macula, 1, ${call('application, which_applications, []')})`, 'true');
    await a.gives(`maps:get(joined, ${call('macula, status, []')})`, 'true');
    await a.gives(call("net_adm, ping, ['a@one.test']"), 'pong');
    await a.gives(call('init, stop, []'), 'ok');
    assert.deepEqual(await release.ended, { code: 0, signal: null });
    await a.evalUntil('nodes()', '[]');
  },
};
