import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary: 'net_kernel:allow: only nodes on the list connect, in either direction; live connections stay',
  async run({ scene }) {
    // Hidden, since global may connect visible nodes again in the middle of its introductions.
    const { relay1, a, b } = await scene.pair({ a: { flags: ['-hidden'] } });
    const c = await scene.node({ name: 'c@one.test', relays: [relay1.url] });
    await c.evalUntil("net_adm:ping('a@one.test')", 'pong');
    await a.gives('net_kernel:allowed()', '{ok,[]}');
    await a.gives("net_kernel:allow(['b@two.test'])", 'ok');
    await a.gives('net_kernel:allow(no_list)', 'error');
    await a.gives('net_kernel:allowed()', "{ok,['b@two.test']}");
    await a.gives("net_adm:ping('c@one.test')", 'pong');

    await a.gives("erlang:disconnect_node('c@one.test')", 'true');
    await c.evalUntil('nodes(connected)', '[]');
    await a.gives("net_adm:ping('c@one.test')", 'pang');
    await a.gives("net_kernel:connect_node('c@one.test')", 'false');
    await c.gives("net_adm:ping('a@one.test')", 'pang');
    await c.evalUntil("maps:get(reason, macula:why('a@one.test'))", 'refused');
    for (const node of [a, c]) await node.gives("nodes(connected) -- ['b@two.test']", '[]');

    await a.gives("erlang:disconnect_node('b@two.test')", 'true');
    await b.evalUntil('nodes(connected)', '[]');
    await b.gives("net_adm:ping('a@one.test')", 'pong');
    await b.gives("erlang:disconnect_node('a@one.test')", 'true');
    await a.evalUntil('nodes(connected)', '[]');
    await a.gives("net_adm:ping('b@two.test')", 'pong');

    // Another call adds to the list.
    await a.gives("net_kernel:allow(['c@one.test'])", 'ok');
    await a.gives('net_kernel:allowed()', "{ok,['b@two.test','c@one.test']}");
    await c.gives("net_adm:ping('a@one.test')", 'pong');
    await a.gives("net_adm:ping('b@two.test')", 'pong');
  },
};
