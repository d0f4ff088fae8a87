import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  atom,
  atomMap,
  binary,
  decodeTerm,
  mapGet,
  type TermMap,
  type Tuple,
  textOf,
} from '@macula/dist-protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BeamSocket } from '../testing/fake-beam.js';
import { type Harness, type HarnessOptions, startHarness } from '../testing/harness.js';

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

function connectMessage(token: Uint8Array, changes: Record<string, Uint8Array> = {}) {
  const map = atomMap({
    node: binary('b@host'),
    self: binary('a@host'),
    token,
    key: new Uint8Array(32).fill(7),
    ...changes,
  });
  return [atom('connect'), 1, map] as const;
}

/** Greets, joins and dials one outgoing tunnel that is still negotiating. */
async function negotiating(options?: HarnessOptions) {
  const { beam, meshes } = start(options);
  const address = await beam.hello();
  expect(await beam.join(1)).toBe(atom('ok'));
  const token = randomBytes(32);
  beam.send(...connectMessage(token));
  const local = await BeamSocket.dial(address, token);
  expect((await local.frame())?.toString()).toBe('p');
  const [tunnel] = meshes[0]!.tunnels;
  return { beam, mesh: meshes[0]!, address, local, tunnel: tunnel! };
}

describe('outgoing tunnels', () => {
  test('p, then o with the id, then bytes both ways', async () => {
    const { beam, local, tunnel } = await negotiating();
    expect(tunnel.key).toEqual(new Uint8Array(32).fill(7));
    tunnel.tunnelId = randomBytes(32);
    tunnel.handlers!.onUp!();
    const { body } = await local.answer();
    expect(body!.toString('latin1', 0, 1)).toBe('o');
    expect(body!.subarray(1)).toEqual(tunnel.tunnelId);
    local.socket.write('from the beam');
    await vi.waitFor(() => expect(tunnel.received.toString()).toBe('from the beam'));
    tunnel.socket!.write('to the beam');
    expect((await local.bytes(11)).toString()).toBe('to the beam');
    const [metrics] = mapGet(await statusOf(), 'tunnels') as never[];
    expect(mapGet(metrics, 'bytes_out')).toBe(13);
    expect(mapGet(metrics, 'id')).toEqual(Uint8Array.from(tunnel.tunnelId!));
    tunnel.end({ reason: 'window_over', text: 'too long', byPeer: false });
    const down = await beam.take('tunnel_down');
    expect(down.elements.slice(2)).toEqual([atom('window_over'), binary('too long')]);
    await local.closed();
  });

  test('status tells of each tunnel where its path begins, how it fares and what waits', async () => {
    const { beam, local, tunnel } = await negotiating();
    tunnel.tunnelId = randomBytes(32);
    tunnel.handlers!.onUp!();
    await local.answer();
    const facts = async () => {
      const [map] = mapGet(await statusOf(), 'tunnels') as TermMap[];
      const names = ['state', 'relay', 'transport', 'rtt_ms', 'reattachments', 'detached_ms'];
      const waiting = ['bytes_waiting_out', 'bytes_waiting_in'];
      return [...names, ...waiting].map((name) => mapGet(map!, name));
    };
    const [relay, transport] = [binary('https://relay.example.org:4433'), binary('fake')];
    expect(await facts()).toEqual([atom('open'), relay, transport, 4, 0, atom('undefined'), 5, 6]);
    tunnel.path = undefined;
    tunnel.more = {
      state: 'detached',
      srttMs: undefined,
      reattachments: 3,
      detachedSinceMs: performance.now() - 1000,
    };
    const [state, ...rest] = await facts();
    const none = atom('undefined');
    expect([state, ...rest.slice(0, 4)]).toEqual([atom('detached'), none, none, none, 3]);
    expect(rest[4]).toBeGreaterThanOrEqual(1000);
    expect(beam.has('tunnel_down')).toBe(false);
  });

  test('a tunnel asked for while the join is just beginning waits for it', async () => {
    const { beam, meshes } = start();
    const address = await beam.hello();
    const token = randomBytes(32);
    beam.send(...connectMessage(token));
    const dialling = BeamSocket.dial(address, token);
    const joining = beam.join(1);
    const local = await dialling;
    expect((await local.frame())?.toString()).toBe('p');
    expect(meshes[0]!.tunnels).toHaveLength(1);
    expect(await joining).toBe(atom('ok'));
  });

  test('the socket may come before its connect', async () => {
    const { beam, meshes } = start();
    const address = await beam.hello();
    await beam.join(1);
    const token = randomBytes(32);
    const local = await BeamSocket.dial(address, token);
    await sleep(30);
    beam.send(...connectMessage(token));
    expect((await local.frame())?.toString()).toBe('p');
    expect(meshes[0]!.tunnels).toHaveLength(1);
  });

  test('p comes at least every 2 s while nothing else happens, until DIST_TIMEOUT', async () => {
    const { local, tunnel } = await negotiating({ negotiationMs: 3500 });
    const { body, progress } = await local.answer();
    expect(progress).toBe(2);
    expect(errorOf(body)).toMatchObject({ reason: 'timeout' });
    expect(tunnel.closes[0]!.reason).toBe('timeout');
    await local.closed();
  });

  test('a failure is an e frame with cause and remedy, and the end', async () => {
    const { beam, local, tunnel } = await negotiating();
    tunnel.end({ reason: 'decrypt_failed', text: '', byPeer: true });
    const { reason, text } = errorOf((await local.answer()).body);
    expect(reason).toBe('decrypt_failed');
    expect(text).toContain('same cookie');
    expect(text).toContain('erlang:get_cookie()');
    await local.closed();
    const [, kind, level, map] = await beam.take('event');
    expect([kind, level]).toEqual([atom('decrypt_failed'), atom('warning')]);
    expect(textOf(mapGet(map, 'peer'))).toBe('b@host');
    expect(textOf(mapGet(map, 'text'))).toMatch(/decrypt_failed.* to b@host/);
    expect(mapGet(map, 'direction')).toBe(atom('out'));
  });

  test('not_joined and bad_name', async () => {
    const { beam } = start();
    const address = await beam.hello();
    const tokens = [randomBytes(32), randomBytes(32)] as const;
    beam.send(...connectMessage(tokens[0]));
    const first = await BeamSocket.dial(address, tokens[0]);
    expect(errorOf((await first.answer()).body).reason).toBe('not_joined');
    beam.send(...connectMessage(tokens[1], { node: binary('nohost') }));
    const second = await BeamSocket.dial(address, tokens[1]);
    expect(errorOf((await second.answer()).body).reason).toBe('bad_name');
  });

  test('a token works once', async () => {
    const { address, beam, local, mesh } = await negotiating();
    const token = randomBytes(32);
    beam.send(...connectMessage(token));
    const used = await BeamSocket.dial(address, token);
    await used.frame();
    const again = await BeamSocket.dial(address, token);
    await sleep(100);
    expect(mesh.tunnels).toHaveLength(2);
    expect(again.ended).toBe(false); // it waits for a connect of its own
    local.socket.destroy();
    again.socket.destroy();
  });

  test('a token of a wrong size, bytes behind it, and a flood of silent sockets are cut off', async () => {
    const { beam } = start();
    const address = await beam.hello();
    await (await BeamSocket.dial(address, randomBytes(31))).closed();
    await (await BeamSocket.dial(address, randomBytes(33))).closed();
    const chatty = await BeamSocket.dial(address, randomBytes(32));
    chatty.socket.write('x');
    await chatty.closed();
    const silent = await Promise.all(Array.from({ length: 64 }, () => BeamSocket.dial(address)));
    const tooMany = await BeamSocket.dial(address);
    await tooMany.closed();
    silent[0]!.socket.destroy();
    await vi.waitFor(async () => {
      const next = await BeamSocket.dial(address);
      await sleep(20);
      expect(next.ended).toBe(false);
    });
  });

  test('a token in two connects is bad_order', async () => {
    const { beam, ended } = start();
    await beam.hello();
    const token = randomBytes(32);
    beam.send(...connectMessage(token));
    beam.send(...connectMessage(token));
    expect((await beam.take('error')).elements[1]).toBe(atom('bad_order'));
    await ended;
  });

  test('the BEAM closes during negotiation: the tunnel is closed', async () => {
    const { local, tunnel, beam } = await negotiating();
    local.socket.destroy();
    await vi.waitFor(() => expect(tunnel.closes[0]?.reason).toBe('beam_closed'));
    tunnel.tunnelId = randomBytes(32);
    tunnel.handlers!.onUp!(); // too late
    expect(tunnel.socket).toBeUndefined();
    expect(beam.has('tunnel_down')).toBe(false);
  });

  test('closed ends a tunnel that is not reading', async () => {
    const { beam, tunnel } = await negotiating();
    tunnel.tunnelId = randomBytes(32);
    tunnel.handlers!.onUp!();
    tunnel.socket!.pause();
    beam.send(atom('closed'), tunnel.tunnelId);
    await vi.waitFor(() => expect(tunnel.closes[0]?.reason).toBe('beam_closed'), { timeout: 3000 });
    beam.send(atom('ping'), 1);
    await beam.take('pong');
    expect(beam.has('tunnel_down')).toBe(false);
  });

  test('leave ends tunnels and says so first', async () => {
    const { beam, local, tunnel, mesh } = await negotiating();
    tunnel.tunnelId = randomBytes(32);
    tunnel.handlers!.onUp!();
    await local.answer();
    beam.send(atom('leave'), 9);
    const down = await beam.take('tunnel_down');
    expect(down.elements.slice(2)).toEqual([atom('left'), binary('this node left the mesh')]);
    expect(await beam.reply(9)).toBe(atom('ok'));
    await local.closed();
    expect(mesh.closedWith).toEqual(['shutdown']);
  });
});

async function statusOf() {
  harness.beam.send(atom('status'), 77);
  const [ok, map] = (await harness.beam.reply(77)) as Tuple;
  expect(ok).toBe(atom('ok'));
  return map;
}

function errorOf(body: Buffer | undefined): { reason: string; text: string } {
  expect(body?.toString('latin1', 0, 1)).toBe('e');
  const [reason, text] = decodeTerm(body!.subarray(1)) as Tuple;
  return { reason: textOf(reason)!, text: textOf(text)! };
}
