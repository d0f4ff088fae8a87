import { expect, it } from 'vitest';
import { explainFailure, useScene } from './use-scene.js';

const scene = useScene();

it('a wrong cookie: pang, decrypt_failed on both sides that names the peer, nothing delivered, others work', async () => {
  explainFailure(scene);
  const relay = await scene.relay();
  const relays = [relay.url];
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

  expect(await a.ping(wrong)).toBe('pang');
  expect(await a.eval(`maps:get(reason, macula:why('wrong@two.test'))`)).toBe('decrypt_failed');
  const peers = '[{L, P} || #{level := L, peer := P} <- macula_e2e:events(decrypt_failed)]';
  await a.evalUntil(peers, /\{warning,<<"wrong@two\.test">>\}/);
  await wrong.evalUntil(peers, /\{warning,<<"a@one\.test">>\}/);
  expect(a.process.output).toMatch(/wrong@two\.test/);
  expect(wrong.process.output).toMatch(/a@one\.test/);

  // The other direction, and sending instead of pinging.
  expect(await wrong.ping(a)).toBe('pang');
  expect(await a.eval(`catch gen_server:call({victim, 'wrong@two.test'}, hello, 5000)`)).toMatch(
    /nodedown|noconnection/,
  );
  await a.eval(`erlang:send({mailbox, 'wrong@two.test'}, hello)`);
  await a.eval(`rpc:cast('wrong@two.test', erlang, send, [mailbox, hello])`);
  // Both have been tried by the time that this ping has its answer.
  expect(await a.ping(wrong)).toBe('pang');
  expect(await wrong.eval('process_info(whereis(mailbox), messages)')).toBe('{messages,[]}');
  for (const node of [a, wrong]) expect(await node.eval('nodes(connected)')).toBe('[]');

  expect(await a.ping(right)).toBe('pong');
  expect(await a.eval(`rpc:call('right@three.test', erlang, node, [])`)).toBe("'right@three.test'");

  // Once the cookie is right the very same node works without a restart.
  await wrong.eval(`erlang:set_cookie('RIGHT')`);
  await a.evalUntil(`net_adm:ping('wrong@two.test')`, 'pong', 30_000);
});
