import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'gen_server: call, cast, multi_call, exits of the server and of its node; tunnel metrics count what passes',
  async run({ scene }) {
    const { a, b } = await scene.pair();
    for (const node of [a, b]) await node.eval('macula_e2e:start_server(e2e_server)');
    const server = "{e2e_server, 'b@two.test'}";
    await a.gives(`gen_server:call(${server}, {hello, 42})`, "{'b@two.test',{hello,42}}");
    await a.gives(`gen_server:cast(${server}, anything)`, 'ok');
    await a.gives(
      '{Replies, Bad} = gen_server:multi_call([node() | nodes()], e2e_server, hi), {lists:sort(Replies), Bad}',
      "{[{'a@one.test',{'a@one.test',hi}},{'b@two.test',{'b@two.test',hi}}],[]}",
    );
    const bytesOut = 'lists:sum([B || {_, #{bytes_out := B}} <- macula_dist_relay:get_tunnel_metrics()])';
    const before = await a.eval(bytesOut);
    await a.gives(
      `B = crypto:strong_rand_bytes(1000000), {1000000, H} = gen_server:call(${server}, {sha256, B}), H =:= macula_e2e:sha256(B)`,
      'true',
    );
    await a.evalUntil(`${bytesOut} - ${before} >= 1000000`, 'true');
    await a.gives(
      '[lists:sort(maps:keys(M)) || {_, M} <- macula_dist_relay:get_tunnel_metrics()]',
      /bytes_in.*bytes_out.*msgs_in.*msgs_out/,
    );
    await a.gives(
      `try gen_server:call({no_such_server, 'b@two.test'}, hi) catch exit:{R, _} -> R end`,
      'noproc',
    );
    const waiting = a.eval(`try gen_server:call(${server}, hang, 60000) catch exit:{R, _} -> R end`, 70_000);
    await a.gives(`rpc:call('b@two.test', erlang, node, [])`, "'b@two.test'");
    await b.kill();
    const reason = await waiting;
    if (reason !== "{nodedown,'b@two.test'}") throw new Error(`the call to a dead node ended with ${reason}`);
  },
};
