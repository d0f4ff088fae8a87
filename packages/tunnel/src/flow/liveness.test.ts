import { describe, expect, it } from 'vitest';
import { Pair } from '../../test/pair.js';
import { tunnelLimits } from '../options.js';
import { OutputQueue } from '../outputs.js';
import { Liveness } from './liveness.js';
import { RecordFlow } from './record-flow.js';

describe('liveness', () => {
  it('lets an idle tunnel live for hours, at two records in 15 s', () => {
    const pair = Pair.up();
    const before = pair.initiator.tunnel.metrics.recordsOut + pair.responder.tunnel.metrics.recordsOut;
    pair.pass(3_600_000);
    expect([pair.initiator.tunnel.state, pair.responder.tunnel.state]).toEqual(['open', 'open']);
    const after = pair.initiator.tunnel.metrics.recordsOut + pair.responder.tunnel.metrics.recordsOut;
    expect(after - before).toBeGreaterThan(400);
    expect(after - before).toBeLessThan(1000);
  });

  it('asks after 15 s of silence, and takes 30 s more of it for loss', () => {
    const pair = Pair.up({ resumes: false });
    pair.pass(15_000, false);
    expect(pair.initiator.wireBytes).toBeGreaterThan(0);
    pair.pass(29_999, false);
    expect(pair.initiator.tunnel.state).toBe('open');
    pair.pass(1, false);
    pair.initiator.drainOutputs();
    expect(pair.initiator.events.slice(-3)).toMatchObject([
      { kind: 'ended', reason: 'relay_lost', byPeer: false },
      { kind: 'reset_path', code: 'timeout' },
      { kind: 'closed' },
    ]);
  });

  it('takes a path that accepts no bytes any more for lost too', () => {
    const pair = Pair.up({}, { resumes: false });
    for (let passed = 0; passed < 45_001; passed += 100)
      pair.initiator.tunnel.handleTimeout(pair.nowMs + passed);
    expect(pair.initiator.tunnel.state).toBe('closed');
  });

  it('asks after 400 ms when data is outstanding, or after four slow round trips', () => {
    const fast = new Liveness(0, false);
    fast.handlePong(fast.ping(0), 10);
    fast.handleValid(10);
    fast.setOutstanding(true, 100);
    expect(fast.deadlineMs).toBe(500);
    fast.setOutstanding(true, 300);
    expect(fast.deadlineMs).toBe(500);
    expect(fast.handleTimeout(500)).toBe('alive');
    expect(fast.pingDue).toBe(true);
    expect(fast.deadlineMs).toBe(30_500);
    const slow = new Liveness(0, false);
    slow.handlePong(slow.ping(0), 200);
    slow.handleValid(200);
    slow.setOutstanding(true, 1000);
    expect(slow.deadlineMs).toBe(1800);
    slow.setOutstanding(false, 1100);
    expect(slow.deadlineMs).toBe(15_200);
  });

  it('smooths round trips and ignores PONGs that answer nothing', () => {
    const liveness = new Liveness(0, false);
    liveness.handlePong(1, 5);
    expect(liveness.srttMs).toBeUndefined();
    liveness.handlePong(liveness.ping(0), 80);
    liveness.handlePong(liveness.ping(100), 100);
    expect(liveness.srttMs).toBe(70);
  });

  it('takes a standstill for no round trip: silence is noticed within two times 8 s', () => {
    const liveness = new Liveness(0, true);
    liveness.handlePong(liveness.ping(0), 7400);
    liveness.handleValid(7400);
    expect(liveness.srttMs).toBe(2000);
    expect(liveness.rttMinMs).toBe(2000);
    liveness.setOutstanding(true, 7400);
    expect(liveness.deadlineMs).toBe(15_400);
    expect(liveness.handleTimeout(15_400)).toBe('alive');
    expect(liveness.deadlineMs).toBe(23_400);
  });

  it('does not hold its own sleep against the peer', () => {
    const pair = Pair.up({ resumes: false });
    pair.nowMs += 600_000;
    for (const end of pair.ends) end.tunnel.handleTimeout(pair.nowMs);
    pair.settle();
    expect([pair.initiator.tunnel.state, pair.responder.tunnel.state]).toEqual(['open', 'open']);
    pair.nowMs += 600_000;
    pair.initiator.tunnel.handleTimeout(pair.nowMs);
    pair.nowMs += 30_000;
    pair.initiator.tunnel.handleTimeout(pair.nowMs);
    expect(pair.initiator.tunnel.state).toBe('closed');
  });

  it('answers a flood of PINGs with one PONG', () => {
    const flow = new RecordFlow(tunnelLimits(), new OutputQueue());
    for (let number = 1; number <= 1000; number++) flow.handle({ kind: 'ping', number }, 0);
    expect(flow.next(0)).toEqual([{ kind: 'pong', number: 1000 }]);
    expect(flow.next(0)).toEqual([]);
  });

  it('never asks to be woken for what has passed', () => {
    for (const state of ['offering', 'confirming', 'open', 'draining', 'closing'] as const) {
      const pair = state === 'offering' || state === 'confirming' ? new Pair() : Pair.up();
      const { tunnel } = pair.initiator;
      if (state === 'confirming') pair.answer();
      tunnel.handleLocalData(new Uint8Array(2_000_000).subarray(0, 1_200_000), pair.nowMs);
      pair.initiator.flush(pair.nowMs);
      if (state === 'draining') tunnel.handleLocalClosed(pair.nowMs);
      if (state === 'closing') tunnel.end('ok', '', pair.nowMs);
      expect(tunnel.state).toBe(state);
      pair.nowMs += 1_000_000;
      tunnel.handleTimeout(pair.nowMs);
      expect(tunnel.pollTimeout()?.atMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(pair.nowMs);
    }
  });
});
