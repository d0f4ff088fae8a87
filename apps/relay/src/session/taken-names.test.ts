import { randomBytes } from 'node:crypto';
import { Mesh, type MeshEvent } from '@macula/client';
import { identityFromSeed } from '@macula/crypto';
import { parseRelayUrl } from '@macula/transport';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestBed } from '../testing/test-bed.js';

let bed: TestBed;
const meshes: Mesh[] = [];
beforeEach(async () => {
  bed = new TestBed();
  await bed.relay(1);
});
afterEach(async () => {
  await Promise.all(meshes.map((mesh) => mesh.close('shutdown')));
  await bed.close();
});

async function join(host: string, names: readonly string[], events: MeshEvent[] = []): Promise<Mesh> {
  const mesh = new Mesh({
    transport: bed.transport(host),
    relays: [parseRelayUrl('quic://relay:1')],
    realm: 'io.macula',
    label: host,
    tlsVerify: 'none',
    identity: identityFromSeed(randomBytes(32)),
    bootId: randomBytes(16),
    names,
    netTicktime: 60,
    onEvent: (event) => events.push(event),
    onIncoming: () => undefined,
  });
  meshes.push(mesh);
  mesh.start();
  await mesh.joined();
  return mesh;
}

it('a host that takes the place of another one gets its name once that one has gone', async () => {
  const events: MeshEvent[] = [];
  const former = await join('former', ['a@x']);
  const next = await join('next', [], events);
  await next.setNames(['a@x']);
  expect(events.at(-1)).toMatchObject({ kind: 'names_taken', names: ['a@x'] });
  await former.close('shutdown');
  await expect
    .poll(() => events.at(-1), { timeout: 12_000 })
    .toMatchObject({ kind: 'names_given', names: ['a@x'] });
});
