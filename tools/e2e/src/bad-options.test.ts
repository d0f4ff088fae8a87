import { beforeAll, describe, expect, it } from 'vitest';
import type { OtpNode } from './harness/index.js';
import { explainFailure, useScene } from './use-scene.js';

const url = '<<"https://127.0.0.1:1">>';

describe('join_mesh refuses', () => {
  const scene = useScene();
  let node: OtpNode;

  beforeAll(async () => {
    node = await scene.node({ name: 'a@one.test' });
  });

  it.each([
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
  ])('%s and names the option', async (options, name) => {
    explainFailure(scene);
    expect(await node.eval(`macula:join_mesh(${options})`)).toMatch(
      new RegExp(`^\\{error,\\{bad_option,\\{${name},`),
    );
  });

  it('what is no map, and stays usable', async () => {
    expect(await node.eval('macula:join_mesh(nonsense)')).toMatch(/^\{error,\{bad_option,/);
    const relay = await scene.relay();
    expect(await node.join([relay.url])).toBe('ok');
  });
});
