import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'pg: members of every node are seen on every node, also of one that comes later, and go with their process and their node',
  // pg of OTP 25 crashes when it hears one of OTP 29, over any carrier: {discover, Pid, Version} is new to it.
  releasesApartMax: 2,
  async run({ scene }) {
    const { relay1, a, b } = await scene.pair();
    for (const node of [a, b]) await node.eval('macula_e2e:pg_member(group)');
    for (const node of [a, b])
      await node.gives('macula_e2e:pg_wait(group, 2, 10000)', "['a@one.test','b@two.test']");
    const c = await scene.node({ name: 'c@three.test', relays: [relay1.url] });
    await c.evalUntil("net_adm:ping('a@one.test')", 'pong', 20_000);
    await c.eval('macula_e2e:pg_member(group)');
    for (const node of [a, b, c])
      await node.gives('macula_e2e:pg_wait(group, 3, 10000)', "['a@one.test','b@two.test','c@three.test']");
    await a.gives('length(pg:get_local_members(group))', '1');
    await c.eval('[P ! stop || P <- pg:get_local_members(group)]');
    for (const node of [a, b, c])
      await node.gives('macula_e2e:pg_wait(group, 2, 10000)', "['a@one.test','b@two.test']");
    await b.kill();
    for (const node of [a, c]) await node.gives('macula_e2e:pg_wait(group, 1, 10000)', "['a@one.test']");
  },
};
