import type { OtpNode } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'cookies per node and for all, set before and after joining, on either side: live links stay, the next connection uses the new one',
  async run({ scene }) {
    const relay = await scene.relay();
    const relays = [relay.url];
    // Hidden, since global may connect visible nodes again in the middle of its introductions.
    const start = (name: string, cookie: string): Promise<OtpNode> =>
      scene.node({ name, cookie, relays, flags: ['-hidden'] });
    const [a, b] = await Promise.all([start('a@one.test', 'A'), start('b@two.test', 'B')]);
    for (const node of [a, b]) await node.evalUntil('maps:get(joined, macula:status())', 'true');
    const [toA, toB] = ["'a@one.test'", "'b@two.test'"];
    const refused = async (): Promise<void> => {
      for (const [from, to] of [
        [a, toB],
        [b, toA],
      ] as const) {
        await from.gives(`net_adm:ping(${to})`, 'pang');
        await from.gives(`maps:get(reason, macula:why(${to}))`, 'decrypt_failed');
      }
    };
    const accepted = async (): Promise<void> => {
      for (const [from, to] of [
        [a, toB],
        [b, toA],
      ] as const) {
        await from.gives(`net_adm:ping(${to})`, 'pong');
        await disconnect(from, to);
      }
    };

    await refused();
    await a.gives(`erlang:set_cookie(${toB}, 'B')`, 'true');
    await accepted();
    await a.gives(`net_adm:ping(${toB})`, 'pong');
    await a.gives(`erlang:set_cookie(${toB}, pair)`, 'true');
    await a.gives(`rpc:call(${toB}, erlang, node, [])`, toB);
    await disconnect(a, toB);
    await refused();
    await b.gives(`erlang:set_cookie(${toA}, pair)`, 'true');
    await accepted();

    // The one for all doesn't touch those per node.
    await a.gives(`net_adm:ping(${toB})`, 'pong');
    await a.gives("erlang:set_cookie('NEW')", 'true');
    await a.gives(`{erlang:get_cookie(), erlang:get_cookie(${toB})}`, "{'NEW',pair}");
    await a.gives(`rpc:call(${toB}, erlang, node, [])`, toB);
    await disconnect(a, toB);
    await accepted();

    const c = await scene.node({ name: 'c@two.test', cookie: 'C' });
    await c.gives("erlang:set_cookie('a@one.test', 'NEW')", 'true');
    await c.gives("erlang:set_cookie('b@two.test', 'B')", 'true');
    await c.join(relays);
    await c.gives(`net_adm:ping(${toA})`, 'pong');
    await b.gives("net_adm:ping('c@two.test')", 'pong');
    // A live link stays, whatever either side changes.
    for (const node of [a, b, c]) await node.gives("erlang:set_cookie('LAST')", 'true');
    await c.gives(`erlang:set_cookie(${toA}, 'OTHER')`, 'true');
    await c.gives(`rpc:call(${toA}, erlang, get_cookie, [])`, "'LAST'");
    await c.gives(`erlang:disconnect_node(${toA})`, 'true');
    await a.evalUntil("lists:member('c@two.test', nodes(connected))", 'false');
    await c.gives(`net_adm:ping(${toA})`, 'pang');
    await a.gives("net_adm:ping('c@two.test')", 'pang');
    await a.gives("erlang:set_cookie('c@two.test', 'OTHER')", 'true');
    await c.gives(`net_adm:ping(${toA})`, 'pong');

    async function disconnect(from: OtpNode, to: string): Promise<void> {
      await from.gives(`erlang:disconnect_node(${to})`, 'true');
      await Promise.all([a, b].map((node) => node.evalUntil('nodes(connected)', '[]')));
    }
  },
};
