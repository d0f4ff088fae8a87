import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'nodes/0,1,2 with all node types; global makes the full mesh of visible nodes and leaves hidden ones out',
  async run({ scene }) {
    const { relay1, relay2, a, b } = await scene.pair();
    const hidden = await scene.node({ name: 'h@two.test', relays: [relay2.url], flags: ['-hidden'] });
    await hidden.evalUntil("net_adm:ping('a@one.test')", 'pong');
    await a.gives('nodes()', "['b@two.test']");
    await a.gives('nodes(visible)', "['b@two.test']");
    await a.gives('nodes(hidden)', "['h@two.test']");
    await a.gives('lists:sort(nodes(connected))', "['b@two.test','h@two.test']");
    await a.gives('lists:sort(nodes([hidden, this]))', "['a@one.test','h@two.test']");
    await a.gives('nodes(this)', "['a@one.test']");
    await a.gives("lists:sort(nodes(known)) -- ['a@one.test', nonode@nohost]", "['b@two.test','h@two.test']");
    await hidden.gives('{nodes(), nodes(hidden), nodes(visible)}', "{[],['a@one.test'],[]}");

    const typed = (type: string) =>
      `lists:sort([{Node, Type} || {Node, #{node_type := Type}} <- nodes(${type}, #{node_type => true}), Node =/= nonode@nohost])`;
    await a.gives(typed('connected'), "[{'b@two.test',visible},{'h@two.test',hidden}]");
    await a.gives(typed('known'), "[{'a@one.test',this},{'b@two.test',visible},{'h@two.test',hidden}]");
    await a.gives('nodes(this, #{connection_id => true})', "[{'a@one.test',#{connection_id => undefined}}]");
    const connectionId = 'nodes(visible, #{connection_id => true})';
    const first = await a.gives(connectionId, /^\[{'b@two\.test',#{connection_id => \d+}}\]$/);

    // Visible nodes are introduced to each other, by b to a, and a hidden one to nobody.
    const c = await scene.node({ name: 'c@one.test', relays: [relay1.url] });
    await c.evalUntil("net_adm:ping('b@two.test')", 'pong');
    await a.evalUntil('lists:sort(nodes())', "['b@two.test','c@one.test']");
    await c.evalUntil('lists:sort(nodes(connected))', "['a@one.test','b@two.test']");
    await a.gives('global:sync()', 'ok');
    await b.gives('lists:sort(nodes(connected))', "['a@one.test','c@one.test']");
    await hidden.gives('nodes(connected)', "['a@one.test']");

    await c.kill();
    await a.evalUntil('nodes()', "['b@two.test']");
    await a.gives("erlang:disconnect_node('b@two.test')", 'true');
    await a.evalUntil(typed('known'), /{'b@two\.test',known}/);
    await a.gives(
      "maps:get('b@two.test', maps:from_list(nodes(known, #{connection_id => true})))",
      '#{connection_id => undefined}',
    );
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong');
    await a.gives(`${connectionId} =/= ${first}`, 'true');
  },
};
