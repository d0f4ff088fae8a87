import { createHash, randomBytes } from 'node:crypto';
import { identityFromSeed, identityId } from '@macula/crypto';
import type { Stream } from '@macula/transport';
import { codeFromNumber, codeNumber, type WireCode } from '@macula/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { strikesMax } from '../limits.js';
import type { RunningRelay } from '../relay.js';
import { relayUrl, TestAgent } from '../testing/test-agent.js';
import { TestBed } from '../testing/test-bed.js';
import type { TestStream } from '../testing/test-stream.js';
import { until } from '../testing/until.js';
import { addressLimitsDefault, identityLimitsDefault } from './quota-limits.js';

let bed: TestBed;
let relay: RunningRelay;
/** The tunnel of two agents who have nothing to do with the flood. */
let near: TestStream;
let far: TestStream;
const flooder = identityFromSeed(randomBytes(32));

async function start(
  ...settings: [input?: Parameters<TestBed['relay']>[1], parts?: Parameters<TestBed['relay']>[2]]
): Promise<void> {
  relay = await bed.relay(1, ...settings);
  const a = await bed.agent(1, { names: ['a@x'] });
  const b = await bed.agent(1, { names: ['b@x'] });
  near = a.open('b@x');
  far = await b.accept();
  far.accept();
  await near.first('open_ok');
}

beforeEach(() => {
  bed = new TestBed();
});
afterEach(async () => {
  // Whatever the flood was, the others' tunnel carries on.
  near.stream.write(Buffer.from('still here'));
  await until(() => far.received.toString().endsWith('still here'), 'the bytes of the others');
  await bed.close();
});

