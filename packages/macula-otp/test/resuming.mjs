// Tests of carrier.mjs about tunnels that have lost their path, what tells of them, and the settings that bound them.
import assert from 'node:assert/strict';
import { until } from './beam.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A busy `global` connects again by itself to a node that has just gone. */
const withoutGlobal = ['-connect_all', 'false'];

const stateOf = '[S || {_, #{state := S}} <- macula_dist_relay:get_tunnel_metrics()]';

/** Keeps the first nodedown with its reason as `persistent_term:get(seen)`. */
async function watchNodes(node) {
  await node.eval(
    'begin Parent = self(), spawn(fun() -> net_kernel:monitor_nodes(true, [nodedown_reason]), Parent ! watching, receive {nodedown, N, I} -> persistent_term:put(seen, {N, I}) end end), receive watching -> ok end end',
  );
}

/** See `tests` of carrier.mjs. */
export const resumingTests = {
  async 'a detached tunnel outlives net_ticktime, an abandoned one does not; reasons reach monitor_nodes'(
    a,
    b,
  ) {
    const flags = ['-kernel', 'net_ticktime', '4', ...withoutGlobal];
    const one = await a.start('one@host-a', { flags });
    const two = await b.start('two@host-b', { flags });
    assert.equal(await one.ping('two@host-b'), 'pong');
    const pid = await one.agentPid();
    // Bytes stop at one's agent; two's agent is told nothing, so two must be told separately.
    const far = await two.agentPid();
    process.kill(pid, 'SIGUSR2');
    process.kill(far, 'SIGUSR2');
    await pause(9000);
    assert.equal(await one.eval('nodes()'), "['two@host-b']");
    assert.match(await one.eval("macula:why('two@host-b')"), /reason => detached/);
    process.kill(pid, 'SIGUSR2');
    process.kill(far, 'SIGUSR2');
    assert.equal(await one.eval("rpc:call('two@host-b', erlang, node, [])"), "'two@host-b'");
    assert.match(await one.eval("macula:why('two@host-b')"), /reason => connected/);
    await watchNodes(one);
    process.kill(pid, 'SIGHUP');
    await until(async () => (await one.eval('nodes()')) === '[]', 'nodedown');
    await pause(100);
    assert.match(await one.eval('persistent_term:get(seen)'), /{macula,relay_lost}/);
    assert.match(await one.eval("macula:why('two@host-b')"), /reason => relay_lost.*the fake relay is gone/);
  },
  async 'a tunnel that is not resumed ends with the reason, whatever net_ticktime is, also of a silent agent'(
    a,
    b,
  ) {
    const windowMs = 3000;
    const env = { FAKE_WINDOW_MS: String(windowMs) };
    for (const ticktime of ['120', '8']) {
      const flags = ['-kernel', 'net_ticktime', ticktime, ...withoutGlobal];
      const one = await a.start(`one${ticktime}@host-a`, { flags, env });
      const two = await b.start(`two${ticktime}@host-b`, { flags, env });
      assert.equal(await one.ping(two.name), 'pong');
      for (const node of [one, two]) await watchNodes(node);
      const [silent, loud] = [await one.agentPid(), await two.agentPid()];
      const started = Date.now();
      for (const pid of [silent, loud]) process.kill(pid, 'SIGUSR2');
      const isDetached = async () => (await one.eval(stateOf)) === '[detached]';
      await until(isDetached, 'the agent has said it');
      process.kill(silent, 'SIGSTOP');
      for (const node of [one, two])
        await until(async () => (await node.eval('nodes()')) === '[]', `nodedown, ticktime ${ticktime}`);
      const afterMs = Date.now() - started;
      process.kill(silent, 'SIGCONT');
      assert.ok(afterMs >= windowMs && afterMs <= windowMs + 5000, `${afterMs} ms`);
      for (const node of [one, two]) {
        await until(
          async () => (await node.eval('persistent_term:get(seen, none)')) !== 'none',
          'monitor_nodes',
        );
        assert.match(await node.eval('persistent_term:get(seen)'), /{macula,window_over}/);
        assert.match(node.log, /the connection to .* is over \(window_over\)/);
      }
      assert.match(await one.eval(`macula:why('${two.name}')`), /reason => window_over/);
      for (const pid of [silent, loud]) process.kill(pid, 'SIGUSR2');
      await until(async () => (await one.ping(two.name)) === 'pong', 'connected anew');
    }
  },
  async 'subscribers hear of connections, metrics show them'(a, b) {
    const one = await a.start('one@host-a', { flags: withoutGlobal });
    const two = await b.start('two@host-b', { flags: withoutGlobal });
    await one.eval(
      `begin Parent = self(), spawn(fun() -> Parent ! {subscribed, macula:subscribe()}, F = fun(F, Seen) -> receive {macula, K, I} -> F(F, [{K, I} | Seen]); {get, P} -> P ! {seen, lists:reverse(Seen)}, F(F, Seen); stop -> ok = macula:unsubscribe(), F(F, Seen) end end, register(listener, self()), F(F, []) end), receive {subscribed, ok} -> ok end end`,
    );
    const heard = () => one.eval('begin listener ! {get, self()}, receive {seen, S} -> S end end');
    const kinds = async () => [...(await heard()).matchAll(/{(tunnel_[a-z]+),#/g)].map(([, kind]) => kind);
    assert.equal(await one.ping(two.name), 'pong');
    assert.match(
      await one.eval('[M || {_, M} <- macula_dist_relay:get_tunnel_metrics()]'),
      /(?=.*state => open)(?=.*relay => <<"https:\/\/fake:1">>)(?=.*rtt_ms => 7)(?=.*reattachments => 0)(?=.*bytes_waiting_out => 8)(?=.*bytes_in => \d)/,
    );
    const pids = [await one.agentPid(), await two.agentPid()];
    for (const pid of pids) process.kill(pid, 'SIGUSR2');
    await until(async () => (await kinds()).length === 2, 'detached');
    assert.equal(await one.eval(stateOf), '[detached]');
    for (const pid of pids) process.kill(pid, 'SIGUSR2');
    await until(async () => (await kinds()).length === 3, 'resumed');
    assert.equal(await one.eval(stateOf), '[open]');
    process.kill(pids[0], 'SIGHUP');
    await until(async () => (await kinds()).length === 4, 'down');
    assert.deepEqual(await kinds(), ['tunnel_up', 'tunnel_detached', 'tunnel_resumed', 'tunnel_down']);
    const all = await heard();
    assert.match(all, /{tunnel_up,#{[^}]*node => 'two@host-b'/);
    assert.match(all, /{tunnel_detached,#{(?=[^}]*reason => path_lost)[^}]*window_ms => 60000/);
    assert.match(all, /{tunnel_resumed,#{(?=[^}]*reattachments => 1)[^}]*after_ms => \d/);
    assert.match(all, /{tunnel_down,#{(?=[^}]*reason => relay_lost)[^}]*the fake relay is gone/);
    assert.match(
      one.log,
      /macula: the connection to two@host-b has no path \(path_lost\) and is being resumed/,
    );
    // Also over a restart of the distribution, and of the process that tells.
    await one.eval('exit(whereis(macula_events), kill), timer:sleep(100)');
    await until(async () => (await one.ping(two.name)) === 'pong', 'connected anew');
    await until(async () => (await kinds()).length === 5, 'up again');
    await two.kill();
    await until(async () => (await kinds()).length === 6, 'down again');
    await one.eval('begin listener ! stop, timer:sleep(100) end');
    const three = await b.start('three@host-b');
    assert.equal(await one.ping(three.name), 'pong');
    assert.equal((await kinds()).length, 6);
  },
  async 'subscriptions outlive a restart of the distribution'(a, b) {
    const one = await a.start(undefined);
    await b.start('two@host-b', { cookie: 'x' });
    assert.match(await one.eval('macula:subscribe()'), /{error,{not_distributed/);
    const start = async () => {
      assert.match(await one.eval("net_kernel:start(['late@host-a', longnames])"), /^{ok,/);
      await one.eval('erlang:set_cookie(x)');
    };
    await start();
    await one.eval(
      'begin Parent = self(), spawn(fun() -> register(listener, self()), Parent ! macula:subscribe(), receive never -> ok end end), receive ok -> ok end end',
    );
    assert.equal(await one.eval('net_kernel:stop()'), 'ok');
    await start();
    await until(async () => (await one.ping('two@host-b')) === 'pong', 'ping');
    await until(
      async () => /{macula,tunnel_up,/.test(await one.eval('process_info(whereis(listener), messages)')),
      'the message',
    );
  },
  async 'settings of tunnels: a bad one is a typed error, wherever it stands'(a) {
    const one = await a.start('one@host-a', { env: { MACULA_BACKPRESSURE_HWM: 'much' } });
    const join = (more) => one.eval(`macula:join_mesh(#{relays => ["https://r:1"]${more}})`);
    assert.equal(
      await join(''),
      '{error,{bad_option,{backpressure_hwm,{in_environment,"MACULA_BACKPRESSURE_HWM",not_an_integer}}}}',
    );
    await one.eval('application:set_env(macula, reconnect_interval, 99)');
    assert.equal(
      await join(', backpressure_hwm => 8'),
      '{error,{bad_option,{reconnect_interval,{in_application_env,{not_in_range,100,60000}}}}}',
    );
    assert.equal(await join(', backpressure_hwm => 8, reconnect_interval => 3000'), 'ok');
    assert.equal(
      await one.eval(
        '[macula_settings:value(N) || N <- [backpressure_hwm, reconnect_interval, dist_timeout]]',
      ),
      '[8,3000,25000]',
    );
    const env = { MACULA_RELAYS: 'https://r:1', RECONNECT_MAX_ATTEMPTS: '1000' };
    const two = await a.start('two@host-b', { env });
    await until(() => /RECONNECT_MAX_ATTEMPTS .*is more than 300000 ms/s.test(two.log), 'explained');
  },
};
