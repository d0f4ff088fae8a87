import { describe, expect, it } from 'vitest';
import { Pair } from '../test/pair.js';
import { reasonFromPathCode } from './reasons.js';

const bytes = (count: number, value = 1): Uint8Array => new Uint8Array(count).fill(value);

describe('the end of a tunnel', () => {
  it('sends what the closed local socket wrote, then END; the peer delivers it, then ends', () => {
    const pair = Pair.up({}, { limits: { windowBytesMax: 70_000 } });
    const { initiator, responder } = pair;
    initiator.tunnel.handleLocalData(bytes(200_000), pair.nowMs);
    initiator.flush(pair.nowMs);
    initiator.tunnel.handleLocalClosed(pair.nowMs);
    initiator.flush(pair.nowMs);
    expect(initiator.kinds.slice(-1)).toEqual(['ended']);
    expect(initiator.tunnel.state).toBe('draining');
    pair.settle();
    expect(responder.deliveredBytes).toBe(200_000);
    expect(responder.kinds.slice(-3)).toEqual(['ended', 'end_path', 'closed']);
    expect(responder.event('ended')).toMatchObject({ reason: 'beam_closed', byPeer: true });
    expect(initiator.kinds.slice(-3)).toEqual(['ended', 'end_path', 'closed']);
    expect(initiator.event('ended')).toMatchObject({ reason: 'beam_closed', byPeer: false });
  });

  it('puts `ended` out after the last delivery', () => {
    const pair = Pair.up();
    pair.initiator.tunnel.handleLocalData(bytes(10), pair.nowMs);
    pair.initiator.tunnel.handleLocalClosed(pair.nowMs);
    pair.initiator.flush(pair.nowMs);
    pair.responder.tunnel.handlePathData(0, pair.initiator.takeWire(10_000), pair.nowMs);
    const kinds: string[] = [];
    for (
      let output = pair.responder.tunnel.pollOutput();
      output;
      output = pair.responder.tunnel.pollOutput()
    ) {
      kinds.push(output.kind);
    }
    expect(kinds).toEqual(['deliver', 'ended']);
    pair.responder.flush(pair.nowMs);
    expect(pair.responder.kinds.slice(-1)).toEqual(['end_path']);
  });

  it('gives up data that makes no progress for 30 s, but sends END', () => {
    const pair = Pair.up({}, { limits: { windowBytesMax: 1000 } });
    pair.initiator.tunnel.handleLocalData(bytes(5000), pair.nowMs);
    pair.settle({ accepting: false });
    pair.initiator.tunnel.handleLocalClosed(pair.nowMs);
    for (let passed = 0; passed < 32_000; passed += 100) {
      pair.nowMs += 100;
      for (const end of pair.ends) end.tunnel.handleTimeout(pair.nowMs);
      pair.settle({ accepting: false });
    }
    expect(pair.responder.deliveredBytes).toBe(1000);
    expect(pair.responder.event('ended')).toMatchObject({ reason: 'beam_closed', byPeer: true });
    expect(pair.initiator.tunnel.state).toBe('closed');
  });

  it('half-closes: FIN ends one direction behind its data, the other goes on', () => {
    const pair = Pair.up();
    const { initiator, responder } = pair;
    initiator.tunnel.handleLocalData(bytes(10), pair.nowMs);
    initiator.tunnel.handleLocalEnd();
    expect(() => initiator.tunnel.handleLocalData(bytes(1), pair.nowMs)).toThrow('after its end');
    pair.settle();
    expect(responder.deliveredBytes).toBe(10);
    expect(responder.kinds.slice(-1)).toEqual(['deliver_end']);
    responder.tunnel.handleLocalData(bytes(20), pair.nowMs);
    pair.settle();
    pair.pass(100);
    expect(initiator.deliveredBytes).toBe(20);
    expect(initiator.tunnel.state).toBe('open');
    expect(initiator.tunnel.pollTimeout()?.why).toBe('liveness');
  });

  it('ends at once by command: END goes before unsent data', () => {
    const pair = Pair.up({}, { limits: { windowBytesMax: 100 } });
    pair.initiator.tunnel.handleLocalData(bytes(5000), pair.nowMs);
    pair.settle({ accepting: false });
    pair.initiator.tunnel.end('agent_stopped', 'update', pair.nowMs);
    pair.settle();
    expect(pair.responder.event('ended')).toMatchObject({
      reason: 'agent_stopped',
      text: 'update',
      byPeer: true,
    });
    expect(pair.responder.deliveredBytes).toBe(100);
    expect(pair.initiator.tunnel.state).toBe('closed');
  });

  it('refuses by END when the responder has no node to connect', () => {
    const pair = new Pair();
    pair.answer();
    pair.settle();
    pair.responder.tunnel.end('refused', '', pair.nowMs);
    pair.settle();
    expect(pair.initiator.event('ended')).toMatchObject({ reason: 'refused', byPeer: true });
    expect(pair.initiator.kinds).not.toContain('up');
    pair.responder.tunnel.localReady(pair.nowMs);
    expect(pair.responder.tunnel.pollOutput()).toBeUndefined();
  });

  it('crosses: both ends END at once, and both close', () => {
    const pair = Pair.up();
    for (const end of pair.ends) {
      end.tunnel.end('agent_stopped', '', pair.nowMs);
      end.flush(pair.nowMs);
    }
    pair.settle();
    expect([pair.initiator.tunnel.state, pair.responder.tunnel.state]).toEqual(['closed', 'closed']);
    const other = Pair.up({ resumes: false });
    other.initiator.tunnel.end('ok', '', other.nowMs);
    other.initiator.tunnel.handlePathEnd(0, other.nowMs);
    expect(other.initiator.tunnel.state).toBe('closing');
    other.initiator.flush(other.nowMs);
    expect(other.initiator.kinds.slice(-3)).toEqual(['ended', 'end_path', 'closed']);
    other.carry(other.initiator);
    expect(other.responder.event('ended')).toMatchObject({ reason: 'ok', byPeer: true });
  });

  it('resets the path when the peer does not finish it within 1 s of END', () => {
    const pair = Pair.up({ resumes: false });
    pair.initiator.tunnel.end('agent_stopped', '', pair.nowMs);
    pair.initiator.flush(pair.nowMs);
    pair.pass(999, false);
    expect(pair.initiator.tunnel.state).toBe('closing');
    pair.pass(1, false);
    pair.initiator.drainOutputs();
    expect(pair.initiator.kinds.slice(-4)).toEqual(['ended', 'end_path', 'reset_path', 'closed']);
  });

  it('takes a path that ends or is lost without END for loss, also in the middle of a record', () => {
    for (const cut of ['end', 'middle', 'lost', 'reset'] as const) {
      const pair = Pair.up({ resumes: false });
      pair.initiator.tunnel.handleLocalData(bytes(100), pair.nowMs);
      pair.initiator.flush(pair.nowMs);
      if (cut === 'middle') pair.carry(pair.initiator, 50);
      const { tunnel } = pair.responder;
      if (cut === 'lost') tunnel.handlePathClosed(0, { lost: true }, pair.nowMs);
      else if (cut === 'reset') tunnel.handlePathClosed(0, { code: 'beam_closed' }, pair.nowMs);
      else tunnel.handlePathEnd(0, pair.nowMs);
      pair.responder.drainOutputs();
      expect(pair.responder.event('ended')).toMatchObject({ reason: 'relay_lost', byPeer: false });
      expect(pair.responder.deliveredBytes).toBe(0);
      expect(pair.responder.kinds.slice(-1)).toEqual(['closed']);
      expect(tunnel.pollTimeout()).toBeUndefined();
    }
  });

  it('believes the code of a refused OPEN', () => {
    const pair = new Pair();
    pair.initiator.tunnel.handlePathClosed(0, { code: 'not_found' }, pair.nowMs);
    pair.initiator.drainOutputs();
    expect(pair.initiator.events).toMatchObject([{ kind: 'ended', reason: 'not_found' }, { kind: 'closed' }]);
    for (const code of ['ok', 'bad_tag', 'toString', 'code of a newer relay']) {
      expect(reasonFromPathCode(code)).toBe('relay_lost');
    }
  });

  it('bounds every step of the handshake in time', () => {
    const silent = new Pair();
    silent.pass(10_000, false);
    silent.responder.drainOutputs();
    expect(silent.responder.event('ended')).toMatchObject({ reason: 'timeout' });
    silent.pass(15_000, false);
    silent.initiator.drainOutputs();
    expect(silent.initiator.events).toMatchObject([
      { kind: 'ended', reason: 'timeout' },
      { kind: 'reset_path', code: 'timeout' },
      { kind: 'closed' },
    ]);
    const slow = new Pair({ limits: { establishTimeoutMs: 60_000 } });
    slow.answer();
    slow.settle();
    slow.pass(25_000);
    expect(slow.initiator.event('ended')).toMatchObject({ reason: 'timeout', byPeer: true });
  });

  it('ignores all input after it', () => {
    const pair = Pair.up();
    pair.initiator.tunnel.end('ok', '', pair.nowMs);
    pair.settle();
    const { tunnel } = pair.initiator;
    const before = pair.initiator.kinds.length;
    tunnel.handleLocalData(bytes(10), pair.nowMs);
    tunnel.handleLocalClosed(pair.nowMs);
    tunnel.handlePathData(0, bytes(10), pair.nowMs);
    tunnel.handlePathEnd(0, pair.nowMs);
    tunnel.handlePathClosed(0, { lost: true }, pair.nowMs);
    tunnel.end('ok', '', pair.nowMs);
    tunnel.handleTimeout(pair.nowMs + 1e6);
    pair.initiator.flush(pair.nowMs);
    expect(pair.initiator.kinds.length).toBe(before);
  });
});