/** How often each code came. */
function countCodes(codes: readonly (WireCode | undefined)[]): Partial<Record<WireCode, number>> {
  const counts: Partial<Record<WireCode, number>> = {};
  for (const code of codes) if (code !== undefined) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

/** GOODBYE doesn't always arrive before the end of the connection, which has the same code. */
function codeOfAgent(agent: TestAgent): WireCode | undefined {
  const { closed } = agent;
  return (
    agent.message('goodbye')?.code ?? (closed?.kind === 'peer' ? codeFromNumber(closed.code) : undefined)
  );
}

function textOfAgent(agent: TestAgent): string | undefined {
  const { closed } = agent;
  return agent.message('goodbye')?.text ?? (closed?.kind === 'peer' ? closed.reason : undefined);
}

function codeOfStream({ message, closed }: TestStream): WireCode | undefined {
  if (message?.kind === 'open_failed') return message.code;
  return closed?.kind === 'reset' ? codeFromNumber(closed.code) : undefined;
}

/** A figure of the relay's metrics. */
function metric(name: string): number {
  return Number(new RegExp(`^macula_relay_${name} (\\S+)$`, 'm').exec(relay.metrics())?.[1]);
}

describe('a flood by one identity', () => {
  it('of sessions ends with session_limit', async () => {
    await start();
    const agents = await Promise.all(
      Array.from({ length: 40 }, (_, sessionSeq) => bed.agent(1, { identity: flooder, sessionSeq })),
    );
    const { sessions } = identityLimitsDefault;
    expect(countCodes(agents.map(codeOfAgent))).toEqual({ session_limit: 40 - sessions });
    const text = agents.map(textOfAgent).find((said) => said !== undefined);
    expect(text).toMatch(/raise the limit \(limit of this identity: 16\)/);
    expect(relay.status().sessions).toHaveLength(2 + sessions);
    expect(relay.metrics()).toContain(
      `macula_relay_hellos_refused_total{code="session_limit"} ${40 - sessions}`,
    );
  });

  it('of HELLOs ends with rate_limited', async () => {
    await start();
    const codes: (WireCode | undefined)[] = [];
    for (let sessionSeq = 0; sessionSeq < 500 && !codes.includes('rate_limited'); sessionSeq++) {
      const agent = await bed.agent(1, { identity: flooder, sessionSeq });
      codes.push(codeOfAgent(agent));
      agent.connection.close(0, '');
    }
    expect(codes.at(-1)).toBe('rate_limited');
    expect(codes.length).toBeGreaterThan(60);
  });

  it('of names ends with name_limit', async () => {
    await start({ limits: { identity: { names: 100 } } });
    const namesOf = (session: number) => Array.from({ length: 60 }, (_, index) => `n${session}-${index}@x`);
    const first = await bed.agent(1, { identity: flooder, names: namesOf(1) });
    const second = await bed.agent(1, { identity: flooder, sessionSeq: 2, names: namesOf(2) });
    expect(codeOfAgent(second)).toBe('name_limit');
    first.changeNames({ request: 1, add: namesOf(3).slice(0, 40), remove: namesOf(1).slice(0, 40) });
    await until(() => first.message('names_done'), 'NAMES_DONE');
    const third = await bed.agent(1, { identity: flooder, sessionSeq: 3 });
    third.changeNames({ request: 1, add: namesOf(4), remove: [] });
    await until(() => codeOfAgent(third), 'the code');
    expect(codeOfAgent(third)).toBe('name_limit');
    expect(relay.metrics()).toContain('macula_relay_sessions_limited_total{code="name_limit"} 1');
    expect(first.closed).toBeUndefined();
  });

  it('of NAMES, or of PINGs, ends its session with rate_limited', async () => {
    await start();
    const agent = await bed.agent(1, { identity: flooder });
    for (let request = 1; request < 200; request++) agent.changeNames({ request, add: [], remove: ['a@x'] });
    await until(() => codeOfAgent(agent), 'the code');
    expect(codeOfAgent(agent)).toBe('rate_limited');
    expect(agent.messages.filter(({ kind }) => kind === 'names_done').length).toBeLessThan(100);
    const other = await bed.agent(1, { identity: flooder, sessionSeq: 2 });
    for (let number = 0; number < 2000; number++) other.send({ kind: 'ping', number });
    await until(() => codeOfAgent(other), 'the code');
    expect(other.messages.filter(({ kind }) => kind === 'pong').length).toBeLessThan(1000);
  });

  it('of OPENs to random names ends with open_rate, and leaves nothing behind', async () => {
    // Slow enough for a busy machine to be faster; its burst has room for the unknown names to run out first.
    await start({ limits: { identity: { opensPerSecond: 120 } } });
    const agent = await bed.agent(1, { identity: flooder });
    const codes: (WireCode | undefined)[] = [];
    const texts: string[] = [];
    for (let batch = 0; batch < 35; batch++) {
      const streams = Array.from({ length: 100 }, (_, index) => agent.open(`no-${batch}-${index}@x`));
      await until(() => streams.every((stream) => codeOfStream(stream)), 'all codes');
      codes.push(...streams.map(codeOfStream));
      for (const { message } of streams) if (message?.kind === 'open_failed') texts.push(message.text);
      for (const { stream } of streams) stream.reset(0);
    }
    const counts = countCodes(codes);
    expect(Object.keys(counts).sort()).toEqual(['not_found', 'open_rate', 'unknown_names']);
    expect(counts.not_found).toBeLessThanOrEqual(1100);
    expect(texts.join()).toMatch(/limit of this identity: 120 a second in the long run; try again in/);
    await until(() => metric('opens_pending') === 0, 'no OPEN in flight');
  });

  it('of OPENs to one unknown name costs other relays one question', async () => {
    await start();
    const other = await bed.relay(2, { peers: ['https://relay:1'] });
    await until(() => other.status().peers[0]?.state === 'connected', 'the peering');
    const agent = await bed.agent(1, { identity: flooder });
    for (let count = 0; count < 20; count++) await agent.open('no@x').first('open_failed');
    const asked = /^macula_relay_opens_total (\d+)$/m.exec(other.metrics())?.[1];
    expect(Number(asked)).toBeLessThan(20);
    // Who joins there and looks for this node is known here at once.
    const late = await bed.agent(2, { names: ['no@x'] });
    const toUs = late.open('a@x');
    await until(() => late.streams.length === 0 && toUs.stream !== undefined, 'the OPEN');
    await until(() => metric('opens_pending') > 0, 'the OPEN at this relay');
    const toThem = agent.open('no@x');
    (await late.accept()).accept();
    await toThem.first('open_ok');
  });

  it('of tiny streams ends with stream_limit', async () => {
    await start({ limits: { identity: { streams: 50 } } });
    const agent = await bed.agent(1, { identity: flooder });
    const codes: WireCode[] = [];
    const streams = Array.from({ length: 500 }, () => tinyStream(agent, (code) => codes.push(code)));
    await until(() => codes.length >= 450, 'the codes');
    // Some were answered in full, which nobody here reads.
    expect(countCodes(codes)).toEqual({ stream_limit: codes.length });
    for (const stream of streams) stream.reset(0);
  });

  it('that goes on loses its sessions and gets none for a while, with the sentence', async () => {
    await start();
    const agent = await bed.agent(1, { identity: flooder });
    for (let count = 0; count < strikesMax + 5000 && agent.closed === undefined; count++) {
      tinyStream(agent, () => {});
      if (count % 500 === 0) await new Promise(setImmediate);
    }
    await until(() => codeOfAgent(agent), 'the code');
    expect(codeOfAgent(agent)).toBe('rate_limited');
    expect(textOfAgent(agent)).toMatch(/in a loop, and try again in \d\d s/);
    const again = await bed.agent(1, { identity: flooder, sessionSeq: 2 });
    expect(codeOfAgent(again)).toBe('rate_limited');
    const other = await bed.agent(1);
    expect(other.message('welcome')).toBeDefined();
  });

  it('of bytes is read as slowly as it may send, and every byte arrives', async () => {
    await start({ limits: { identity: { bytesPerSecond: 1_000_000 } } });
    const agent = await bed.agent(1, { identity: flooder, names: ['f@x'] });
    const friend = await bed.agent(1, { names: ['g@x'] });
    const out = agent.open('g@x');
    const inn = await friend.accept();
    inn.accept();
    await out.first('open_ok');
    const sent = randomBytes(1_200_000);
    for (let at = 0; at < sent.length; at += 50_000) await out.send(sent.subarray(at, at + 50_000));
    await until(() => inn.bytes === sent.length, 'all bytes');
    expect(sha256(inn.received)).toBe(sha256(sent));
    expect(metric('paced_bytes_total')).toBeGreaterThan(0);
  });

  it('of OPENs, or of NAMES, lets others go between', async () => {
    await start();
    const agent = await bed.agent(1, { identity: flooder });
    const streams = Array.from({ length: 400 }, (_, index) => agent.open(`no-${index}@x`));
    near.stream.write(Buffer.from('between'));
    await until(() => far.received.toString().endsWith('between'), 'the bytes of the others');
    expect(streams.filter((stream) => codeOfStream(stream)).length).toBeLessThan(200);
    await until(() => streams.every((stream) => codeOfStream(stream)), 'all codes');
    for (let request = 1; request < 18; request++)
      agent.changeNames({ request, add: [`n${request}@x`], remove: [] });
    near.stream.write(Buffer.from('again'));
    await until(() => far.received.toString().endsWith('again'), 'the bytes of the others');
    const done = (): number => agent.messages.filter(({ kind }) => kind === 'names_done').length;
    expect(done()).toBeLessThan(9);
    await until(() => done() === 17, 'all names');
  });

  it('shows in no label of the metrics', async () => {
    await start({
      limits: { identity: { sessions: 1 }, realm: { sessions: 3 }, address: { sessions: 100 } },
    });
    await bed.agent(1, { identity: flooder, names: ['secret-name@x'], realm: 'io.macula' });
    await bed.agent(1, { identity: flooder, sessionSeq: 2 });
    await bed.agent(1);
    const text = relay.metrics();
    for (const hidden of ['secret-name', 'io.macula', identityId(flooder.publicKey), 'agent"'])
      expect(text.replaceAll('role="agent"', '')).not.toContain(hidden);
    expect(metric('limit_accounts')).toBeGreaterThan(0);
  });
});

describe('a flood by one address', () => {
  it('of HELLOs that prove nothing is slowed, with a code; others come in', async () => {
    await start();
    const transport = bed.transport('crowd');
    const codes: WireCode[] = [];
    // Where they come faster than the relay has time for, some are not looked at and don't count.
    for (let round = 0; round < 2000 && !codes.includes('rate_limited'); round++)
      await Promise.all(
        Array.from({ length: 32 }, async () => {
          const agent = await TestAgent.join(transport, 1, {
            forge: (hello) => ({ ...hello, label: 'forged' }),
          });
          codes.push(codeOfAgent(agent) ?? 'ok');
          agent.connection.close(0, '');
        }),
      );
    expect(countCodes(codes).bad_signature).toBeGreaterThanOrEqual(600);
    expect(countCodes(codes).rate_limited).toBeGreaterThan(0);
    await joinWhenAsked();
    // Of that address, too: sooner or later it has its turn.
    const neighbour = async (): Promise<boolean> =>
      (await TestAgent.join(transport, 1)).message('welcome') !== undefined;
    let tries = 0;
    while (!(await neighbour())) expect(++tries).toBeLessThan(1000);
  });
});

it('connections of one address that say nothing make room for the next', async () => {
  await start({}, { timeouts: { helloMs: 60_000 } });
  const transport = bed.transport('crowd');
  const { unfinishedHellos } = addressLimitsDefault;
  const silent = Array.from({ length: unfinishedHellos }, () =>
    transport.dial({ url: relayUrl(1), tlsVerify: 'none' }),
  );
  for (const connection of await Promise.all(silent))
    connection.start({ onStream: () => {}, onClosed: () => {} });
  await until(() => metric('hellos_unfinished') === unfinishedHellos, 'all places to be taken');
  expect((await bed.agent(1)).message('welcome')).toBeDefined();
  const first = await TestAgent.join(transport, 1);
  expect(first.message('goodbye')).toMatchObject({ code: 'busy', retryMs: expect.any(Number) });
  expect(await first.gone()).toMatchObject({ code: codeNumber('busy') });
  let isIn = false;
  const untilMs = performance.now() + 8000;
  while (!isIn && performance.now() < untilMs)
    isIn = (await TestAgent.join(transport, 1)).message('welcome') !== undefined;
  expect(isIn).toBe(true);
  expect(relay.metrics()).toContain('macula_relay_hellos_refused_total{code="hello_timeout"} 1');
});

/** Joins as an agent does: a relay that has no time says when to try again. */
async function joinWhenAsked(): Promise<void> {
  for (;;) {
    const agent = await bed.agent(1);
    if (agent.message('welcome') !== undefined) return;
    const { code, retryMs = 0 } = agent.message('goodbye')!;
    expect(code).toBe('busy');
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}

function tinyStream(agent: TestAgent, onCode: (code: WireCode) => void): Stream {
  const stream = agent.connection.openStream();
  stream.start({
    onData: () => {
      onCode('stream_limit');
      stream.reset(0);
    },
    onEnd: () => {},
    onDrain: () => {},
    onClosed: (reason) => {
      if (reason.kind === 'reset' && !reason.local) onCode(codeFromNumber(reason.code));
    },
  });
  stream.write(Uint8Array.of(0));
  return stream;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
