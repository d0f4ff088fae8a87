import { deriveTunnelKey, identityId } from '@macula/crypto';
import type { Open } from '@macula/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fixture, type Node, type Watched, watch } from '../test/fixture.js';
import type { TestRelay } from '../test/test-relay.js';
import type { IncomingTunnel } from './incoming-tunnel.js';
import type { MeshTunnel } from './mesh-tunnel.js';

const key = deriveTunnelKey(Buffer.from('cookie'));
const otherKey = deriveTunnelKey(Buffer.from('other cookie'));

let fixture: Fixture;
let relay: TestRelay;
let opens: Open[];
beforeEach(async () => {
  fixture = new Fixture();
  relay = await fixture.relay();
  opens = [];
  relay.onOpen = (open) => {
    opens.push(open);
    return true;
  };
});
afterEach(async () => {
  await fixture.close();
});

async function joined(name: string, onIncoming: (request: IncomingTunnel) => void): Promise<Node> {
  const node = fixture.mesh(name, { relays: [relay.url] });
  node.onIncoming = onIncoming;
  node.mesh.start();
  await node.mesh.joined();
  return node;
}

/** Answers with this key; what became of it. */
function answering(tunnelKey: Uint8Array): { tunnels: Watched[]; onIncoming(request: IncomingTunnel): void } {
  const tunnels: Watched[] = [];
  return {
    tunnels,
    onIncoming: (request) => {
      const tunnel = request.accept({ key: tunnelKey });
      if (tunnel === undefined) return;
      const watched = watch(tunnel);
      tunnels.push(watched);
      void watched.ready.then(async () => tunnel.attachLocal((await fixture.socketPair()).agent));
    },
  };
}

function connect(a: Node): Watched {
  return watch(a.mesh.connect({ from: 'a@x', to: 'b@x', key }));
}

describe('squatters', () => {
  const ways: [string, (request: IncomingTunnel) => void][] = [
    ['have another cookie', (request) => void watch(request.accept({ key: otherKey })!)],
    ['refuse', (request) => request.refuse('refused', 'no')],
    ['say that the cookie is wrong', (request) => request.refuse('decrypt_failed', '')],
    ['are silent until their relay gives up', (request) => request.refuse('timeout', '')],
    ['say that they are somebody else', (request) => request.refuse('not_here', '')],
    ['say that there were too many failures', (request) => request.refuse('too_many_failures', '')],
  ];
  it.each(ways)('that %s are passed over, three of them', async (_what, onIncoming) => {
    const squatters = [];
    for (let count = 0; count < 3; count++) squatters.push(await joined('b@x', onIncoming));
    const real = answering(key);
    await joined('b@x', real.onIncoming);
    const a = await joined('a@x', () => undefined);
    const out = connect(a);
    const outcome = await Promise.race([out.ready.then(() => 'up'), out.ended]);
    expect(outcome).toBe('up');
    expect(squatters.map(({ incoming }) => incoming.length)).toEqual([1, 1, 1]);
    expect(real.tunnels).toHaveLength(1);
    expect(opens.map(({ exclude }) => exclude.length)).toEqual([0, 1, 2, 3]);
    // Relays can't link the attempts, and no answer fits two of them.
    for (const of of [(open: Open) => open.pathId, (open: Open) => open.offer])
      expect(new Set(opens.map((open) => Buffer.from(of(open)).toString('hex'))).size).toBe(4);
    expect(out.warnings).toEqual(['passed_over']);
    expect(a.mesh.status().tunnels).toBe(1);
    // What ends it later has its own reason.
    real.tunnels[0]!.tunnel.close('shutdown', '');
    expect(await out.ended).toMatchObject({ reason: 'shutdown', byPeer: true });
  });

  it('get one guess each, four in all', async () => {
    const squatters = Array.from({ length: 5 }, () => answering(otherKey));
    for (const { onIncoming } of squatters) await joined('b@x', onIncoming);
    const a = await joined('a@x', () => undefined);
    expect(await connect(a).ended).toMatchObject({ reason: 'decrypt_failed', byPeer: false });
    expect(squatters.map(({ tunnels }) => tunnels.length)).toEqual([1, 1, 1, 1, 0]);
    for (const { tunnels } of squatters.slice(0, 4))
      expect(await tunnels[0]!.ended).toMatchObject({ reason: 'decrypt_failed' });
    expect(a.mesh.status().tunnels).toBe(0);
  });
});

