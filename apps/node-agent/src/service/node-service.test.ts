import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  atom,
  atomMap,
  binary,
  mapGet,
  type TermMap,
  type Tuple,
  textOf,
  tuple,
} from '@macula/dist-protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { IdentityStoreError } from '../identity-store.js';
import { helloMap, joinMap } from '../testing/fake-beam.js';
import {
  type Harness,
  type HarnessOptions,
  leaveSocket,
  listenAsBeam,
  startHarness,
} from '../testing/harness.js';

let harness: Harness;
const start = (options?: HarnessOptions): Harness => {
  harness = startHarness(options);
  return harness;
};

beforeEach(() => {
  vi.useRealTimers();
});
afterEach(async () => {
  vi.useRealTimers();
  await harness.dispose();
});

describe('hello and order', () => {
  test('hello is answered with an address in a private directory', async () => {
    const { beam } = start();
    beam.send(atom('hello'), helloMap());
    const [, map] = await beam.take('hello');
    expect(mapGet(map, 'protocol')).toBe(1);
    expect(mapGet(map, 'os_pid')).toBe(process.pid);
    const [family, path] = mapGet(map, 'address') as Tuple;
    expect(family).toBe(atom('local'));
    expect(textOf(path)).toMatch(/\/macula-agent-\w+\/s$/);
  });

  test('a BEAM that is killed before it is answered leaves no socket', async () => {
    const { beam, directory, ended } = start();
    const path = await leaveSocket(directory, 'macula-0123456789abcdef/beam.sock');
    beam.send(atom('hello'), helloMap());
    beam.send(
      atom('listening'),
      atomMap({ node: binary('a@host'), address: tuple(atom('local'), binary(path)) }),
    );
    beam.die();
    expect((await ended).kind).toBe('eof');
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('TCP where Unix-domain sockets are switched off', async () => {
    const { beam } = start({ localSockets: 'tcp' });
    expect((await beam.hello()).port).toBeGreaterThan(0);
  });

  test('messages that come with hello are answered after it', async () => {
    const { beam } = start();
    beam.send(atom('hello'), helloMap());
    beam.send(atom('ping'), 3);
    await beam.take('hello');
    expect((await beam.take('pong')).elements[1]).toBe(3);
  });

  test.each([
    ['a message before hello', [atom('ping'), 1], 'bad_order'],
    ['another protocol', [atom('hello'), helloMap({ protocol: 2 })], 'bad_message'],
    ['a wrong arity', [atom('hello')], 'bad_message'],
  ])('%s ends the channel', async (_, message, code) => {
    const { beam, ended } = start();
    beam.send(...message);
    expect((await beam.take('error')).elements[1]).toBe(atom(code));
    expect((await ended).kind).toBe('malformed');
    expect(beam.closed).toBe(true);
  });

  test('a second hello is bad_order', async () => {
    const { beam } = start();
    await beam.hello();
    beam.send(atom('hello'), helloMap());
    expect((await beam.take('error')).elements[1]).toBe(atom('bad_order'));
  });

  test('unknown tags are ignored, also before hello', async () => {
    const { beam } = start();
    beam.send(atom('new_thing'), 1);
    await beam.hello();
    beam.send(atom('new_thing'), 1, 2, 3);
    beam.send(atom('ping'), 1);
    await beam.take('pong');
  });
});

describe('join', () => {
  test('ok, again ok for the same, already_joined for another', async () => {
    const { beam, meshes } = start();
    await beam.hello();
    expect(await beam.join(1)).toBe(atom('ok'));
    expect(await beam.join(2, { connect_timeout: 99 })).toBe(atom('ok'));
    const [error, [code]] = (await beam.join(3, { realm: binary('other') })) as unknown as [unknown, Tuple];
    expect([error, code]).toEqual([atom('error'), atom('already_joined')]);
    expect(meshes).toHaveLength(1);
  });

  test.each([
    ['relays', { relays: [] }],
    ['relays', { relays: [binary('ftp://x')] }],
    ['relays', { relays: [atom('x')] }],
    ['realm', { realm: binary('') }],
    ['realm', { realm: binary('x'.repeat(256)) }],
    ['identity', { identity: 5 }],
    ['tls_verify', { tls_verify: atom('maybe') }],
    ['connect_timeout', { connect_timeout: 0 }],
    ['persistent', { persistent: binary('true') }],
  ])('a wrong %s is bad_option', async (name, options) => {
    const { beam, meshes } = start();
    await beam.hello();
    const result = (await beam.join(1, options)) as Tuple;
    const [, [code, [option]]] = result as unknown as [unknown, [unknown, Tuple]];
    expect([code, option]).toEqual([atom('bad_option'), atom(name)]);
    expect(meshes).toHaveLength(0);
  });

  test('connect_timeout says what each relay did, and nothing of the mesh is left', async () => {
    const { beam, meshes } = start({ joinAtOnce: false });
    await beam.hello();
    const result = beam.join(1, { connect_timeout: 60 });
    await vi.waitFor(() => expect(meshes[0]?.started).toBe(true));
    meshes[0]!.errors.set('https://relay.example.org:4433', {
      code: 'refused',
      text: 'connection refused',
      isRefusal: false,
    });
    const [, [code, map]] = (await result) as unknown as [unknown, Tuple];
    expect(code).toBe(atom('connect_timeout'));
    expect(textOf(mapGet(map, 'text'))).toContain('connection refused');
    expect(textOf([...(mapGet(map, 'relays') as Iterable<[never, Uint8Array]>)][0]![1])).toBe(
      'connection refused',
    );
    expect(meshes[0]!.closedWith).toEqual(['shutdown']);
    const status = (await statusOf()) as never;
    expect(mapGet(status, 'joined')).toBe(atom('false'));
  });

  test('refused closes the mesh', async () => {
    const { beam, meshes } = start({ joinAtOnce: false });
    await beam.hello();
    const result = beam.join(1);
    await vi.waitFor(() => expect(meshes[0]?.started).toBe(true));
    meshes[0]!.rejectJoined(new Error('refused'));
    const [, [code]] = (await result) as unknown as [unknown, Tuple];
    expect(code).toBe(atom('refused'));
    expect(meshes[0]!.closedWith).toHaveLength(1);
  });

  test('a persistent join outlives the timeout of another waiter', async () => {
    const { beam, meshes } = start({ joinAtOnce: false });
    await beam.hello();
    beam.send(atom('join'), 1, joinMap({ persistent: atom('true'), connect_timeout: 20 }));
    const [, [code]] = (await beam.join(2, { connect_timeout: 50 })) as unknown as [unknown, Tuple];
    expect(code).toBe(atom('connect_timeout'));
    expect(meshes[0]!.closedWith).toEqual([]);
    meshes[0]!.resolveJoined();
    expect(await beam.reply(1)).toBe(atom('ok'));
  });

  test('names are advertised while listening, never undefined@', async () => {
    const { beam, meshes, directory } = start();
    await beam.hello();
    const { path, server } = await listenAsBeam(directory);
    const address = tuple(atom('local'), binary(path));
    beam.send(atom('listening'), atomMap({ node: binary('undefined@host'), address }));
    await beam.join(1);
    expect(meshes[0]!.request.names).toEqual([]);
    beam.send(atom('listening'), atomMap({ node: binary('a@host'), address }));
    await vi.waitFor(() => expect(meshes[0]!.names).toEqual(['a@host']));
    beam.send(atom('not_listening'));
    await vi.waitFor(() => expect(meshes[0]!.names).toEqual([]));
    server.close();
  });

  test('leave while joining answers both', async () => {
    const { beam, meshes } = start({ joinAtOnce: false });
    await beam.hello();
    beam.send(atom('join'), 1, joinMap({ persistent: atom('true') }));
    beam.send(atom('leave'), 2);
    expect(await beam.reply(2)).toBe(atom('ok'));
    expect(((await beam.reply(1)) as Tuple).elements[0]).toBe(atom('error'));
    await vi.waitFor(() => expect(meshes.every((mesh) => mesh.closedWith.length === 1)).toBe(true));
    beam.send(atom('leave'), 3);
    expect(await beam.reply(3)).toBe(atom('ok'));
  });

  test('an identity file that must not be used is bad_option identity', async () => {
    const { beam } = start({
      loadIdentity: () => {
        throw new IdentityStoreError('insecure', 'chmod 600 it');
      },
    });
    await beam.hello();
    const result = await beam.join(1);
    expect(result).toEqual(
      tuple(atom('error'), tuple(atom('bad_option'), tuple(atom('identity'), binary('chmod 600 it')))),
    );
  });

  test.each([
    [{ MACULA_CA_FILE: '/does/not/exist.pem' }, 'MACULA_CA_FILE', 'ENOENT'],
    [{ MACULA_TRANSPORT: 'TLS' }, 'MACULA_TRANSPORT', 'MACULA_TRANSPORT=TLS is not one of auto, tls'],
  ])('%j fails the join, also a persistent one', async (environment, variable, why) => {
    const { beam, meshes } = start({ environment });
    await beam.hello();
    for (const persistent of ['false', 'true']) {
      const result = (await beam.join(1, { persistent: atom(persistent) })) as Tuple;
      const [code, details] = (result.elements[1] as Tuple).elements;
      const [name, text] = (details as Tuple).elements;
      expect([code, name]).toEqual([atom('bad_option'), atom(variable)]);
      expect(Buffer.from(text as Uint8Array).toString()).toContain(why);
    }
    expect(meshes).toEqual([]);
  });
});

describe('a token file', () => {
  const tokenFile = (directory: string): string => {
    const path = join(directory, 'token');
    writeFileSync(path, 'a.b.c', { mode: 0o600 });
    return path;
  };

  test('that can not be used is bad_option token_file', async () => {
    const { beam, meshes } = start();
    await beam.hello();
    const result = (await beam.join(1, { token_file: binary('/does/not/exist') })) as Tuple;
    const [code, details] = (result.elements[1] as Tuple).elements;
    expect([code, (details as Tuple).elements[0]]).toEqual([atom('bad_option'), atom('token_file')]);
    expect(meshes).toEqual([]);
  });

  test('gives the token; it is said when a relay that is not pinned gets it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'macula-token-'));
    try {
      const { beam, meshes } = start();
      await beam.hello();
      const token_file = binary(tokenFile(directory));
      await beam.join(1, { token_file });
      expect(meshes[0]!.request.token?.()).toBe('a.b.c');
      const [, , level, map] = await beam.take('event');
      expect(level).toBe(atom('warning'));
      expect(textOf(mapGet(map as TermMap, 'text') as Uint8Array)).toContain('#id=');

      beam.send(atom('leave'), 2);
      await beam.reply(2);
      const relays = [binary(`https://relay.example.org:4433#id=${'A'.repeat(43)}`)];
      await beam.join(3, { token_file, relays });
      expect(meshes[1]!.request.token?.()).toBe('a.b.c');
      expect(beam.has('event')).toBe(false);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

test('a relay that refuses is not one that can not be reached; a name that is given after all is told', async () => {
  const { beam, meshes } = start();
  await beam.hello();
  await beam.join(1);
  const { onEvent } = meshes[0]!.request;
  const code = 'token_missing';
  onEvent({ kind: 'dial_failed', relay: 'https://r', code, text: 'no token', isRefusal: true });
  onEvent({ kind: 'dial_failed', relay: 'https://q', code: 'refused', text: 'nobody', isRefusal: false });
  onEvent({ kind: 'names_given', relay: 'https://r', names: ['a@host'] });
  const texts = [];
  for (let count = 0; count < 3; count++) {
    const [, , , map] = await beam.take('event');
    texts.push(textOf(mapGet(map, 'text')));
  }
  expect(texts).toEqual([
    'refused by https://r: no token',
    'cannot reach https://q: nobody',
    'https://r gave a@host to this node after all',
  ]);
});

test('session events', async () => {
  const { beam, meshes } = start();
  await beam.hello();
  await beam.join(1);
  const { onEvent } = meshes[0]!.request;
  onEvent({
    kind: 'dial_failed',
    relay: 'https://r',
    code: 'refused',
    text: 'nobody there',
    isRefusal: false,
  });
  onEvent({
    kind: 'dial_failed',
    relay: 'https://r',
    code: 'refused',
    text: 'nobody there',
    isRefusal: false,
  });
  onEvent({ kind: 'session_up', relay: 'https://r', relayId: 'x', transport: 'quic' });
  const former = 'https://former';
  onEvent({
    kind: 'session_renewed',
    relay: 'https://r',
    relayId: 'x',
    transport: 'quic',
    former,
    why: 'asked',
  });
  onEvent({ kind: 'standby_up', relay: 'https://r', relayId: 'x', transport: 'quic' });
  onEvent({ kind: 'standby_down', relay: 'https://r', code: 'shutdown', text: 'bye' });
  onEvent({ kind: 'session_down', relay: 'https://r', code: 'shutdown', text: 'bye' });
  onEvent({ kind: 'names_taken', relay: 'https://r', names: ['a@host'] });
  const seen = [];
  for (let count = 0; count < 7; count++) {
    const [, kind, , map] = await beam.take('event');
    expect(textOf(mapGet(map, 'relay'))).toBe('https://r');
    seen.push(textOf(kind));
  }
  expect(seen).toEqual([
    ...['dial_failed', 'session_up', 'session_renewed', 'standby_up', 'standby_down'],
    ...['session_down', 'names_taken'],
  ]);
  expect(beam.has('event')).toBe(false);
  beam.send(atom('leave'), 2);
  await beam.reply(2);
  onEvent({ kind: 'session_down', relay: 'https://r', code: 'shutdown', text: '' });
  const [, , level, map] = await beam.take('event');
  expect([level, textOf(mapGet(map, 'text'))]).toEqual([atom('info'), 'left https://r']);
});

async function statusOf() {
  harness.beam.send(atom('status'), 77);
  const [ok, map] = (await harness.beam.reply(77)) as Tuple;
  expect(ok).toBe(atom('ok'));
  return map;
}
