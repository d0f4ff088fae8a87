import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'a home whose router lets no UDP out joins over TLS; one that loses UDP while it is joined comes back over TLS by itself',
  drivers: ['netns'],
  async run({ scene, figure }) {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const blocked = await scene.network.home();
    await blocked.block('udp');
    const later = await scene.network.home();
    // On a busy machine TLS may be the faster one, and would be kept.
    await later.block('tcp');
    const [a, , c] = await Promise.all([
      scene.node({ name: 'a@one.test', relays: [relay1.url], host: await blocked.machine() }),
      scene.node({ name: 'b@two.test', relays: [relay2.url] }),
      scene.node({ name: 'c@three.test', relays: [relay2.url], host: await later.machine() }),
    ]);
    const transports = '[T || #{transport := T} <- maps:get(relays, macula:status())]';
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
    await a.gives(transports, '[<<"tls">>]');
    await a.gives("rpc:call('b@two.test', erlang, node, [])", "'b@two.test'");
    await c.evalUntil("net_adm:ping('a@one.test')", 'pong', 20_000);
    await c.gives(transports, '[<<"quic">>]');

    await later.block('udp');
    const startedMs = performance.now();
    await c.evalUntil("catch rpc:call('b@two.test', erlang, node, [], 2000)", "'b@two.test'", 90_000);
    figure('back after', `${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    await c.gives(transports, '[<<"tls">>]');
  },
};
