import { randomBytes } from 'node:crypto';
import { Mesh } from '@macula/client';
import { identityFromSeed } from '@macula/crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RunningRelay } from '../relay.js';
import { relayUrl } from '../testing/test-agent.js';
import { TestBed } from '../testing/test-bed.js';
import { until } from '../testing/until.js';

let bed: TestBed;
let relays: RunningRelay[];
const meshes: Mesh[] = [];
beforeEach(async () => {
  bed = new TestBed();
  relays = [await bed.relay(1), await bed.relay(2, { peers: ['https://relay:1'] })];
  await until(() => relays.every((relay) => relay.status().peers[0]?.state === 'connected'), 'the peering');
});
afterEach(async () => {
  await Promise.all(meshes.splice(0).map((mesh) => mesh.close('shutdown')));
  await bed.close();
});

/** A client that has joined, with a second session where it knows two relays; and what it tells of others. */
async function join(name: string, ports: readonly number[]): Promise<{ mesh: Mesh; told: string[] }> {
  const told: string[] = [];
  const mesh = new Mesh({
    transport: bed.transport(name),
    relays: ports.map(relayUrl),
    realm: 'io.macula',
    label: name,
    tlsVerify: 'none',
    identity: identityFromSeed(randomBytes(32)),
    bootId: randomBytes(16),
    names: [name],
    netTicktime: 60,
    onEvent: (event) => {
      if (event.kind === 'node_joined') told.push(`+${event.name}`);
      if (event.kind === 'node_left') told.push(`-${event.name}`);
    },
    onIncoming: (incoming) => incoming.refuse('refused', ''),
  });
  meshes.push(mesh);
  mesh.start();
  await mesh.joined();
  await until(
    () => mesh.status().relays.every(({ state }) => state === 'connected' || state === 'standby'),
    'all sessions',
  );
  return { mesh, told };
}

it('clients at two relays know each other, also when one relay stops and they move, without a word about that', async () => {
  const a = await join('a@x', [1, 2]);
  const b = await join('b@x', [1, 2]);
  const c = await join('c@x', [2]);
  for (const { mesh } of [a, b, c]) mesh.watch();
  await until(() => a.told.length === 2 && b.told.length === 2 && c.told.length === 2, 'the lists');
  await relays[0]!.close();
  await until(() => [a, b].every(({ mesh }) => mesh.status().relays[1]?.state === 'connected'), 'the move');
  const d = await join('d@x', [2]);
  await until(() => [a, b, c].every(({ told }) => told.includes('+d@x')), 'a name that joins');
  await d.mesh.close('shutdown');
  await until(() => [a, b, c].every(({ told }) => told.includes('-d@x')), 'that it has left');
  expect(a.mesh.nodes()).toEqual(['b@x', 'c@x']);
  expect([a, b, c].map(({ told }) => [...told.slice(0, 2).sort(), ...told.slice(2)])).toEqual([
    ['+b@x', '+c@x', '+d@x', '-d@x'],
    ['+a@x', '+c@x', '+d@x', '-d@x'],
    ['+a@x', '+b@x', '+d@x', '-d@x'],
  ]);
});
