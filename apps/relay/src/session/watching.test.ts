import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { controlBurst, controlCostOfWatch } from '../limits.js';
import type { RunningRelay } from '../relay.js';
import type { TestAgent } from '../testing/test-agent.js';
import { TestBed } from '../testing/test-bed.js';
import { until } from '../testing/until.js';

let bed: TestBed;
let relays: RunningRelay[];
beforeEach(async () => {
  bed = new TestBed();
  relays = [await bed.relay(1), await bed.relay(2, { peers: ['https://relay:1'] })];
  await until(() => relays.every((relay) => relay.status().peers[0]?.state === 'connected'), 'the peering');
});
afterEach(() => bed.close());

/** What an agent was told, `+name` and `-name`. */
function told({ messages }: TestAgent): string[] {
  return messages.flatMap((message) =>
    message.kind === 'presence'
      ? [...message.joined.map((name) => `+${name}`), ...message.left.map((name) => `-${name}`)]
      : [],
  );
}

describe('an agent that says WATCH', () => {
  it('is told of all names of its realm, then of who comes and goes, at whatever relay', async () => {
    const watching = await bed.agent(1, { names: ['a@x'] });
    await bed.agent(2, { names: ['b@x'] });
    await until(() => relays[0]!.status().realms[0]?.names === 2, 'both names');
    watching.send({ kind: 'watch', on: true });
    const list = await until(() => watching.message('presence'), 'the list');
    expect(list).toMatchObject({ whole: true, more: false, left: [] });
    expect([...list.joined].sort()).toEqual(['a@x', 'b@x']);
    const late = await bed.agent(2, { names: ['c@x'] });
    await until(() => told(watching).includes('+c@x'), 'the name that joins');
    expect(relays[0]!.status().realms).toEqual([{ realm: 'io.macula', names: 3, watchers: 1 }]);
    late.send({ kind: 'goodbye', code: 'ok', text: '' });
    await until(() => told(watching).includes('-c@x'), 'the name that leaves');
    expect(told(watching)).toHaveLength(4);
  });

  it('is told no more after it said so', async () => {
    const [tired, keen] = [await bed.agent(1, { names: ['a@x'] }), await bed.agent(1, { names: ['b@x'] })];
    for (const agent of [tired, keen]) agent.send({ kind: 'watch', on: true });
    await until(() => tired.message('presence') && keen.message('presence'), 'the lists');
    tired.send({ kind: 'watch', on: false });
    tired.send({ kind: 'ping', number: 1 });
    await until(() => tired.message('pong'), 'that it was read');
    await bed.agent(1, { names: ['c@x'] });
    await until(() => told(keen).includes('+c@x'), 'the name that joins');
    expect(told(tired)).not.toContain('+c@x');
  });

  it('too often is out: each costs a list', async () => {
    const greedy = await bed.agent(1, { names: ['a@x'] });
    for (let n = 0; n <= controlBurst / controlCostOfWatch; n++) greedy.send({ kind: 'watch', on: true });
    await greedy.gone();
    expect(greedy.message('goodbye')).toMatchObject({ code: 'rate_limited' });
  });
});

describe('what is not allowed ends the session', () => {
  it('WATCH of a relay', async () => {
    const peer = await bed.agent(1, { role: 'relay' });
    peer.send({ kind: 'watch', on: true });
    await peer.gone();
    expect(peer.message('goodbye')).toMatchObject({ code: 'protocol_error' });
    expect(peer.message('presence')).toBeUndefined();
  });

  it.each(['agent', 'relay'] as const)('PRESENCE, of an %s', async (role) => {
    const liar = await bed.agent(1, { role, names: role === 'agent' ? ['a@x'] : [] });
    liar.send({ kind: 'presence', whole: true, more: false, joined: ['b@x'], left: [] });
    await liar.gone();
    expect(liar.message('goodbye')).toMatchObject({ code: 'protocol_error' });
  });
});
