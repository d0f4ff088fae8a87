import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Relay, writeAccessFile } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'nobody becomes a relay by saying so: a mesh secret or a listed key is needed, and a key that is removed ends its peerings while everything runs',
  isLong: true,
  drivers: ['local', 'netns'],
  async run({ scene }) {
    const [ours, theirs] = [join(scene.directory, 'mesh.key'), join(scene.directory, 'other.key')];
    for (const file of [ours, theirs])
      assert.equal((await scene.macula(['keygen', '--mesh', file]).ended).code, 0);
    const withSecret = (file: string): { args: string[] } => ({ args: ['--mesh-secret-file', file] });
    const relay1 = await scene.relay({ label: 'relay-1', ...withSecret(ours) });
    const peers = [relay1.url];
    const member = await scene.relay({ label: 'member', peers, ...withSecret(ours) });
    const outsider = await scene.relay({ label: 'outsider', peers, ...withSecret(theirs) });
    const [a, , c] = await Promise.all([
      scene.node({ name: 'a@one.test', relays: [relay1.url] }),
      scene.node({ name: 'b@two.test', relays: [member.url] }),
      scene.node({ name: 'c@three.test', relays: [outsider.url] }),
    ]);
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
    for (const [from, to] of [
      [a, c],
      [c, a],
    ] as const) {
      assert.equal(await from.ping(to), 'pang');
      await from.gives(`maps:get(reason, macula:why('${to.name}'))`, 'not_found');
    }
    await outsider.process.waitFor(/not_a_relay/);

    // By keys, and one of them is taken away.
    const accessFile = join(scene.directory, 'access.json');
    const realms = { 'io.macula': { access: 'open' } };
    writeAccessFile(accessFile, { realms, relays: [] });
    const keyed = await scene.relay({ label: 'keyed', accessFile, args: ['--open'] });
    const listed = await scene.relay({ label: 'listed', peers: [keyed.url] });
    const list = (...relays: Relay[]): void =>
      writeAccessFile(accessFile, { realms, relays: relays.map(({ id }) => id) });
    list(listed);
    // They look for another way for 4 s, not for 30.
    const env = { MACULA_RECONNECT_MAX_ATTEMPTS: '2' };
    const [d, e] = await Promise.all([
      scene.node({ name: 'd@four.test', relays: [keyed.url], env }),
      scene.node({ name: 'e@five.test', relays: [listed.url], env }),
    ]);
    await d.evalUntil("net_adm:ping('e@five.test')", 'pong', 20_000);
    list();
    await d.evalUntil(
      '[S || {_, #{state := S}} <- macula_dist_relay:get_tunnel_metrics()]',
      '[detached]',
      5_000,
    );
    await d.evalUntil('nodes(connected)', '[]', 15_000);
    assert.equal(await d.ping(e), 'pang');
    list(listed);
    await d.evalUntil("net_adm:ping('e@five.test')", 'pong', 20_000);
  },
};
