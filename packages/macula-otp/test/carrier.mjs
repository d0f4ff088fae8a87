// Real BEAMs talk through fake agents, on each OTP release alone and each beside the first.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { killAll, leftovers, Site, until } from './beam.mjs';
import { resumingTests } from './resuming.mjs';
import { disguises, secretsSeen } from './secrets.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Name -> function of (a, b: sites of the two nodes). Every test starts and ends its own BEAMs. */
export const tests = {
  ...resumingTests,
  async 'ping both ways with the flags of the three lines, metrics, status and why'(a, b) {
    const one = await a.start('one@host-a');
    const two = await b.start('two@host-b');
    assert.equal(await one.ping('two@host-b'), 'pong');
    assert.equal(await two.ping('one@host-a'), 'pong');
    assert.equal(await one.eval("rpc:call('two@host-b', erlang, node, [])"), "'two@host-b'");
    const counters = "element(2, hd(macula_dist_relay:get_tunnel_metrics('two@host-b')))";
    const before = await one.eval(`maps:get(bytes_out, ${counters})`);
    await one.eval("rpc:call('two@host-b', erlang, byte_size, [binary:copy(<<7>>, 1000000)])");
    assert.ok(Number(await one.eval(`maps:get(bytes_out, ${counters})`)) > Number(before) + 1000000);
    assert.ok(Number(await one.eval(`maps:get(msgs_in, ${counters})`)) > 3);
    assert.match(
      await one.eval(
        '[macula_dist_relay:get_tunnel_metrics(Id) || {Id, _} <- macula_dist_relay:get_tunnel_metrics()]',
      ),
      /^\[{ok,#{/,
    );
    assert.match(await one.eval("macula:why('two@host-b')"), /reason => connected/);
    assert.equal(await one.ping('nobody@nowhere'), 'pang');
    assert.match(
      await one.eval("macula:why('nobody@nowhere')"),
      /reason => not_found.*No relay.*said the fake agent/,
    );
    assert.match(await one.eval("macula:why('never@tried')"), /reason => never_tried/);
    assert.match(await one.eval('macula:status()'), /(?=.*agent => up).*joined => false/);
    assert.equal(await one.eval('is_port(element(2, hd(erlang:system_info(dist_ctrl))))'), 'true');
  },
  async 'a wrong token is refused, silence too, and the node goes on'(a, b) {
    const one = await a.start('one@host-a');
    const two = await b.start('two@host-b');
    const where = await two.eval('element(3, macula_listener:current())');
    const directory = /<<"(.*)">>/.exec(where)[1];
    const frame = Buffer.concat([Buffer.from([0, 64]), Buffer.alloc(64, 7)]);
    for (const bytes of [frame, Buffer.from([0, 1, 1]), Buffer.from('GET / HTTP/1.0\r\n\r\n')]) {
      const socket = net.connect(directory).on('error', () => {});
      socket.end(bytes);
      await new Promise((resolve) => socket.once('close', resolve));
    }
    await until(() => two.log.includes('without a valid token'), 'warning');
    assert.equal(await one.ping('two@host-b'), 'pong');
  },
  async 'a wrong cookie is decrypt_failed on both sides, cookies per node count'(a, b) {
    const one = await a.start('one@host-a', { cookie: 'x' });
    const two = await b.start('two@host-b', { cookie: 'y' });
    assert.equal(await one.ping('two@host-b'), 'pang');
    assert.match(await one.eval("macula:why('two@host-b')"), /reason => decrypt_failed.*get_cookie/);
    await until(() => two.log.includes('wrong cookie from one@host-a'), 'event in the log');
    await two.eval("erlang:set_cookie('one@host-a', x)");
    assert.equal(await one.ping('two@host-b'), 'pong');
    await one.eval("erlang:set_cookie('two@host-b', pair)");
    assert.equal(await one.ping('two@host-b'), 'pong', 'a live link stays');
    await one.eval("erlang:disconnect_node('two@host-b')");
    assert.equal(await one.ping('two@host-b'), 'pang');
    // A ping over the link that has just ended is pang, too.
    await until(async () => (await two.eval('nodes()')) === '[]', 'nodedown at the other node');
    await two.eval("erlang:set_cookie('one@host-a', pair)");
    assert.equal(await two.ping('one@host-a'), 'pong');
  },
  async 'kill -9 of the agent: nodedown, a new agent, joined again, ping works'(a, b) {
    const one = await a.start('one@host-a');
    const two = await b.start('two@host-b');
    assert.equal(await one.eval('macula:join_mesh(#{relays => ["https://relay:4433"]})'), 'ok');
    for (let round = 0; round < 3; round++) {
      assert.equal(await one.ping('two@host-b'), 'pong');
      const pid = await one.agentPid();
      process.kill(pid, 'SIGKILL');
      await until(async () => ![0, pid].includes(await one.agentPid()), 'a new agent');
      await until(async () => (await one.eval('nodes()')) === '[]', 'nodedown');
      await until(
        async () => (await one.eval('maps:get(joined, macula:status())')) === 'true',
        'joined again',
      );
    }
    await until(async () => (await two.ping('one@host-a')) === 'pong', 'ping');
  },
  async 'an agent that hangs is ended by its process id'(a) {
    const env = { MACULA_AGENT_HEARTBEAT: '200', MACULA_AGENT_SILENCE: '1500' };
    const one = await a.start('one@host-a', { env });
    const pid = await one.agentPid();
    process.kill(pid, 'SIGSTOP');
    await until(async () => ![0, pid].includes(await one.agentPid()), 'a new agent');
    assert.throws(() => process.kill(pid, 0));
    assert.match(one.log, /has not answered/);
  },
  async 'no Node.js: the node lives, says why, and recovers'(a) {
    const one = await a.start('one@host-a', { agent: false, env: { MACULA_NODE: '/nowhere/node' } });
    assert.match(await one.eval('macula:status()'), /(?=.*agent => down).*\/nowhere\/node/);
    assert.equal(await one.ping('two@host-b'), 'pang');
    assert.match(await one.eval("macula:why('two@host-b')"), /reason => agent_unavailable/);
    const started = Date.now();
    const flags = ['-macula', 'connect_timeout', '700'];
    const two = await a.start('two@host-b', { agent: false, flags, env: { MACULA_NODE: '/nowhere/node' } });
    assert.match(
      await two.eval('macula:join_mesh(#{relays => [<<"https://r:1">>]})'),
      /error,{agent_unavailable/,
    );
    assert.ok(Date.now() - started < 6000);
    await one.eval('application:set_env(macula, node_executable, "/usr/bin/node")');
    await until(() => one.agentPid(), 'agent', 15000);
  },
  async "killing the carrier's processes does not end the node"(a, b) {
    const one = await a.start('one@host-a');
    await b.start('two@host-b');
    for (const name of ['macula_agent', 'macula_tunnels', 'macula_agent', 'macula_tunnels'])
      await one.eval(`exit(whereis(${name}), kill), timer:sleep(50)`);
    await until(() => one.agentPid(), 'agent');
    assert.equal(await one.ping('two@host-b'), 'pong');
  },
  async '50 simultaneous pings leak neither ports nor processes'(a, b) {
    // Without global, which may connect again in the middle of its introductions.
    const flags = ['-connect_all', 'false'];
    const one = await a.start('one@host-a', { flags });
    const two = await b.start('two@host-b', { flags });
    const count = async () =>
      `${await one.eval('{erlang:system_info(port_count), erlang:system_info(process_count)}')} ${await two.eval('{erlang:system_info(port_count), erlang:system_info(process_count)}')}`;
    const cut = async () => {
      await one.eval("erlang:disconnect_node('two@host-b')");
      await until(
        async () => (await one.eval('nodes()')) + (await two.eval('nodes()')) === '[][]',
        'disconnected',
      );
    };
    await one.ping('two@host-b');
    await cut();
    await pause(300);
    const before = await count();
    for (let round = 0; round < 50; round++) {
      const pings = await Promise.all([one.ping('two@host-b'), two.ping('one@host-a')]);
      const why = await Promise.all([
        one.eval("macula_reasons:lookup('two@host-b')"),
        two.eval("macula_reasons:lookup('one@host-a')"),
      ]);
      assert.deepEqual(pings, ['pong', 'pong'], `round ${round}: ${why}`);
      await cut();
    }
    await until(
      async () => (await count()) === before,
      `ports and processes as before: ${before}, now ${await count()}`,
    );
    assert.equal(await one.eval('macula_dist_relay:get_tunnel_metrics()'), '[]');
    await until(
      async () => /(?=.*pending => 0).*tunnels => \[\]/.test(await one.eval('macula:status()')),
      'no tunnel',
    );
  },
  async 'join_mesh, leave_mesh and joining from the environment'(a) {
    const one = await a.start('one@host-a', { flags: ['-macula', 'connect_timeout', '1000'] });
    const join = (relay, more = '') => one.eval(`macula:join_mesh(#{relays => [<<"${relay}">>]${more}})`);
    assert.match(await join('https://refuse:1'), /{error,{refused,#{.*codes => #{.*token_expired/);
    assert.equal(
      await one.eval('{os:getenv("MACULA_DIST_MODE"), macula_joined:is_joined()}'),
      '{false,false}',
    );
    const started = Date.now();
    assert.match(await join('https://silent:1'), /{error,{agent_unavailable/);
    assert.ok(Date.now() - started < 2100);
    assert.match(await join('nothing'), /{error,{bad_option,{relays,{bad_url/);
    assert.match(await join('https://r:1', ', relay => 1'), /{error,{bad_option,{relay,unknown_option}}}/);
    assert.equal(await join('https://r:1'), 'ok');
    assert.equal(
      await one.eval('{os:getenv("MACULA_DIST_MODE"), maps:get(joined, macula:status())}'),
      '{"relay",true}',
    );
    assert.equal(await one.eval('macula:leave_mesh()'), 'ok');
    assert.equal(
      await one.eval('{os:getenv("MACULA_DIST_MODE"), maps:get(joined, macula:status())}'),
      '{false,false}',
    );
    const env = { MACULA_RELAYS: 'https://r:1,https://s:1' };
    const two = await a.start('two@host-b', { env });
    await until(
      async () => (await two.eval('macula_joined:is_joined()')) === 'true',
      'joined by environment',
    );
    const joiners = fs.readFileSync(path.join(a.mesh, 'joins'), 'utf8').trim().split('\n');
    assert.equal(joiners.at(-1), 'two@host-b', 'the agent knows the name before it joins');
    assert.equal(
      await two.eval('macula:join_mesh(#{relays => [<<"https://r:1">>, <<"https://s:1">>]})'),
      'ok',
    );
    assert.equal(
      await two.eval('macula:join_mesh(#{relays => [<<"https://z:1">>]})'),
      'ok',
      'the program wins',
    );
    assert.match(await two.eval('macula:join_mesh(#{relays => [<<"https://y:1">>]})'), /already_joined/);
    await two.eval('macula:leave_mesh()');
    await two.eval('exit(whereis(macula_agent), kill), timer:sleep(500)');
    assert.equal(
      await two.eval('maps:get(joined, macula:status())'),
      'false',
      'leave_mesh outlives the agent',
    );
    const three = await a.start('three@host-c', { env: { ...env, MACULA_TLS_VERIFY: 'perhaps' } });
    await until(() => /MACULA_TLS_VERIFY is not usable.*none or verify_peer/s.test(three.log), 'explained');
    const plain = await a.start(undefined);
    assert.match(await plain.eval('macula:join_mesh(#{relays => [<<"https://r:1">>]})'), /not_distributed/);
  },
  async 'net_kernel:start, stop, start: joined state and name survive'(a, b) {
    const one = await a.start(undefined);
    await b.start('two@host-b', { cookie: 'x' });
    for (let round = 0; round < 3; round++) {
      assert.match(await one.eval("net_kernel:start(['late@host-a', longnames])"), /^{ok,/);
      await one.eval('erlang:set_cookie(x)');
      await until(async () => (await one.ping('two@host-b')) === 'pong', 'ping');
      if (round === 0)
        assert.equal(await one.eval('macula:join_mesh(#{relays => [<<"https://r:1">>]})'), 'ok');
      await until(async () => (await one.eval('maps:get(joined, macula:status())')) === 'true', 'joined');
      const pid = await one.agentPid();
      assert.equal(await one.eval('net_kernel:stop()'), 'ok');
      await until(() => !fs.existsSync(`/proc/${pid}`), 'the agent ended');
    }
  },
  async 'dynamic names, hidden and short names, dist_listen false'(a, b) {
    const two = await b.start('two@host-b');
    const dynamic = await a.start('undefined@host-a');
    assert.equal(await dynamic.eval("net_kernel:connect_node('two@host-b')"), 'true');
    assert.match(await dynamic.eval('node()'), /@host-a'$/);
    assert.match(await two.eval('nodes(connected)'), /@host-a/);
    const hidden = await a.start('hidden@host-a', { flags: ['-hidden'] });
    assert.equal(await hidden.ping('two@host-b'), 'pong');
    assert.equal(await two.eval("lists:member('hidden@host-a', nodes(hidden))"), 'true');
    const deaf = await a.start('deaf@host-a', { flags: ['-dist_listen', 'false'] });
    assert.equal(await deaf.ping('two@host-b'), 'pong');
    assert.equal(await deaf.eval('net_kernel:setopts(new, [{nodelay, true}])'), '{error,enotsup}');
    const short = await a.start(undefined, { flags: ['-sname', 'brief'] });
    await until(() => short.agentPid(), 'agent');
    const name = (await short.eval('node()')).replaceAll("'", '');
    assert.equal(await short.ping('two@host-b'), 'pong');
    assert.equal(await two.ping(name), 'pong');
  },
  async 'two carriers: TCP-only and mesh-only nodes'(a, b) {
    const mesh = await b.start('mesh@host-b');
    const host = 'localhost.localdomain';
    const env = { ERL_EPMD_PORT: '43690', ERL_EPMD_ADDRESS: '127.0.0.1' };
    const flags = ['-kernel', 'inet_dist_use_interface', '{127,0,0,1}'];
    const tcp = await a.start('tcp@127.0.0.1', { proto: ['inet_tcp'], epmd: true, env, flags });
    const both = await a.start('both@127.0.0.1', { proto: ['inet_tcp', 'macula'], epmd: true, env, flags });
    try {
      assert.equal(await both.ping('mesh@host-b'), 'pong', host);
      await until(
        async () => (await both.ping('tcp@127.0.0.1')) === 'pong',
        'tcp, after the mesh said not_found',
      );
      assert.equal(await mesh.ping('both@127.0.0.1'), 'pong');
      await both.eval("erlang:disconnect_node('tcp@127.0.0.1')");
      await until(async () => !(await tcp.eval('nodes()')).includes('both@127.0.0.1'), 'nodedown');
      assert.equal(await tcp.ping('both@127.0.0.1'), 'pong');
    } finally {
      await Promise.all([tcp.kill(), both.kill()]);
      await both.ended;
      await epmdStop(env);
    }
  },
  async 'loopback TCP where there are no local sockets'(a, b) {
    const env = { MACULA_LOCAL_SOCKETS: 'tcp' };
    const one = await a.start('one@host-a', { env });
    const two = await b.start('two@host-b', { env });
    assert.equal(await one.ping('two@host-b'), 'pong');
    assert.equal(await two.eval('element(1, element(3, macula_listener:current()))'), 'tcp');
  },
  async 'an agent that runs already'(a) {
    const one = await a.start('one@host-a');
    const { spawn } = await import('node:child_process');
    const control = path.join(a.mesh, 'control.sock');
    const start = () =>
      spawn(process.execPath, [path.join(here, 'fake-agent.mjs'), control], {
        env: { ...process.env, FAKE_MESH: a.mesh },
        stdio: 'inherit',
      });
    let agent = start();
    try {
      const two = await a.start('two@host-b', { env: { MACULA_AGENT_SOCKET: control } });
      await until(() => two.agentPid(), 'agent');
      assert.equal(await two.agentPid(), agent.pid);
      assert.equal(await one.ping('two@host-b'), 'pong');
      assert.equal(await two.ping('one@host-a'), 'pong');
      agent.kill('SIGKILL');
      await until(async () => (await two.eval('nodes()')) === '[]', 'nodedown');
      agent = start();
      await until(() => two.agentPid(), 'reconnected');
      await until(async () => (await one.ping('two@host-b')) === 'pong', 'ping');
    } finally {
      agent.kill('SIGKILL');
    }
  },
  async 'two upgrades of the carrier leave links alone'(a, b) {
    const one = await a.start('one@host-a', { flags: ['-kernel', 'net_ticktime', '4'] });
    const two = await b.start('two@host-b', { flags: ['-kernel', 'net_ticktime', '4'] });
    assert.equal(await one.ping('two@host-b'), 'pong');
    for (let round = 0; round < 2; round++)
      await one.eval(`{_, Bin, File} = code:get_object_code(macula_dist), {ok, {_, [{abstract_code, {_, Forms}}]}} = beam_lib:chunks(Bin, [abstract_code]),
        {ok, M, New} = compile:forms([case F of {attribute, L, module, N} -> {attribute, L, module, N}; _ -> F end || F <- Forms] , [{d, round, ${round}}]),
        code:purge(macula_dist), {module, _} = code:load_binary(M, File, New)`);
    await pause(5000);
    assert.equal(await one.eval('nodes()'), "['two@host-b']", one.log);
    assert.equal(await two.ping('one@host-a'), 'pong');
  },
  async 'a crash dump has neither key nor token'(a, b) {
    const dump = path.join(os.tmpdir(), `macula-dump-${process.pid}`);
    const one = await a.start('one@host-a', { cookie: 'dumpcookie', env: { ERL_CRASH_DUMP: dump } });
    const two = await b.start('two@host-b', { cookie: 'dumpcookie' });
    assert.equal(await one.ping('two@host-b'), 'pong');
    await two.eval("erlang:disconnect_node('one@host-a')");
    assert.equal(await two.ping('one@host-a'), 'pong');
    // Something that a search of the dump must find.
    const marker = randomBytes(32);
    await one.eval(
      `begin Self = self(), Marker = <<${[...marker]}>>, spawn(fun() -> put(marker, Marker), Self ! kept, receive never -> ok end end), receive kept -> ok end end`,
    );
    await one.eval('spawn(fun() -> erlang:halt("dump") end)').catch(() => {});
    await one.ended;
    const text = fs.readFileSync(dump);
    fs.rmSync(dump);
    assert.ok(text.includes(marker.toString('base64').slice(0, 42)));
    const { tokens, keys } = secretsSeen(a.mesh);
    const key = createHash('sha256').update('macula-dist-tunnel:dumpcookie').digest('hex');
    assert.ok(keys.includes(key));
    assert.ok(tokens.length >= 4, 'each link has a token at either end');
    const places = { dump: text, one: Buffer.concat(one.output), two: Buffer.concat(two.output) };
    for (const secret of [...tokens, ...keys].map((hex) => Buffer.from(hex, 'hex')))
      for (const [disguise, needle] of disguises(secret))
        for (const [place, bytes] of Object.entries(places))
          assert.ok(!bytes.includes(needle), `${secret.toString('hex')} as ${disguise} in ${place}`);
  },
  async 'nothing is left behind'(a, b) {
    const one = await a.start('one@host-a');
    const two = await b.start('two@host-b');
    assert.equal(await one.ping('two@host-b'), 'pong');
    const before = leftovers(a.mesh).length;
    const pid = await one.agentPid();
    process.kill(pid, 'SIGKILL');
    await until(async () => ![0, pid].includes(await one.agentPid()), 'a new agent');
    assert.equal(leftovers(a.mesh).length, before, "the dead agent's socket is removed");
    await Promise.all([one.stop(), two.kill()]);
    await until(() => leftovers(a.mesh).length === 0, `clean: ${leftovers(a.mesh)}`);
  },
};

async function epmdStop(env) {
  const { spawnSync } = await import('node:child_process');
  await pause(300);
  spawnSync('epmd', ['-port', env.ERL_EPMD_PORT, '-kill'], { env: { ...process.env, ...env } });
}

/** Runs all tests; gives [passed, failed]. `ebin` and `testBeams` are of a release that all can load. */
export async function runCarrier({ ebin, testBeams, otps, only = '' }) {
  const files = fs.mkdtempSync(path.join(os.tmpdir(), 'mo-'));
  fs.cpSync(ebin, path.join(files, 'ebin'), { recursive: true });
  fs.cpSync(testBeams, path.join(files, 'test'), { recursive: true });
  for (const name of ['fake-agent.mjs', 'etf.mjs'])
    fs.copyFileSync(path.join(here, name), path.join(files, 'test', name));
  const mesh = path.join(files, 'mesh');
  fs.mkdirSync(mesh, { mode: 0o700 });
  const [first, ...others] = otps.map((otp) => new Site({ otp, files, mesh }));
  const pairs = [
    [first, first],
    ...others.flatMap((other) => [
      [other, other],
      [first, other],
      [other, first],
    ]),
  ];
  let passed = 0;
  let failed = 0;
  for (const [a, b] of pairs)
    for (const [name, test] of Object.entries(tests)) {
      if (!name.includes(only)) continue;
      const label = `OTP ${a.otp.release}${a === b ? '' : ` and ${b.otp.release}`}`;
      const started = Date.now();
      try {
        await test(a, b);
        passed++;
        console.log(`ok   ${label}: ${name} (${Date.now() - started} ms)`);
      } catch (cause) {
        failed++;
        console.log(`FAIL ${label}: ${name}\n${cause.stack}`);
      } finally {
        killAll();
        // What agents ended with SIGKILL leave in the shared folder.
        await until(() => leftovers(a.mesh).length === 0, 'agents ended', 1000).catch(() => {});
        for (const left of fs.readdirSync(a.mesh)) fs.rmSync(path.join(a.mesh, left), { recursive: true });
      }
    }
  fs.rmSync(files, { recursive: true, force: true });
  return [passed, failed];
}
