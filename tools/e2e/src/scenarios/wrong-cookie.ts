import assert from 'node:assert/strict';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'a wrong cookie: pang, decrypt_failed on both sides that names the peer, nothing delivered, others work; set right, the node works without a restart',
  async run({ scene }) {
    const relays = [(await scene.relay()).url];
    const [a, wrong, right] = await Promise.all([
      scene.node({ name: 'a@one.test', cookie: 'RIGHT', relays }),
      scene.node({ name: 'wrong@two.test', cookie: 'WRONG', relays }),
      scene.node({ name: 'right@three.test', cookie: 'RIGHT', relays }),
    ]);
    await Promise.all(
      [a, wrong, right].map((node) => node.evalUntil('maps:get(joined, macula:status())', 'true', 15_000)),
    );
    await wrong.eval('macula_e2e:start_server(victim)');
    await wrong.eval('register(mailbox, spawn(fun() -> receive never -> ok end end))');

    assert.equal(await a.ping(wrong), 'pang');
    await a.gives("maps:get(reason, macula:why('wrong@two.test'))", 'decrypt_failed');
    const peers = '[{L, P} || #{level := L, peer := P} <- macula_e2e:events(decrypt_failed)]';
    await a.evalUntil(peers, /\{warning,<<"wrong@two\.test">>\}/);
    await wrong.evalUntil(peers, /\{warning,<<"a@one\.test">>\}/);
    assert.match(a.process.output, /wrong@two\.test/);
    assert.match(wrong.process.output, /a@one\.test/);

    // The other direction, and sending instead of pinging.
    assert.equal(await wrong.ping(a), 'pang');
    await a.gives("catch gen_server:call({victim, 'wrong@two.test'}, hello, 5000)", /nodedown|noconnection/);
    await a.eval("erlang:send({mailbox, 'wrong@two.test'}, hello)");
    await a.eval("rpc:cast('wrong@two.test', erlang, send, [mailbox, hello])");
    // Both have been tried by the time that this ping has its answer.
    assert.equal(await a.ping(wrong), 'pang');
    await wrong.gives('process_info(whereis(mailbox), messages)', '{messages,[]}');
    for (const node of [a, wrong]) await node.gives('nodes(connected)', '[]');

    assert.equal(await a.ping(right), 'pong');
    await a.gives("rpc:call('right@three.test', erlang, node, [])", "'right@three.test'");

    await wrong.eval("erlang:set_cookie('RIGHT')");
    await a.evalUntil("net_adm:ping('wrong@two.test')", 'pong', 30_000);
  },
};
