import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary: 'rpc and erpc: calls, casts, multicalls, remote exceptions, time-outs',
  async run({ scene }) {
    const { a, b } = await scene.pair();
    const other = "'b@two.test'";
    await a.gives(`rpc:call(${other}, erlang, node, [])`, other);
    await b.gives("erpc:call('a@one.test', erlang, node, [])", "'a@one.test'");
    await a.gives(`erpc:call(${other}, fun erlang:node/0)`, other);
    await a.gives(`rpc:multicall([node() | nodes()], erlang, node, [])`, `{['a@one.test',${other}],[]}`);
    await a.gives(
      `erpc:multicall([node(), ${other}, 'nobody@nowhere.test'], erlang, node, [])`,
      `[{ok,'a@one.test'},{ok,${other}},{error,{erpc,noconnection}}]`,
    );
    await a.gives(
      `try erpc:call(${other}, erlang, error, [boom]) catch C:R -> {C, R} end`,
      /^{error,{exception,boom,/,
    );
    await a.gives(`try erpc:call(${other}, erlang, throw, [ball]) catch C:R -> {C, R} end`, '{throw,ball}');
    await a.gives(
      `try erpc:call(${other}, erlang, exit, [gone]) catch C:R -> {C, R} end`,
      '{exit,{exception,gone}}',
    );
    await a.gives(
      `try erpc:call(${other}, timer, sleep, [10000], 200) catch C:R -> {C, R} end`,
      '{error,{erpc,timeout}}',
    );
    await a.gives(
      `R = erpc:send_request(${other}, erlang, node, []), erpc:wait_response(R, 5000)`,
      `{response,${other}}`,
    );
    await a.gives(
      `erpc:cast(${other}, erlang, send, [self(), arrived]), receive M -> M after 5000 -> none end`,
      'arrived',
    );
    await a.gives(`rpc:yield(rpc:async_call(${other}, erlang, node, []))`, other);
  },
};
