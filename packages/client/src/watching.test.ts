import type { Presence } from '@macula/wire';
import { watchMinor } from '@macula/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Fixture, type Node } from '../test/fixture.js';
import type { TestRelay, TestSession } from '../test/test-relay.js';

let fixture: Fixture;
let relays: [TestRelay, TestRelay];
let a: Node;
beforeEach(async () => {
  fixture = new Fixture();
  relays = [await fixture.relay('relay1'), await fixture.relay('relay2')];
  const urls = relays.map(({ url }) => url);
  a = fixture.mesh('a@x', { relays: urls, more: { standbySessions: 1 } });
});
afterEach(() => fixture.close());

function sessionAt(relay: TestRelay): TestSession {
  return [...relay.sessions][0]!;
}

function watches(session: TestSession): boolean[] {
  return session.messages.flatMap((message) => (message.kind === 'watch' ? [message.on] : []));
}

function presence(more: Partial<Presence>): Presence {
  return { kind: 'presence', whole: false, more: false, joined: [], left: [], ...more };
}

/** Sessions at both relays, and the primary one watches. */
async function joined(): Promise<[TestSession, TestSession]> {
  a.mesh.watch();
  a.mesh.start();
  await vi.waitFor(
    () => expect(a.mesh.status().relays.map(({ state }) => state)).toEqual(['connected', 'standby']),
    {
      timeout: 5000,
    },
  );
  const sessions: [TestSession, TestSession] = [sessionAt(relays[0]), sessionAt(relays[1])];
  await vi.waitFor(() => expect(watches(sessions[0])).toEqual([true]));
  return sessions;
}

function told(): string[] {
  return a.events.flatMap((event) => {
    if (event.kind === 'node_joined') return [`+${event.name}`];
    return event.kind === 'node_left' ? [`-${event.name}`] : [];
  });
}

describe('a mesh that watches', () => {
  it('asks at its primary session alone, and tells who is there', async () => {
    const [primary, standby] = await joined();
    expect(a.mesh.nodes()).toBeUndefined();
    primary.send(presence({ whole: true, joined: ['c@x', 'a@x', 'b@x'] }));
    await vi.waitFor(() => expect(a.mesh.nodes()).toEqual(['b@x', 'c@x']));
    primary.send(presence({ joined: ['d@x'], left: ['b@x'] }));
    await vi.waitFor(() => expect(told()).toEqual(['+c@x', '+b@x', '-b@x', '+d@x']));
    expect(watches(standby)).toEqual([]);
  });

  it('asks anew at the session that takes the place, and tells only what differs', async () => {
    const [primary, standby] = await joined();
    primary.send(presence({ whole: true, joined: ['b@x', 'c@x'] }));
    await vi.waitFor(() => expect(a.mesh.nodes()).toEqual(['b@x', 'c@x']));
    await relays[0].close();
    await vi.waitFor(() => expect(watches(standby)).toEqual([true]));
    expect(a.mesh.nodes()).toEqual(['b@x', 'c@x']);
    standby.send(
      presence({ whole: true, more: true, joined: ['d@x', 'c@x'] }),
      presence({ joined: ['b@x'] }),
    );
    await vi.waitFor(() => expect(a.mesh.nodes()).toEqual(['b@x', 'c@x', 'd@x']));
    expect(told()).toEqual(['+b@x', '+c@x', '+d@x']);
  });

  it('hears no more of a session whose place another one has taken', async () => {
    const [primary, standby] = await joined();
    primary.send(presence({ whole: true, joined: ['b@x'] }), { kind: 'draining' });
    await vi.waitFor(() => expect(watches(standby)).toEqual([true]));
    await vi.waitFor(() => expect(watches(primary)).toEqual([true, false]));
    primary.send(presence({ joined: ['late@x'] }));
    standby.send(presence({ whole: true, joined: ['b@x', 'c@x'] }));
    await vi.waitFor(() => expect(told()).toEqual(['+b@x', '+c@x']));
  });

  it('ends it when that is wanted, and forgets', async () => {
    const [primary] = await joined();
    primary.send(presence({ whole: true, joined: ['b@x'] }));
    await vi.waitFor(() => expect(a.mesh.nodes()).toEqual(['b@x']));
    a.mesh.watch(false);
    await vi.waitFor(() => expect(watches(primary)).toEqual([true, false]));
    expect(a.mesh.nodes()).toBeUndefined();
    primary.send(presence({ joined: ['c@x'] }), { kind: 'ping', number: 99 });
    await vi.waitFor(() => expect(primary.messages.at(-1)).toEqual({ kind: 'pong', number: 99 }));
    expect(told()).toEqual(['+b@x']);
  });
});

it('a relay that is too old is not asked, and nodes are unknown', async () => {
  relays[0].minor = watchMinor - 1;
  const old = fixture.mesh('b@x', { relays: [relays[0].url] });
  old.mesh.watch();
  old.mesh.start();
  await old.mesh.joined();
  await old.mesh.setNames(['c@x']);
  expect(watches(sessionAt(relays[0]))).toEqual([]);
  expect(old.mesh.nodes()).toBeUndefined();
});

it('a relay that says who is there without being asked is not believed', async () => {
  a.mesh.start();
  await a.mesh.joined();
  const session = await vi.waitFor(() => sessionAt(relays[0]));
  session.send(presence({ whole: true, joined: ['b@x'] }), { kind: 'ping', number: 99 });
  await vi.waitFor(() => expect(session.messages.at(-1)).toEqual({ kind: 'pong', number: 99 }));
  expect(a.mesh.nodes()).toBeUndefined();
  expect(told()).toEqual([]);
});
