import assert from 'node:assert/strict';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'a node without the cookie that tries in a loop is slowed down with a reason, the attacked node warns a few times and serves others; set right, it connects within 30 s',
  isLong: true,
  waits: true,
  async run({ scene, figure }) {
    const first = await scene.relay({ label: 'relay-1' });
    const second = await scene.relay({ label: 'relay-2', peers: [first.url] });
    const relays = [first.url, second.url];
    const [a, wrong, right] = await Promise.all([
      scene.node({ name: 'a@one.test', cookie: 'RIGHT', relays: relays.slice(0, 1) }),
      scene.node({ name: 'wrong@two.test', cookie: 'WRONG', relays: relays.slice(1) }),
      scene.node({ name: 'right@three.test', cookie: 'RIGHT', relays }),
    ]);
    await Promise.all(
      [a, wrong, right].map((node) => node.evalUntil('maps:get(joined, macula:status())', 'true', 15_000)),
    );
    const guess = "net_kernel:connect_node('a@one.test')";
    // The relays may still be connecting to each other.
    await wrong.evalUntil(`${guess}, maps:get(reason, macula:why('a@one.test'))`, 'decrypt_failed', 15_000);
    await wrong.gives(`[${guess} || _ <- lists:seq(1, 40)]`, `[${Array(40).fill('false').join(',')}]`);
    await wrong.gives("maps:get(reason, macula:why('a@one.test'))", 'too_many_failures');
    await right.gives("net_adm:ping('a@one.test')", 'pong');
    await a.gives("rpc:call('right@three.test', erlang, node, [])", "'right@three.test'");
    await wrong.gives(guess, 'false');

    const warnings = '[{L, P} || #{level := L, peer := P} <- macula_e2e:events(too_many_failures)]';
    await a.gives(warnings, '[{warning,<<"wrong@two.test">>}]');
    await a.gives("maps:get(reason, macula:why('wrong@two.test'))", 'decrypt_failed');
    const all = Number(
      await a.eval('length([x || #{level := warning, peer := <<"wrong@two.test">>} <- macula_e2e:events()])'),
    );
    assert.ok(all <= 4, `${all} warnings for 41 tries`);
    figure('warnings for 41 tries', String(all));
    assert.match(a.process.output, /wrong@two\.test.*once in 30 s/);

    const correctedMs = performance.now();
    await wrong.eval("erlang:set_cookie('RIGHT')");
    await wrong.evalUntil(guess, 'true', 45_000);
    figure('connects again after', `${((performance.now() - correctedMs) / 1000).toFixed(0)} s`);
    // Its success has cleared what it did before.
    await wrong.gives("erlang:disconnect_node('a@one.test')", 'true');
    await wrong.evalUntil(guess, 'true', 5_000);
  },
};
