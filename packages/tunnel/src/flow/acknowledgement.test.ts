import { describe, expect, it } from 'vitest';
import { Pair } from '../../test/pair.js';

describe('acknowledgements', () => {
  it('wait 20 ms, so that a trickle is not doubled', () => {
    const pair = Pair.up();
    const { initiator, responder } = pair;
    const before = responder.tunnel.metrics.recordsOut;
    for (let count = 0; count < 10; count++) {
      initiator.tunnel.handleLocalData(Uint8Array.of(count), pair.nowMs);
      pair.settle();
    }
    expect(responder.tunnel.metrics.recordsOut).toBe(before);
    expect(responder.tunnel.pollTimeout()).toEqual({ atMs: pair.nowMs + 20, why: 'ack' });
    pair.pass(20);
    expect(responder.tunnel.metrics.recordsOut).toBe(before + 1);
    expect(initiator.tunnel.metrics.ringBytes).toBe(0);
  });

  it('go out at once for a quarter of the window', () => {
    const pair = Pair.up({}, { limits: { windowBytesMax: 4000 } });
    pair.initiator.tunnel.handleLocalData(new Uint8Array(999), pair.nowMs);
    pair.settle();
    expect(pair.initiator.tunnel.metrics.ringBytes).toBe(999);
    pair.initiator.tunnel.handleLocalData(new Uint8Array(1), pair.nowMs);
    pair.settle();
    expect(pair.initiator.tunnel.metrics.ringBytes).toBe(0);
  });

  it('cover what the local socket accepted, not what was delivered', () => {
    const pair = Pair.up({}, { limits: { windowBytesMax: 4000 } });
    const { initiator, responder } = pair;
    initiator.tunnel.handleLocalData(new Uint8Array(6000), pair.nowMs);
    pair.settle({ accepting: false });
    pair.nowMs += 1000;
    responder.tunnel.handleTimeout(pair.nowMs);
    pair.settle({ accepting: false });
    expect(responder.deliveredBytes).toBe(4000);
    expect(initiator.tunnel.metrics).toMatchObject({ ringBytes: 6000, unsentBytes: 2000 });
    pair.accept(responder, 1500);
    pair.settle({ accepting: false });
    expect(responder.deliveredBytes).toBe(5500);
    expect(initiator.tunnel.metrics).toMatchObject({ ringBytes: 4500, unsentBytes: 500 });
    expect(() => responder.tunnel.handleLocalAccepted(4001, pair.nowMs)).toThrow('accepted');
  });

  it('are not stuck behind data', () => {
    const pair = Pair.up();
    const { initiator, responder } = pair;
    initiator.tunnel.handleLocalData(new Uint8Array(65_536), pair.nowMs);
    pair.settle({ accepting: false });
    expect(initiator.tunnel.metrics.ringBytes).toBe(65_536);
    responder.tunnel.handleLocalData(new Uint8Array(200_000), pair.nowMs);
    pair.accept(responder);
    responder.flush(pair.nowMs, 1);
    initiator.tunnel.handlePathData(0, responder.takeWire(100), pair.nowMs);
    expect(initiator.tunnel.metrics.ringBytes).toBe(0);
  });
});
