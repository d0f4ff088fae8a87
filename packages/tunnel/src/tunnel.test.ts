import { describe, expect, it } from 'vitest';
import { Pair } from '../test/pair.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('a tunnel', () => {
  it('confirms at the responder, then is up at both ends, with one id and both ticktimes', () => {
    const pair = new Pair({ ticktimeSeconds: 120 }, { ticktimeSeconds: 60 });
    pair.answer();
    pair.settle();
    const { initiator, responder } = pair;
    expect(responder.event('confirmed')).toMatchObject({ peerTicktimeSeconds: 120 });
    expect(responder.event('up')).toBeUndefined();
    expect(initiator.event('up')).toBeUndefined();
    responder.tunnel.localReady(pair.nowMs);
    pair.settle();
    expect(initiator.event('up')).toMatchObject({
      peerTicktimeSeconds: 60,
      peerBootId: new Uint8Array(16).fill(7),
    });
    expect(responder.event('up')?.tunnelId).toEqual(initiator.event('up')?.tunnelId);
    expect(initiator.tunnel.tunnelId).toHaveLength(32);
    expect(initiator.tunnel.offer.length).toBe(55);
  });

  it('carries bytes in both directions and counts them', () => {
    const pair = Pair.up();
    pair.initiator.tunnel.handleLocalData(text('ping'), pair.nowMs);
    pair.responder.tunnel.handleLocalData(text('pong!'), pair.nowMs);
    pair.settle();
    expect(pair.responder.received).toEqual(text('ping'));
    expect(pair.initiator.received).toEqual(text('pong!'));
    expect(pair.initiator.tunnel.metrics).toMatchObject({ bytesOut: 4, bytesIn: 5, srttMs: 0 });
    pair.pass(100);
    expect(pair.initiator.tunnel.metrics.ringBytes).toBe(0);
  });

  it('sends what was written before up, once it is up', () => {
    const pair = new Pair();
    pair.initiator.tunnel.handleLocalData(text('early'), pair.nowMs);
    pair.answer();
    pair.settle();
    expect(pair.responder.deliveredBytes).toBe(0);
    pair.responder.tunnel.localReady(pair.nowMs);
    pair.settle();
    expect(pair.responder.received).toEqual(text('early'));
  });
});
