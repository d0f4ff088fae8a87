import type { Connection, Transport } from '@macula/transport';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PeerDialer } from './peer-dialer.js';
import type { Session } from './session.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('a peering that ends at once is dialled after growing pauses, one that was stable soon', async () => {
  let nowMs = 0;
  let session: Session | undefined;
  const retries: (number | undefined)[] = [];
  const transport = { name: 'memory', dial: async () => ({}) as Connection } as unknown as Transport;
  const dialer = new PeerDialer('https://peer:1', {
    transport,
    tlsVerify: 'none',
    caPem: undefined,
    random: () => 0.5,
    nowMs: () => nowMs,
    hello: (_connection, _url, outcome) => outcome.onWelcome({} as never),
    admit: () => (session = { id: 'peer' } as Session),
    onFailed: (_url, _code, _why, retryMs) => retries.push(retryMs),
  });
  dialer.start();
  for (const livedMs of [0, 10, 20, 5000, 0]) {
    await vi.advanceTimersByTimeAsync(10_000);
    expect(dialer.state).toBe('connected');
    nowMs += livedMs;
    dialer.handleSessionClosed(session!, 'relay_lost', 'test');
  }
  dialer.stop();
  expect(retries).toEqual([100, 200, 400, 100, 200]);
});
