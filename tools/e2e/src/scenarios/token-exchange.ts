import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { TokenRealm } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

/** Of the first token: the agent looks at the file each 10 s. */
const lifeSeconds = 20;

export const scenario: Scenario = {
  summary:
    'a token that is exchanged before it ends costs no connection; a node whose token is over says so and comes back with another',
  isLong: true,
  waits: true,
  drivers: ['local', 'netns'],
  async run({ scene }) {
    const realm = await TokenRealm.make(scene, 'org.example');
    const relay = await scene.relay({ label: 'relay', ...realm.relay });
    const [a, b] = await Promise.all([
      scene.node({ name: 'a@one.test' }),
      scene.node({ name: 'b@two.test' }),
    ]);
    const join = (file: string) =>
      [[relay.url], `realm => <<"${realm.name}">>, token_file => <<"${file}">>`] as const;
    assert.equal(await b.join(...join(await realm.issue(['b@two.test']))), 'ok');
    const file = await realm.issueFor(lifeSeconds, ['a@one.test']);
    const endMs = Date.now() + lifeSeconds * 1000;
    assert.equal(await a.join(...join(file)), 'ok');
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
    const tunnel = "[Id || {Id, _} <- macula_dist_relay:get_tunnel_metrics('b@two.test')]";
    const before = await a.eval(tunnel);

    const expires = 'maps:get(token_expires, macula:status())';
    const first = await a.eval(expires);
    renameSync(await realm.issueFor(lifeSeconds + 20, ['a@one.test']), file);
    await a.evalUntil(`${expires} > ${first}`, 'true', 15_000);
    await sleep(endMs + 3000 - Date.now());
    assert.equal(await a.eval(tunnel), before);
    assert.equal(await a.ping(b), 'pong');

    // Nobody exchanges the second one.
    await a.evalUntil('maps:get(joined, macula:status())', 'false', 40_000);
    assert.match(
      await a.eval('maps:get(join_error, macula:status())'),
      /the token expired at .*; ask its issuer/,
    );
    renameSync(await realm.issue(['a@one.test']), file);
    await a.evalUntil('maps:get(joined, macula:status())', 'true', 20_000);
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
  },
};
