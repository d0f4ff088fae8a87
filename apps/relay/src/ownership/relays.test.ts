import { randomBytes } from 'node:crypto';
import { identityFromSeed } from '@macula/crypto';
import { codeSentence, type Message } from '@macula/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunningRelay } from '../relay.js';
import { type Recorder, recorder } from '../testing/recorder.js';
import { TestBed } from '../testing/test-bed.js';
import { until } from '../testing/until.js';

let bed: TestBed;
beforeEach(() => {
  bed = new TestBed();
});
afterEach(() => bed.close());

const newIdentity = () => identityFromSeed(randomBytes(32));

function remoteNames(relay: RunningRelay): number {
  return Number(/^macula_relay_names_remote (\d+)$/m.exec(relay.metrics())?.[1]);
}

async function knows(relay: RunningRelay, names: number): Promise<void> {
  await until(
    () => remoteNames(relay) === names,
    () => `${names} names elsewhere, not ${remoteNames(relay)}: ${JSON.stringify(relay.status().peers)}`,
  );
}

/** Relays at these ports, each peered with some of those before it. */
async function relaysOf(
  shape: Readonly<Record<number, readonly number[]>>,
  logs: Readonly<Record<number, Recorder>> = {},
): Promise<Map<number, RunningRelay>> {
  const relays = new Map<number, RunningRelay>();
  for (const [port, peers] of Object.entries(shape)) {
    const urls = peers.map((peer) => `https://relay:${peer}`);
    const logger = logs[Number(port)]?.logger;
    const relay = await bed.relay(Number(port), { peers: urls }, logger && { logger });
    await until(() => relay.status().peers.every(({ state }) => state === 'connected'), 'the peerings');
    relays.set(Number(port), relay);
  }
  return relays;
}

describe.each([
  ['two relays', { 1: [], 2: [1] }, 1, 2],
  ['a full mesh of three', { 1: [], 2: [1], 3: [1, 2] }, 1, 3],
  ['a star', { 1: [], 2: [1], 3: [1] }, 2, 3],
  ['a line of four', { 1: [], 2: [1], 3: [2], 4: [3] }, 1, 4],
])('%s', (_shape, shape, here, there) => {
  it('give a name to one identity; it keeps the name when it comes to another relay', async () => {
    const relays = await relaysOf(shape as Record<number, number[]>);
    const identity = newIdentity();
    const first = await bed.agent(here, { names: ['a@x'], identity, sessionSeq: 1 });
    for (const [port, relay] of relays) if (port !== here) await knows(relay, 1);
    for (const port of relays.keys()) {
      const thief = await bed.agent(port, { names: ['a@x'], sessionSeq: 99 });
      expect(thief.message('goodbye')).toMatchObject({ code: 'name_taken' });
    }
    const moved = await bed.agent(there, { names: ['a@x'], identity, sessionSeq: 2 });
    expect(moved.message('welcome')).toBeDefined();
    await first.gone();
    expect(first.message('goodbye')).toMatchObject({ code: 'replaced' });
    moved.send({ kind: 'goodbye', code: 'ok', text: '' });
    await knows(relays.get(here)!, 0);
    expect((await bed.agent(here, { names: ['a@x'] })).message('welcome')).toBeDefined();
  });
});

it('an agent whose connection is lost finds its name again at another relay, and nobody else does', async () => {
  const relays = await relaysOf({ 1: [], 2: [1] });
  const identity = newIdentity();
  const first = await bed.agent(1, { names: ['a@x'], identity, sessionSeq: 5 });
  await knows(relays.get(2)!, 1);
  bed.network.cut(first.connection);
  const thief = await bed.agent(2, { names: ['a@x'] });
  expect(thief.message('goodbye')).toMatchObject({ code: 'name_taken' });
  const back = await bed.agent(2, { names: ['a@x'], identity, sessionSeq: 6 });
  expect(back.message('welcome')).toBeDefined();
});

it('two hosts with one key at two relays replace each other three times; then the newcomer gets identity_conflict', async () => {
  const logs = { 1: recorder(), 2: recorder() };
  const relays = await relaysOf({ 1: [], 2: [1] }, logs);
  const identity = newIdentity();
  const bootIds = [randomBytes(16), randomBytes(16)];
  let present = await bed.agent(1, { names: ['a@x'], identity, bootId: bootIds[0]!, sessionSeq: 1 });
  await knows(relays.get(2)!, 1);
  for (let sessionSeq = 2; sessionSeq <= 4; sessionSeq++) {
    const host = (sessionSeq + 1) % 2;
    const before = present;
    present = await bed.agent(1 + host, { names: ['a@x'], identity, bootId: bootIds[host]!, sessionSeq });
    await before.gone();
    expect(before.message('goodbye')).toMatchObject({ code: 'replaced' });
  }
  const newcomer = await bed.agent(1, { names: ['a@x'], identity, bootId: bootIds[0]!, sessionSeq: 5 });
  await newcomer.gone();
  expect(newcomer.message('goodbye')).toMatchObject({ code: 'identity_conflict' });
  expect(present.closed).toBeUndefined();
  expect(relays.get(2)!.metrics()).toContain('macula_relay_name_conflicts_total{code="identity_conflict"} 1');
  for (const log of [logs[1], logs[2]]) {
    const warnings = log.lines().filter(({ level, id }) => level === 40 && id === identity.id);
    expect(JSON.stringify(warnings)).toContain(codeSentence('identity_conflict'));
  }
});

it('an agent that says who owns names ends its own connection', async () => {
  const relays = await relaysOf({ 1: [], 2: [1] });
  for (const message of [
    { kind: 'owned_have', origins: [], epochs: [], versions: [] },
    {
      ...{ kind: 'owned', origin: randomBytes(32), epoch: 1, version: 1, from: 0, ageMs: 0, more: false },
      ...{ entry: randomBytes(9), signature: randomBytes(64) },
    },
  ] as Message[]) {
    const agent = await bed.agent(1);
    agent.send(message);
    await agent.gone();
    expect(agent.message('goodbye')).toMatchObject({ code: 'protocol_error' });
  }
  expect(relays.get(2)!.status().peers[0]?.state).toBe('connected');
});

it('a relay that nobody has admitted is told nothing of names', async () => {
  const seeds = [randomBytes(32), randomBytes(32)];
  const ids = seeds.map((seed) => identityFromSeed(seed).id);
  await bed.relay(1, { peerIdentities: [ids[1]!] }, { seed: seeds[0]! });
  const stranger = await bed.agent(1, { role: 'relay' });
  await stranger.gone();
  const agent = await bed.agent(1, { names: ['a@x'] });
  expect(agent.message('welcome')).toBeDefined();
  expect(stranger.messages.some(({ kind }) => kind === 'owned' || kind === 'owned_have')).toBe(false);
  expect(stranger.message('goodbye')).toMatchObject({ code: 'not_a_relay' });
});
