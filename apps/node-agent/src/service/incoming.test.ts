import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { atom, atomMap, binary, mapGet, type TermMap, textOf, tuple } from '@macula/dist-protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FakeMesh } from '../testing/fake-mesh.js';
import { type Harness, type HarnessOptions, listenAsBeam, startHarness } from '../testing/harness.js';

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

describe('incoming tunnels', () => {
  async function listening() {
    const { beam, meshes, directory } = start();
    await beam.hello();
    const listener = await listenAsBeam(directory);
    const address = tuple(atom('local'), binary(listener.path));
    beam.send(atom('listening'), atomMap({ node: binary('a@host'), address }));
    await beam.join(1);
    return { beam, listener, mesh: meshes[0]! };
  }

  async function accepted(mesh: FakeMesh) {
    const incoming = mesh.ask('b@host', 'a@host');
    const [, id, map] = await harness.beam.take('incoming');
    expect(textOf(mapGet(map, 'peer'))).toBe('b@host');
    const token = randomBytes(32);
    const answer = atomMap({ token, key: new Uint8Array(32).fill(5) });
    harness.beam.send(atom('accept'), id!, answer);
    await vi.waitFor(() => expect(incoming.tunnel).toBeDefined());
    return { tunnel: incoming.tunnel!, token };
  }

  test('asks, is given the key, dials the BEAM only once the peer is proven', async () => {
    const { listener, mesh, beam } = await listening();
    const { tunnel, token } = await accepted(mesh);
    expect(tunnel.key).toEqual(new Uint8Array(32).fill(5));
    const accepting = listener.accept();
    tunnel.tunnelId = randomBytes(32);
    tunnel.handlers!.onConfirmed!();
    const local = await accepting;
    expect(await local.frame()).toEqual(Buffer.concat([token, tunnel.tunnelId]));
    tunnel.socket!.write('hi');
    expect((await local.bytes(2)).toString()).toBe('hi');
    local.socket.destroy();
    await vi.waitFor(() => expect(tunnel.ended).toBe(true));
    expect(beam.has('tunnel_down')).toBe(false); // the BEAM knows
    listener.server.close();
  });

  test('refuse reaches the peer', async () => {
    const { mesh, beam } = await listening();
    const incoming = mesh.ask('b@host', 'a@host');
    const [, id] = await beam.take('incoming');
    beam.send(atom('refuse'), id!, atom('not_allowed'));
    await vi.waitFor(() => expect(incoming.refusedWith?.code).toBe('refused'));
    beam.send(atom('refuse'), id!, atom('again')); // ignored
  });

  test('an accepted peer with an unusable offer leaves nothing behind', async () => {
    const { mesh, beam } = await listening();
    const incoming = mesh.ask('b@host', 'a@host');
    incoming.unusable = true;
    const [, id] = await beam.take('incoming');
    beam.send(atom('accept'), id!, atomMap({ token: randomBytes(32), key: randomBytes(32) }));
    beam.send(atom('ping'), 1);
    await beam.take('pong');
  });

  test('detached and resumed reach the BEAM, with what is left of the window', async () => {
    const { listener, mesh, beam } = await listening();
    const { tunnel } = await accepted(mesh);
    const untilMs = performance.now() + 30_000;
    tunnel.handlers!.onDetached!({ reason: 'silent', untilMs }); // not up: nobody to tell
    const accepting = listener.accept();
    tunnel.tunnelId = randomBytes(32);
    tunnel.handlers!.onConfirmed!();
    await accepting;
    await vi.waitFor(() => expect(tunnel.socket).toBeDefined());
    tunnel.handlers!.onDetached!({ reason: 'path_lost', untilMs });
    tunnel.handlers!.onResumed!({ afterMs: 1200.6, reattachments: 2 });
    const [, id, detached] = await beam.take('tunnel_detached');
    expect(id).toEqual(Uint8Array.from(tunnel.tunnelId));
    expect(mapGet(detached as TermMap, 'reason')).toBe(atom('path_lost'));
    const windowMs = mapGet(detached as TermMap, 'window_ms') as number;
    expect(Number.isInteger(windowMs) && windowMs > 0 && windowMs <= 30_000).toBe(true);
    expect((await beam.take('tunnel_resumed')).elements.slice(1)).toEqual([
      Uint8Array.from(tunnel.tunnelId),
      atomMap({ after_ms: 1201, reattachments: 2 }),
    ]);
    listener.server.close();
  });

  test('not listening, or another name', async () => {
    const { mesh, beam } = await listening();
    expect(mesh.ask('b@host', 'c@host').refusedWith?.code).toBe('not_here');
    beam.send(atom('not_listening'));
    await vi.waitFor(() => expect(mesh.names).toEqual([]));
    expect(mesh.ask('b@host', 'a@host').refusedWith?.code).toBe('refused');
  });

  test('at most 256 wait for the BEAM', async () => {
    const { mesh } = await listening();
    const asked = Array.from({ length: 257 }, () => mesh.ask('b@host', 'a@host'));
    expect(asked[255]!.refusedWith).toBeUndefined();
    expect(asked[256]!.refusedWith?.code).toBe('busy');
  });

  test('a BEAM that can not be dialled ends the tunnel as refused', async () => {
    const { mesh, listener } = await listening();
    const { tunnel } = await accepted(mesh);
    listener.server.close();
    tunnel.tunnelId = randomBytes(32);
    tunnel.handlers!.onConfirmed!();
    await vi.waitFor(() => expect(tunnel.closes[0]?.reason).toBe('refused'));
  });

  test('a wrong cookie is an event with direction in', async () => {
    const { mesh, beam } = await listening();
    const { tunnel } = await accepted(mesh);
    tunnel.end({ reason: 'decrypt_failed', text: 'no', byPeer: false });
    const [, kind, , map] = await beam.take('event');
    expect(kind).toBe(atom('decrypt_failed'));
    expect(mapGet(map, 'direction')).toBe(atom('in'));
    expect(textOf(mapGet(map, 'text'))).toMatch(/decrypt_failed.* from b@host/);
  });

  test('when the BEAM dies every tunnel is ended and no file is left', async () => {
    const { mesh, listener, beam } = await listening();
    const { tunnel } = await accepted(mesh);
    const waiting = mesh.ask('c@host', 'a@host');
    const accepting = listener.accept();
    tunnel.tunnelId = randomBytes(32);
    tunnel.handlers!.onConfirmed!();
    const local = await accepting;
    // as after a kill, nobody listens
    listener.server.close();
    const begun = performance.now();
    beam.die();
    expect((await harness.ended).kind).toBe('eof');
    expect(performance.now() - begun).toBeLessThan(1200);
    expect(mesh.closedWith).toEqual(['beam_closed']);
    expect(waiting.refusedWith?.code).toBe('agent_stopped');
    await local.closed();
    expect(existsSync(listener.path)).toBe(false);
    expect(readdirSync(harness.directory)).toEqual([]);
  });

  test('a BEAM that lives on keeps its socket when its channel is restarted', async () => {
    const { listener, beam } = await listening();
    beam.die();
    await harness.ended;
    expect(existsSync(listener.path)).toBe(true);
    listener.server.close();
  });
});
