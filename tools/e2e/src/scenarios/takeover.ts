import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'a live name belongs to its key on every relay: another key is refused wherever it tries, the owner wins at once on another relay, and a name whose owner said goodbye is free',
  isLong: true,
  drivers: ['local', 'netns'],
  async run({ scene }) {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const peers = [relay1.url];
    // A star: relay-2 and relay-3 know each other only through relay-1.
    const [relay2, relay3] = await Promise.all([
      scene.relay({ label: 'relay-2', peers }),
      scene.relay({ label: 'relay-3', peers }),
    ]);
    const name = 'a@one.test';
    const env = { MACULA_DATA_DIR: join(scene.directory, 'keys-of-a') };
    const [owner, other, impostor] = await Promise.all([
      scene.node({ name, relays: [relay2.url], env }),
      scene.node({ name: 'c@three.test', relays: [relay3.url] }),
      scene.node({ name }),
    ]);
    await other.evalUntil(`net_adm:ping('${name}')`, 'pong', 20_000);
    for (const relay of [relay1, relay2, relay3]) {
      const answer = await impostor.join([relay.url]);
      assert.match(answer, /^\{error,\{refused,/, relay.label);
      assert.match(answer, /another node uses this name/, relay.label);
    }
    await other.gives(`rpc:call('${name}', os, getpid, [])`, `"${await owner.beamPid()}"`);

    const returned = await scene.node({ name, env });
    assert.equal(await returned.join([relay3.url]), 'ok');
    await other.eval(`erlang:disconnect_node('${name}')`);
    await other.evalUntil(
      `net_adm:ping('${name}') =:= pong andalso rpc:call('${name}', os, getpid, [])`,
      `"${await returned.beamPid()}"`,
      20_000,
    );
    assert.match(await impostor.join([relay1.url]), /another node uses this name/);

    await owner.eval('macula:leave_mesh()');
    await returned.eval('macula:leave_mesh()');
    await impostor.evalUntil(`macula:join_mesh(#{relays => [<<"${relay1.url}">>]})`, 'ok');
  },
};
