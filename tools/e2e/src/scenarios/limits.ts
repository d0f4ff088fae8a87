import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'limits of a relay: who is above one reads whose it is and what to do, in join_mesh and macula:why; what there is goes on',
  isLong: true,
  drivers: ['local', 'netns'],
  async run({ scene }) {
    const file = join(scene.directory, 'limits.json');
    const limits = {
      identity: { tunnels: 1 },
      realm: { sessions: 3 },
      realms: { 'org.small': { realm: { names: 1 } } },
    };
    writeFileSync(file, JSON.stringify(limits));
    const relay = await scene.relay({ args: ['--limits', file] });
    const relays = [relay.url];
    const [a, , c, d] = await Promise.all([
      scene.node({ name: 'a@one.test', relays }),
      scene.node({ name: 'b@two.test', relays }),
      scene.node({ name: 'c@three.test', relays }),
      scene.node({ name: 'd@four.test' }),
    ]);
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
    await c.evalUntil('maps:get(joined, macula:status())', 'true', 20_000);

    assert.equal(await a.ping(c), 'pang');
    await a.gives("maps:get(reason, macula:why('c@three.test'))", 'tunnel_limit');
    await a.gives("maps:get(text, macula:why('c@three.test'))", /as many tunnels.*limit of this identity: 1/);
    await a.gives("rpc:call('b@two.test', erlang, node, [])", "'b@two.test'");
    await c.gives("net_adm:ping('b@two.test')", 'pong');

    // Sessions may end by themselves, so the join goes on until its time is over; names don't.
    const full = await d.join(relays);
    assert.match(full, /^\{error,\{connect_timeout,.*limit of the realm: 3/s);
    const small = 'realm => <<"org.small">>';
    const e = await scene.node({ name: 'e@five.test' });
    assert.equal(await e.join(relays, small), 'ok');
    assert.match(await d.join(relays, small), /^\{error,\{refused,.*more names.*limit of the realm: 1/s);

    await c.eval('macula:leave_mesh()');
    await d.evalUntil(`macula:join_mesh(#{relays => [<<"${relay.url}">>]})`, 'ok', 20_000);
  },
};
