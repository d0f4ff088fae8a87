import assert from 'node:assert/strict';
import { BeamError, type BeamNode } from '@macula/client';
import {
  atom,
  binary,
  charlist,
  formatTerm,
  NativeRecord,
  type Pid,
  type Term,
  tuple,
} from '@macula/dist-protocol';
import { eventually, freePorts, type OtpNode, typescriptNode } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const server = atom('server');
const ok = atom('ok');

export const scenario: Scenario = {
  summary:
    'a TypeScript node over plain TCP: ping, send, gen_server both ways, rpc, spawn, monitor, link, pg, names, and what it refuses',
  drivers: ['local'],
  async run({ scene }) {
    const [port] = await freePorts(1);
    const erlang = await scene.node({ name: `erl-${port}@127.0.0.1`, carrier: 'tcp' });
    await erlang.gives('macula_e2e_typescript:start()', 'ok');
    const printed: string[] = [];
    const events: string[] = [];
    const node = await typescriptNode({
      onOutput: (text) => printed.push(text),
      onEvent: (event) =>
        events.push(event.kind === 'handler_failed' ? event.kind : `${event.kind} ${nameOf(event.node)}`),
    });
    try {
      // Erlang dials first, so that both ways of the handshake are taken.
      assert.equal(await erlang.ping(node.name), 'pong');
      assert.equal(await node.ping(erlang.name), 'pong');
      assert.deepEqual(events, [`nodeup ${erlang.name}`]);
      await erlang.gives('{nodes(), nodes(hidden)}', `{[],['${node.name}']}`);
      await callsOut(node, erlang);
      await functionsOut(node, erlang, printed);
      await callsIn(node, erlang);
      await processes(node, erlang);
      await groups(node, erlang);
      await ends(node, erlang, events);
    } finally {
      await node.close();
    }
  },
};

async function callsOut(node: BeamNode, erlang: OtpNode): Promise<void> {
  const to = { name: server, node: erlang.name };
  const everything: Term = tuple(
    atom('é'),
    [1, 2n ** 70n, -5],
    binary('bytes'),
    charlist('text'),
    [],
    tuple(),
  );
  assert.equal(formatTerm(await node.call(to, tuple(atom('echo'), everything))), formatTerm(everything));
  assert.equal(await node.call(to, tuple(atom('later'), 20, ok)), ok);
  await fails(node.call(to, atom('never'), { timeoutMs: 100 }), 'timeout');
  await fails(node.call(to, atom('never'), { signal: AbortSignal.timeout(50) }), 'aborted');
  await fails(node.call({ name: 'nobody', node: erlang.name }, ok), 'noproc');
  await fails(node.call({ name: 'nobody', node: 'nowhere-1@127.0.0.1' }, ok), 'noconnection');
  const record = new NativeRecord({ module: atom('m'), name: atom('r'), flags: 0, fields: [] });
  const echoed = node.call(to, tuple(atom('echo'), record));
  // A node without native records would close the connection.
  if (Number(erlang.otp.release) >= 29) assert.equal(formatTerm(await echoed), formatTerm(record));
  else await assert.rejects(echoed, { name: 'EtfError', code: 'invalid_term' });
  node.cast(to, 1);
  node.cast(to, atom('two'));
  assert.equal(formatTerm(await node.call(to, atom('casts'))), '[1,two]');
  assert.equal(formatTerm(await fails(node.call(to, tuple(atom('stop'), atom('bye'))), 'exit')), 'bye');
  await erlang.gives('element(1, gen_server:start({local, server}, macula_e2e_typescript, [], []))', 'ok');
}

