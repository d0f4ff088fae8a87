import { deriveTunnelKey } from '@macula/crypto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Fixture, watch } from '../test/fixture.js';

const key = deriveTunnelKey(Buffer.from('cookie'));
const relays = ['quic://relay:4433'];

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture();
});
afterEach(async () => {
  await fixture.close();
});

it('says at both ends of a tunnel where its path begins', async () => {
  await fixture.relay();
  const [a, b] = [fixture.mesh('a@x', { relays }), fixture.mesh('b@x', { relays })];
  for (const { mesh } of [a, b]) mesh.start();
  await Promise.all([a.mesh.joined(), b.mesh.joined()]);
  const paths: unknown[] = [];
  b.onIncoming = (request) => paths.push(request.accept({ key })!.path);
  paths.push(a.mesh.connect({ from: 'a@x', to: 'b@x', key }).path);
  await vi.waitFor(() => expect(paths).toHaveLength(2));
  const transport = a.mesh.status().relays[0]!.transport;
  expect(paths).toEqual([
    { relay: relays[0], transport },
    { relay: relays[0], transport },
  ]);
});

it('has no path before there is a session', () => {
  const { mesh } = fixture.mesh('a@x', { relays });
  expect(mesh.connect({ from: 'a@x', to: 'b@x', key }).path).toBeUndefined();
});

it('gives up a tunnel after the time that is set', async () => {
  await fixture.relay();
  const more = { tunnelLimits: { establishTimeoutMs: 200 } };
  const [a, b] = [fixture.mesh('a@x', { relays, more }), fixture.mesh('b@x', { relays })];
  for (const { mesh } of [a, b]) mesh.start();
  await Promise.all([a.mesh.joined(), b.mesh.joined()]);
  // b never answers.
  const tunnel = watch(a.mesh.connect({ from: 'a@x', to: 'b@x', key }));
  expect(await tunnel.ended).toMatchObject({ reason: 'timeout', byPeer: false });
});

it('hands the other bounds to the tunnel, which checks them', () => {
  const connect = (tunnelLimits: object) =>
    fixture.mesh('a@x', { relays, more: { tunnelLimits } }).mesh.connect({ from: 'a@x', to: 'b@x', key });
  expect(() => connect({ unsentBytesMax: 0 })).toThrow('unsentBytesMax');
  expect(() => connect({ unsentBytesMax: 65_536 })).not.toThrow();
});

it('pauses for at most the interval that is set between rounds of dialling', async () => {
  // With the default the tenth attempt comes after 12 s.
  const node = fixture.mesh('a@x', { relays, more: { reconnectIntervalMs: 100 } });
  node.mesh.start();
  await vi.waitFor(
    () => expect(node.events.filter(({ kind }) => kind === 'dial_failed').length).toBeGreaterThan(9),
    { timeout: 4500 },
  );
});
