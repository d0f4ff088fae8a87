import { describe, expect, it } from 'vitest';
import { Attaching } from '../../test/attaching.js';

const bytes = (count: number): Uint8Array => new Uint8Array(count).fill(1);

describe('a clock jump', () => {
  it('doubts the path until a new PING is answered, and the window begins with waking up', () => {
    const pair = Attaching.attached();
    const { initiator } = pair;
    pair.nowMs += 600_000;
    initiator.tunnel.handleTimeout(pair.nowMs);
    initiator.drainOutputs();
    expect(initiator.event('detached')).toEqual({
      kind: 'detached',
      reason: 'slept',
      deadlineMs: pair.nowMs + 30_000,
    });
    expect(initiator.kinds.at(-1)).toBe('open_path');
    // What the peer sent before is no sign of life now.
    pair.responder.tunnel.handleLocalData(bytes(3), pair.nowMs);
    pair.responder.flush(pair.nowMs);
    pair.carry(pair.responder);
    expect(initiator.deliveredBytes).toBe(3);
    expect(initiator.tunnel.state).toBe('detached');
    pair.settle();
    expect(initiator.events.at(-1)).toEqual({ kind: 'resumed', pathId: 0 });
  });

  it('is noticed before what came meanwhile is read', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    responder.tunnel.handleLocalData(bytes(3), pair.nowMs);
    responder.flush(pair.nowMs);
    pair.nowMs += 600_000;
    pair.carry(responder);
    expect(initiator.deliveredBytes).toBe(3);
    expect(initiator.event('detached')).toMatchObject({ reason: 'slept', deadlineMs: pair.nowMs + 30_000 });
    expect(initiator.tunnel.state).toBe('detached');
    pair.settle();
    expect(initiator.events.at(-1)).toEqual({ kind: 'resumed', pathId: 0 });
  });

  it('while detached begins the window and the schedule anew', () => {
    const pair = Attaching.attached();
    pair.lose();
    pair.wait(20_000, [pair.initiator]);
    const before = pair.wanted.length;
    pair.nowMs += 25_000;
    pair.initiator.tunnel.handleTimeout(pair.nowMs);
    pair.initiator.drainOutputs();
    expect(pair.initiator.tunnel.state).toBe('detached');
    expect(pair.wanted.length).toBe(before + 1);
    expect(pair.initiator.events).toContainEqual({
      kind: 'detached',
      reason: 'slept',
      deadlineMs: pair.nowMs + 30_000,
    });
    pair.wait(29_000, [pair.initiator]);
    expect(pair.initiator.tunnel.state).toBe('detached');
  });
});
