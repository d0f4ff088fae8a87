import assert from 'node:assert/strict';
import type { Scenario } from '../scenario.js';

const url = '<<"https://127.0.0.1:1">>';

const refused = [
  ['#{}', 'relays'],
  ['#{relays => []}', 'relays'],
  ['#{relays => <<"https://127.0.0.1:1">>}', 'relays'],
  ['#{relays => [<<"no url">>]}', 'relays'],
  ['#{relays => [<<"ftp://127.0.0.1:1">>]}', 'relays'],
  ['#{relays => [<<"https://127.0.0.1:99999">>]}', 'relays'],
  [`#{relays => [${url}], realm => 7}`, 'realm'],
  [`#{relays => [${url}], realm => <<>>}`, 'realm'],
  [`#{relays => [${url}], identity => <<>>}`, 'identity'],
  [`#{relays => [${url}], tls_verify => maybe_}`, 'tls_verify'],
  [`#{relays => [${url}], cookies => x}`, 'cookies'],
] as const;

export const scenario: Scenario = {
  summary:
    'macula:join_mesh names the option that is wrong, refuses what is no map, and the node stays usable',
  async run({ scene }) {
    const [relay, node] = await Promise.all([scene.relay(), scene.node({ name: 'a@one.test' })]);
    for (const [options, name] of refused)
      await node.gives(`macula:join_mesh(${options})`, new RegExp(`^\\{error,\\{bad_option,\\{${name},`));
    await node.gives('macula:join_mesh(nonsense)', /^\{error,\{bad_option,/);
    assert.equal(await node.join([relay.url]), 'ok');
  },
};
