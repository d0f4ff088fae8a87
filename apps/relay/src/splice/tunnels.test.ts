import { createHash, randomBytes } from 'node:crypto';
import { codeNumber } from '@macula/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunningRelay } from '../relay.js';
import { TestBed } from '../testing/test-bed.js';
import type { TestStream } from '../testing/test-stream.js';
import { until } from '../testing/until.js';

let bed: TestBed;
let relays: RunningRelay[];
beforeEach(async () => {
  bed = new TestBed();
  relays = [await bed.relay(1), await bed.relay(2, { peers: ['https://relay:1'] })];
  await until(() => relays.every((relay) => relay.status().peers[0]?.state === 'connected'), 'the peering');
});
afterEach(() => bed.close());

/** A tunnel from an agent on one relay to one on the other (or the same). */
async function tunnel(
  from: number,
  to: number,
): Promise<{ a: TestStream; b: TestStream; agents: Awaited<ReturnType<TestBed['agent']>>[] }> {
  const agents = [await bed.agent(from, { names: ['a@x'] }), await bed.agent(to, { names: ['b@x'] })];
  const a = agents[0]!.open('b@x', {}, Buffer.from('early a'));
  const b = await agents[1]!.accept();
  b.accept(Buffer.from('early b'));
  await a.first('open_ok');
  return { a, b, agents };
}

async function pump(stream: TestStream, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  for (let sent = 0; sent < bytes; ) {
    const chunk = randomBytes(Math.min(bytes - sent, 1 + Math.floor(Math.random() * 60_000)));
    hash.update(chunk);
    sent += chunk.length;
    await stream.send(chunk);
  }
  return hash.digest('hex');
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

for (const [from, to] of [
  [1, 1],
  [1, 2],
  [2, 1],
] as const) {
  describe(`a tunnel from relay ${from} to relay ${to}`, () => {
    it('carries every byte in both directions, also those right behind OPEN and OPEN_OK', async () => {
      const { a, b } = await tunnel(from, to);
      await until(() => a.bytes === 7 && b.bytes === 7, 'the early bytes');
      expect([a.received.toString(), b.received.toString()]).toEqual(['early b', 'early a']);
      a.chunks.length = b.chunks.length = 0;
      const size = 3_000_000;
      const [sentA, sentB] = await Promise.all([pump(a, size), pump(b, size)]);
      await until(() => a.bytes === size + 7 && b.bytes === size + 7, 'all bytes');
      expect(sha256(b.received)).toBe(sentA);
      expect(sha256(a.received)).toBe(sentB);
      const status = relays[from - 1]!.status();
      expect(status).toMatchObject({ tunnels: 1, bytesForwarded: 2 * (size + 7) });
    });

    it('carries half-close, then ends', async () => {
      const { a, b } = await tunnel(from, to);
      a.stream.write(Buffer.from('bye'));
      a.stream.end();
      await until(() => b.isEnded, 'the end');
      expect(b.received.toString()).toBe('early abye');
      expect(a.isEnded).toBe(false);
      b.stream.write(Buffer.from('last'));
      b.stream.end();
      await until(() => a.closed && b.closed, 'the streams to close');
      expect([a.closed?.kind, b.closed?.kind]).toEqual(['done', 'done']);
      expect(a.received.toString()).toBe('early blast');
      await until(() => relays.every((relay) => relay.status().tunnels === 0), 'no tunnels');
    });

    it('carries reset codes', async () => {
      const { a, b } = await tunnel(from, to);
      b.stream.reset(codeNumber('beam_closed'));
      await until(() => a.closed, 'the reset');
      expect(a.closed).toEqual({ kind: 'reset', code: codeNumber('beam_closed'), local: false });
    });

    it('ends with relay_lost when the far connection is lost', async () => {
      const { a, agents } = await tunnel(from, to);
      bed.network.cut(agents[1]!.connection);
      await until(() => a.closed, 'the reset');
      expect(a.closed).toEqual({ kind: 'reset', code: codeNumber('relay_lost'), local: false });
    });

    it('stops a fast sender before a stopped reader: nothing piles up in the relays', async () => {
      const { a, b } = await tunnel(from, to);
      b.stream.pause();
      const chunk = randomBytes(64 * 1024);
      let sent = 0;
      while (a.stream.write(chunk)) {
        sent += chunk.length;
        await new Promise((resolve) => setTimeout(resolve, 1));
        expect(sent).toBeLessThan(8 * 1024 * 1024);
      }
      sent += chunk.length;
      await new Promise((resolve) => setTimeout(resolve, 50));
      const inRelays = relays[from - 1]!.status().bytesForwarded;
      expect(inRelays).toBeLessThan(3 * 1024 * 1024);
      b.stream.resume();
      await until(() => b.bytes === sent + 7, 'everything after all');
    });
  });
}

describe('an OPEN', () => {
  it('of an unknown name fails with not_found, and the refusal of a node is passed on', async () => {
    const agent = await bed.agent(1, { names: ['a@x'] });
    const other = await bed.agent(2, { names: ['b@x'] });
    expect(await agent.open('nobody@x').first('open_failed')).toMatchObject({ code: 'not_found' });
    const refused = agent.open('b@x');
    const incoming = await other.accept();
    incoming.stream.reset(codeNumber('refused'));
    expect(await refused.first('open_failed')).toMatchObject({ code: 'refused' });
    await until(() => refused.closed ?? refused.isEnded, 'the end');
    expect(relays[0]!.metrics()).toContain('macula_relay_opens_failed_total{code="not_found"} 1');
  });

  it('that is not sent in time, or is something else, ends its stream only', async () => {
    await bed.relay(3, {}, { timeouts: { openMs: 40 } });
    const agent = await bed.agent(3);
    const slow = agent.connection.openStream();
    const codes: number[] = [];
    const streams = [slow, agent.connection.openStream()];
    for (const stream of streams) {
      stream.start({
        onData: () => {},
        onEnd: () => {},
        onDrain: () => {},
        onClosed: (reason) => codes.push(reason.kind === 'reset' ? reason.code : -1),
      });
    }
    slow.write(Uint8Array.of(0, 0));
    streams[1]!.write(randomBytes(50).fill(0xff));
    await until(() => codes.length === 2, 'both resets');
    expect(codes.sort((x, y) => x - y)).toEqual([codeNumber('protocol_error'), codeNumber('timeout')]);
    expect(agent.closed).toBeUndefined();
  });

  it('times out when the node is silent', async () => {
    await bed.relay(4, { openTimeoutMs: 150 });
    const agent = await bed.agent(4, { names: ['a@x'] });
    const silent = await bed.agent(4, { names: ['s@x'] });
    const opened = agent.open('s@x');
    const incoming = await silent.accept();
    expect(await opened.first('open_failed')).toMatchObject({ code: 'timeout' });
    expect(await until(() => incoming.closed, 'the reset')).toMatchObject({ code: codeNumber('timeout') });
  });
});
