import assert from 'node:assert/strict';
import type { Scenario } from '../scenario.js';

/** Addresses of this machine that are not loopback, as Erlang terms. */
const addresses =
  '{ok, Interfaces} = inet:getifaddrs(), [A || {_, Options} <- Interfaces, {addr, {N, _, _, _} = A} <- Options, N =/= 127]';

export const scenario: Scenario = {
  summary: 'nodes whose machines reach each other by no address are connected all the same',
  drivers: ['netns', 'docker'],
  async run({ scene }) {
    const { a, b } = await scene.pair();
    await b.eval(
      'spawn(fun() -> {ok, Listener} = gen_tcp:listen(0, []), {ok, Port} = inet:port(Listener), persistent_term:put(listening, Port), receive stop -> ok end end)',
    );
    const port = await b.evalUntil('persistent_term:get(listening)', /^\d+$/);
    const places = await b.eval(addresses);
    assert.notEqual(places, '[]', 'b has an address');
    const connects = `[element(1, gen_tcp:connect(A, ${port}, [], 1000)) || A <- ${places}]`;
    // It does listen there, but not for others.
    await b.gives(connects, /^\[ok(,ok)*\]$/);
    await a.gives(connects, /^\[error(,error)*\]$/);
    await a.gives("erpc:call('b@two.test', erlang, node, [])", "'b@two.test'");
    await b.gives("erpc:call('a@one.test', erlang, node, [])", "'a@one.test'");
  },
};