async function functionsOut(node: BeamNode, erlang: OtpNode, printed: string[]): Promise<void> {
  const name = erlang.name;
  assert.equal(await node.erpc(name, 'erlang', 'node', []), atom(name));
  const error = await node.erpc(name, 'erlang', 'error', [atom('boom')]).catch((thrown: BeamError) => thrown);
  assert.ok(error instanceof BeamError && error.code === 'exception' && error.class === 'error');
  assert.match(formatTerm(error.stacktrace ?? []), /\{erlang,error,\[boom\]/);
  assert.equal(await fails(node.erpc(name, 'erlang', 'throw', [atom('ball')]), 'exception'), atom('ball'));
  assert.equal(await fails(node.erpc(name, 'erlang', 'exit', [atom('out')]), 'exception'), atom('out'));
  await fails(node.erpc(name, 'timer', 'sleep', [5_000], { timeoutMs: 50 }), 'timeout');
  await fails(node.erpc(name, 'no_such_module', 'f', []), 'exception');
  const rpc = async (module: string, f: string, args: Term[]) =>
    formatTerm(await node.rpc(name, module, f, args));
  assert.equal(await rpc('lists', 'seq', [1, 3]), '[1,2,3]');
  assert.match(await rpc('erlang', 'error', [atom('boom')]), /^\{badrpc,\{'EXIT',\{boom,\[\{erlang,error/);
  assert.equal(await rpc('erlang', 'exit', [atom('out')]), "{badrpc,{'EXIT',out}}");
  assert.equal(await rpc('erlang', 'throw', [atom('ball')]), 'ball');
  assert.equal(formatTerm(await node.rpc('nowhere-1@127.0.0.1', 'm', 'f', [])), '{badrpc,nodedown}');
  assert.equal(await rpc('io', 'format', [charlist('hé ~p~n'), [ok]]), 'ok');
  assert.deepEqual(printed, ['hé ok\n']);
  node.erpcCast(name, 'erlang', 'send', [atom('keeper'), atom('cast')]);
  await erlang.evalUntil('macula_e2e_typescript:received()', 'cast');
  const down = new Promise<Term>((resolve) => {
    node
      .spawnRequest(name, 'erlang', 'exit', [atom('soon')], { onDown: resolve })
      .then((pid) => assert.equal(pid.node.name, name));
  });
  assert.equal(await down, atom('soon'));
  const sleeper = await node.spawnRequest(name, 'timer', 'sleep', [60_000], {
    options: [tuple(atom('priority'), atom('low'))],
  });
  assert.equal(await node.erpc(name, 'erlang', 'register', [atom('sleeper'), sleeper]), atom('true'));
  await fails(node.spawnRequest(name, 'timer', 'sleep', [1], { options: [atom('nonsense')] }), 'exit');
}

async function callsIn(node: BeamNode, erlang: OtpNode): Promise<void> {
  const casts: string[] = [];
  node.genServer({
    name: 'calculator',
    handleCall(request) {
      if (request === atom('fail')) throw new Error('it failed');
      if (request === atom('never')) return new Promise<Term>(() => {});
      return Promise.resolve(tuple(ok, request));
    },
    handleCast: (request) => casts.push(formatTerm(request)),
    handleInfo: (message) => casts.push(`info ${formatTerm(message)}`),
  });
  const at = `{calculator, '${node.name}'}`;
  await erlang.gives(`gen_server:call(${at}, #{a => [1.5, <<"x">>]})`, '{ok,#{a => [1.5,<<"x">>]}}');
  await erlang.gives(
    `catch gen_server:call(${at}, fail)`,
    /^\{'EXIT',\{\{js_error,<<"it failed">>\},\{gen_server,call/,
  );
  await erlang.gives(`catch gen_server:call(${at}, never, 100)`, /^\{'EXIT',\{timeout,/);
  await erlang.gives(`gen_server:call(${at}, again)`, '{ok,again}');
  await erlang.gives(`catch gen_server:call({nobody, '${node.name}'}, x)`, /^\{'EXIT',\{noproc,/);
  await erlang.gives(`gen_server:cast(${at}, hello), ${at} ! plain, gen_server:call(${at}, 1)`, '{ok,1}');
  assert.deepEqual(casts, ['hello', 'info plain']);
  await erlang.gives(
    `gen_server:receive_response(gen_server:send_request(${at}, x), 5000)`,
    '{reply,{ok,x}}',
  );
  await erlang.gives(
    `gen_server:multi_call(['${node.name}'], calculator, x)`,
    `{[{'${node.name}',{ok,x}}],[]}`,
  );
  await erlang.gives(`gen_server:multi_call(['${node.name}'], calculator, fail)`, `{[],['${node.name}']}`);
  node.genServer({ name: 'stopped' });
  const stopped = `{stopped, '${node.name}'}`;
  await erlang.gives(`catch sys:get_state(${stopped})`, /unknown_system_msg/);
  await erlang.gives(`gen_server:stop(${stopped})`, 'ok');
  assert.equal(node.whereis('stopped'), undefined);
  node.expose('greeter', {
    hello: (who) => tuple(atom('hello'), who as Term),
    fail: () => Promise.reject(new Error('no')),
  });
  const away = `'${node.name}'`;
  await erlang.gives(`erpc:call(${away}, greeter, hello, [you])`, '{hello,you}');
  await erlang.gives(`rpc:call(${away}, greeter, hello, [you])`, '{hello,you}');
  await erlang.gives(
    `erpc:multicall([${away}, ${away}], greeter, hello, [you])`,
    '[{ok,{hello,you}},{ok,{hello,you}}]',
  );
  await erlang.gives(`rpc:call(${away}, greeter, fail, [])`, /^\{badrpc,\{'EXIT',\{\{js_error,<<"no">>\}/);
  for (const f of ['os, cmd, ["id"]', 'greeter, bye, []', 'greeter, constructor, []'])
    await erlang.gives(`rpc:call(${away}, ${f})`, /^\{badrpc,\{'EXIT',\{undef,/);
  await erlang.gives(
    `Ref = spawn_request(${away}, os, cmd, ["id"]), receive {spawn_reply, Ref, R, Why} -> {R, Why} after 5000 -> timeout end`,
    '{error,notsup}',
  );
  await erlang.gives(`catch erpc:call(${away}, fun() -> 1 end)`, /undef|notsup/);
}

async function processes(node: BeamNode, erlang: OtpNode): Promise<void> {
  const keeper = { name: 'keeper', node: erlang.name };
  const box = node.spawn({ name: 'box', trapExit: true });
  box.send(keeper, tuple(atom('from'), box.pid));
  await erlang.evalUntil('{from, Pid} = macula_e2e_typescript:received(), Pid ! {back, node(Pid)}, ok', 'ok');
  assert.equal(
    formatTerm(await box.receive({ timeoutMs: 5_000 })),
    formatTerm(tuple(atom('back'), atom(node.name))),
  );
  await erlang.gives(`{box, '${node.name}'} ! named, ok`, 'ok');
  for await (const message of box) {
    assert.equal(message, atom('named'));
    break;
  }
  // Monitors: of Erlang's processes here, and of this node's there.
  box.monitor({ name: 'sleeper', node: erlang.name });
  await node.ping(erlang.name);
  await erlang.gives('exit(whereis(sleeper), kill)', 'true');
  assert.match(
    formatTerm(await box.receive({ timeoutMs: 5_000 })),
    /^\{'DOWN',#Ref<.*>,process,\{sleeper,.*\},killed\}$/,
  );
  const watched = node.spawn({ name: 'watched' });
  await erlang.gives(`is_pid(macula_e2e_typescript:watched({watched, '${node.name}'}))`, 'true');
  await erlang.gives(`is_pid(macula_e2e_typescript:watched({nobody, '${node.name}'}))`, 'true');
  await erlang.evalUntil('macula_e2e_typescript:received()', '{down,noproc}');
  watched.exit(atom('finished'));
  await erlang.evalUntil('macula_e2e_typescript:received()', '{down,finished}');
  // Links, from both sides and to both ends.
  const sleeper = await node.spawnRequest(erlang.name, 'timer', 'sleep', [60_000]);
  box.link(sleeper);
  await node.ping(erlang.name);
  node.exit(sleeper, atom('enough'));
  assert.equal(
    formatTerm(await box.receive({ timeoutMs: 5_000 })),
    formatTerm(tuple(atom('EXIT'), sleeper, atom('enough'))),
  );
  const linked = node.spawn();
  const [other] = await linkFrom(linked.pid);
  assert.ok(other);
  linked.exit(tuple(atom('done'), 1));
  await erlang.evalUntil('macula_e2e_typescript:received()', '{linked,{done,1}}');
  const unlinked = node.spawn();
  const [unlinker] = await linkFrom(unlinked.pid);
  node.send(unlinker as Pid, atom('unlink'));
  await erlang.evalUntil('macula_e2e_typescript:received()', 'unlinked');
  assert.ok(unlinked.isAlive);
  // A group leader of another node than the one that says it.
  await node.erpc(erlang.name, 'erlang', 'group_leader', [box.pid, unlinked.pid]);
  assert.equal(await node.ping(erlang.name), 'pong');
  assert.ok(unlinked.isAlive);
  const victim = node.spawn();
  await node.erpc(erlang.name, 'erlang', 'exit', [victim.pid, atom('kill')]);
  await eventually(() => !victim.isAlive, { what: 'an exit signal to end a process' });
  box.exit();

  async function linkFrom(pid: Pid): Promise<Pid[]> {
    const made = await node.erpc(erlang.name, 'macula_e2e_typescript', 'linked_to', [pid]);
    await node.erpc(erlang.name, 'timer', 'sleep', [20]);
    return [made as Pid];
  }
}

async function groups(node: BeamNode, erlang: OtpNode): Promise<void> {
  await erlang.gives('element(1, pg:start_link())', 'ok');
  const pg = node.pg();
  const member = node.spawn();
  const changes: string[] = [];
  const stop = new AbortController();
  const reading = (async () => {
    for await (const { change, pids } of pg.changes({ group: atom('g'), signal: stop.signal }))
      changes.push(`${change} ${pids.length}`);
  })().catch((error: BeamError) => assert.equal(error.code, 'aborted'));
  pg.join(atom('g'), member, member);
  await erlang.evalUntil('[node(P) || P <- pg:get_members(g)]', `['${node.name}','${node.name}']`);
  await erlang.gives('pg:join(g, whereis(keeper)), pg:join(h, whereis(keeper))', 'ok');
  await eventually(() => pg.members(atom('g')).length === 3, { what: 'members' });
  assert.deepEqual(
    pg
      .groups()
      .map((group) => formatTerm(group))
      .sort(),
    ['g', 'h'],
  );
  assert.equal(pg.leave(atom('g'), member), true);
  await erlang.evalUntil(`length(pg:get_members(g))`, '2');
  member.exit();
  await erlang.evalUntil('[P || P <- pg:get_members(g), node(P) =/= node()]', '[]');
  await erlang.gives('unlink(whereis(pg)), exit(whereis(pg), kill)', 'true');
  await eventually(() => pg.groups().length === 0, { what: 'the scope of Erlang to be forgotten' });
  // A scope that begins again asks visible nodes only, and this one is hidden.
  pg.join(atom('again'), node.spawn());
  await erlang.gives('element(1, pg:start(pg))', 'ok');
  await erlang.evalUntil('[node(P) || P <- pg:get_members(again)]', `['${node.name}']`);
  stop.abort();
  await reading;
  assert.deepEqual(changes, ['join 2', 'join 1', 'leave 1', 'leave 1', 'leave 1']);
}

async function ends(node: BeamNode, erlang: OtpNode, events: string[]): Promise<void> {
  const box = node.spawn({ trapExit: true });
  const reference = box.monitor({ name: 'keeper', node: erlang.name });
  const sleeper = await node.spawnRequest(erlang.name, 'timer', 'sleep', [60_000]);
  box.link(sleeper);
  const call = fails(node.call({ name: server, node: erlang.name }, atom('never')), 'noconnection');
  await node.erpc(erlang.name, 'erlang', 'node', []);
  assert.equal(node.disconnect(erlang.name), true);
  const down = [await box.receive({ timeoutMs: 5_000 }), await box.receive({ timeoutMs: 5_000 })].map(
    (term) => formatTerm(term),
  );
  assert.deepEqual(down, [
    formatTerm(
      tuple(
        atom('DOWN'),
        reference,
        atom('process'),
        tuple(atom('keeper'), atom(erlang.name)),
        atom('noconnection'),
      ),
    ),
    formatTerm(tuple(atom('EXIT'), sleeper, atom('noconnection'))),
  ]);
  await call;
  assert.deepEqual(node.nodes(), []);
  assert.ok(events.includes(`nodedown ${erlang.name}`));
  await erlang.evalUntil('nodes(connected)', '[]');
}

/** Waits for an error of this code, and gives its reason. */
async function fails(promise: Promise<unknown>, code: BeamError['code']): Promise<Term> {
  const error = await promise.then(
    (value) => assert.fail(`gave ${String(value)} instead of ${code}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof BeamError, String(error));
  assert.equal(error.code, code, error.message);
  return error.reason ?? [];
}

function nameOf(node: { readonly name: string } | string | undefined): string {
  return typeof node === 'object' ? node.name : (node ?? '');
}
