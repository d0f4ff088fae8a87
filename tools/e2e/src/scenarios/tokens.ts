import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { TokenRealm } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'a realm by token: who has one joins, others are told what is wrong, and a revoked one ends its node’s connections within seconds',
  isLong: true,
  waits: true,
  drivers: ['local', 'netns'],
  async run({ scene }) {
    const realm = await TokenRealm.make(scene, 'org.example');
    const relay1 = await scene.relay({ label: 'relay-1', ...realm.relay });
    const relay2 = await scene.relay({ label: 'relay-2', ...realm.relay, peers: [relay1.url] });
    const [ofA, ofB] = await Promise.all([realm.issue(['a@*.test']), realm.issue(['b@two.test'])]);
    const [a, b, stranger] = await Promise.all([
      scene.node({
        name: 'a@one.test',
        relays: [relay1.url],
        realm: realm.name,
        env: { MACULA_TOKEN_FILE: ofA },
      }),
      scene.node({ name: 'b@two.test' }),
      scene.node({ name: 'c@three.test' }),
    ]);
    const inRealm = `realm => <<"${realm.name}">>`;
    const withToken = (file: string): string => `${inRealm}, token_file => <<"${file}">>`;
    assert.equal(await b.join([relay2.url], withToken(ofB)), 'ok');
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);

    const refusals = [
      [inRealm, /needs a token/],
      [withToken(ofA), /name/],
      [`realm => <<"other">>, token_file => <<"${ofA}">>`, /realm/],
    ] as const;
    for (const [options, why] of refusals) {
      const answer = await stranger.join([relay1.url], options);
      assert.match(answer, /^\{error,\{refused,/);
      assert.match(answer, why);
    }
    assert.match(
      await stranger.join([relay1.url], withToken('/nowhere')),
      /^\{error,\{bad_option,\{token_file,/,
    );

    // From the environment, before the token is there: status and why/1 know the cause, and the join goes on.
    const late = join(scene.directory, 'late-token');
    const env = {
      MACULA_RELAYS: relay2.url,
      MACULA_REALM: realm.name,
      MACULA_TOKEN_FILE: late,
    };
    const d = await scene.node({ name: 'd@four.test', env });
    await d.evalUntil('is_binary(maps:get(join_error, macula:status()))', 'true', 20_000);
    assert.equal(await d.ping(a), 'pang');
    await d.gives("maps:get(reason, macula:why('a@one.test'))", 'not_joined');
    assert.match(await d.eval("maps:get(text, macula:why('a@one.test'))"), /could not join.*ENOENT/);
    renameSync(await realm.issue(['somebody@else.test']), late);
    await d.evalUntil('maps:get(join_error, macula:status())', /does not allow|name/, 20_000);
    const sameJoin = await d.join([relay2.url], inRealm);
    assert.match(sameJoin, /refused.*codes => #\{<<"[^"]*">> => token_wrong_name\}/s);
    renameSync(await realm.issue(['d@four.test']), late);
    assert.equal(await d.join([relay2.url], inRealm), 'ok');

    await realm.revoke(readFileSync(ofB, 'utf8').trim());
    await a.evalUntil('nodes(connected)', '[]');
    assert.equal(await a.ping(b), 'pang');
    // Each relay looks at the file once a second.
    for (const relay of [relay1, relay2]) {
      const again = `macula:join_mesh(#{relays => [<<"${relay.url}">>], ${withToken(ofB)}})`;
      await b.evalUntil(`macula:leave_mesh(), ${again}`, /taken back/);
    }
    // A new token in its place: the node comes back.
    assert.equal(await b.join([relay2.url], withToken(await realm.issue(['b@two.test']))), 'ok');
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
  },
};