describe('a node that is there alone', () => {
  it('with another cookie is asked once, and its reason is told after one more OPEN', async () => {
    const wrong = answering(otherKey);
    await joined('b@x', wrong.onIncoming);
    const a = await joined('a@x', () => undefined);
    expect(await connect(a).ended).toMatchObject({ reason: 'decrypt_failed' });
    expect(wrong.tunnels).toHaveLength(1);
    expect(opens.map(({ exclude }) => exclude.length)).toEqual([0, 1]);
  });

  it('that refuses says so in its own words', async () => {
    const b = await joined('b@x', (request) => request.refuse('refused', 'not today'));
    const a = await joined('a@x', () => undefined);
    expect(await connect(a).ended).toMatchObject({ reason: 'refused', text: 'not today' });
    expect(b.incoming).toHaveLength(1);
  });

  it.each([
    ['ends the tunnel', true, (tunnel: MeshTunnel) => tunnel.close('refused', 'dying')],
    ['breaks its path', false, (tunnel: MeshTunnel) => tunnel.fail('refused', '')],
  ])('that proves the cookie and then %s is not passed over', async (_what, byPeer, end) => {
    await joined('b@x', (request) => {
      const tunnel = request.accept({ key })!;
      void watch(tunnel).ready.then(() => end(tunnel));
    });
    const second = answering(key);
    await joined('b@x', second.onIncoming);
    const a = await joined('a@x', () => undefined);
    expect(await connect(a).ended).toMatchObject({ reason: 'refused', byPeer });
    expect(second.tunnels).toHaveLength(0);
    expect(opens).toHaveLength(1);
  });

  it('is not sought on for a caller that gave up, which hears its own reason', async () => {
    const wrong = answering(otherKey);
    await joined('b@x', wrong.onIncoming);
    const a = await joined('a@x', () => undefined);
    let giveUp = (): void => undefined;
    relay.onOpen = (open) => {
      opens.push(open);
      if (opens.length === 2) queueMicrotask(giveUp);
      return opens.length < 2;
    };
    const out = connect(a);
    giveUp = () => out.tunnel.close('beam_closed', '');
    expect(await out.ended).toMatchObject({ reason: 'beam_closed', byPeer: false });
    expect([opens.length, a.mesh.status().tunnels]).toEqual([2, 0]);
  });
});

describe('guessing', () => {
  it('is slowed down at the guessed node, which says so once; others connect, and other names', async () => {
    const b = answering(key);
    const node = await joined('b@x', b.onIncoming);
    const guesser = await joined('a@x', () => undefined);
    const guess = (from: string) =>
      watch(guesser.mesh.connect({ from, to: 'b@x', key: otherKey })).ended.then(({ reason }) => reason);
    const reasons = [];
    for (let tries = 0; tries < 8; tries++) reasons.push(await guess('a@x'));
    expect(reasons).toEqual([...Array(5).fill('decrypt_failed'), ...Array(3).fill('too_many_failures')]);
    expect(b.tunnels).toHaveLength(5);
    const source = [...relay.sessions].find(({ names }) => names.has('a@x'))!.identity!;
    expect(node.events.filter(({ kind }) => kind === 'too_many_failures')).toEqual([
      { kind: 'too_many_failures', peer: 'a@x', source: identityId(source) },
    ]);
    const right = await joined('c@x', () => undefined);
    await watch(right.mesh.connect({ from: 'c@x', to: 'b@x', key })).ready;
    expect(await guess('a@x')).toBe('too_many_failures');
    expect(await guess('other@x')).toBe('decrypt_failed');
  });

  it('does not include what the guessed node refuses by itself, nor what succeeds', async () => {
    const b = await joined('b@x', (request) => request.refuse('refused', ''));
    const a = await joined('a@x', () => undefined);
    for (let tries = 0; tries < 8; tries++)
      expect(await connect(a).ended).toMatchObject({ reason: 'refused' });
    b.onIncoming = answering(key).onIncoming;
    for (let tries = 0; tries < 8; tries++) {
      const out = connect(a);
      await out.ready;
      out.tunnel.close('shutdown', '');
      await out.ended;
    }
  });
});
