import assert from 'node:assert/strict';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary: 'logger and io with a remote group leader: the other node logs and prints',
  async run({ scene }) {
    const { a, b } = await scene.pair();
    const other = "'b@two.test'";
    const next = 'receive M -> M after 5000 -> none end';
    const add = 'logger, add_handler, [e2e, macula_e2e_apps, #{config => self()}]';
    const remove = 'logger, remove_handler, [e2e]';

    // A handler on b that a adds, for an event of b.
    await a.gives(
      `ok = rpc:call(${other}, ${add}), rpc:call(${other}, macula_e2e_apps, log_as, [rpc:call(${other}, erlang, whereis, [user]), there, "of b"]), R = ${next}, ok = rpc:call(${other}, ${remove}), R`,
      `{logged,${other},there,{"of b",[]},${other},${other}}`,
    );
    // An event of a process of a whose group leader is on b is handled on both; b's own handler prints it, a's leaves it to b.
    await a.gives(
      `ok = rpc:call(${other}, ${add}), macula_e2e_apps:log_as(rpc:call(${other}, erlang, whereis, [user]), abroad, "from afar"), R = ${next}, ok = rpc:call(${other}, ${remove}), R`,
      `{logged,${other},abroad,{"from afar",[]},${other},'a@one.test'}`,
    );
    await b.process.waitFor(/from afar/);
    await a.gives(
      `ok = apply(${add}), macula_e2e_apps:log_as(rpc:call(${other}, erlang, whereis, [user]), both, "at home too"), R = ${next}, ok = apply(${remove}), R`,
      `{logged,'a@one.test',both,{"at home too",[]},${other},'a@one.test'}`,
    );
    await b.process.waitFor(/at home too/);
    // The other way round: a process that b started on a keeps b's group leader.
    await b.eval(`spawn('a@one.test', logger, error, ["spawned by b", [], #{}])`);
    await b.process.waitFor(/spawned by b/);
    await a.gives('logger:error("only here")', 'ok');
    await a.process.waitFor(/only here/);
    for (const text of ['from afar', 'at home too', 'spawned by b', 'of b'])
      assert.ok(!a.process.output.includes(text), `a printed "${text}"`);
    assert.ok(!b.process.output.includes('only here'), 'b printed what is of a alone');

    await a.gives(
      `io:format(rpc:call(${other}, erlang, whereis, [user]), "~ts to ~p~n", ["written", b])`,
      'ok',
    );
    await b.process.waitFor(/^written to b$/m);
    await a.eval(`spawn(${other}, io, format, ["printed by ~p~n", [child]])`);
    await a.process.waitFor(/^printed by child$/m);
    await a.gives(`rpc:call(${other}, io, format, ["printed by ~p~n", [rpc]])`, 'ok');
    await a.process.waitFor(/^printed by rpc$/m);
    assert.ok(!b.process.output.includes('printed by'), 'b printed what was for a');
  },
};
