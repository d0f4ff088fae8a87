import { describe, expect, it } from 'vitest';
import { Attaching, type Line } from '../../test/attaching.js';
import { Tombstones } from './tombstones.js';

const bytes = (count: number, value = 1): Uint8Array => new Uint8Array(count).fill(value);

/** The tunnel goes on over a path that the initiator wants next. */
function again(pair: Attaching): Line {
  const line = pair.open();
  line.settle();
  return line;
}

describe('the end of a tunnel on several paths', () => {
  it('sends FIN again, and it counts once', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    initiator.tunnel.handleLocalData(bytes(10), pair.nowMs);
    initiator.tunnel.handleLocalEnd();
    initiator.flush(pair.nowMs);
    pair.lose();
    const line = again(pair);
    expect(responder.received).toEqual(bytes(10));
    expect(responder.kinds.filter((kind) => kind === 'deliver_end')).toHaveLength(1);
    for (const end of pair.ends) end.tunnel.handlePathClosed(line.id(end), { lost: true }, pair.nowMs);
    pair.wait(300, [initiator]);
    again(pair);
    expect(responder.kinds.filter((kind) => kind === 'deliver_end')).toHaveLength(1);
    expect(initiator.tunnel.metrics.ringBytes).toBe(0);
    responder.tunnel.handleLocalData(bytes(5), pair.nowMs);
    pair.settle();
    expect(responder.tunnel.state).toBe('open');
  });

  it('of a local close while detached: everything, END included, arrives over the next path', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    pair.lose();
    initiator.tunnel.handleLocalData(bytes(5000), pair.nowMs);
    initiator.tunnel.handleLocalClosed(pair.nowMs);
    initiator.drainOutputs();
    expect(initiator.tunnel.state).toBe('draining');
    pair.wait(20_000);
    again(pair);
    expect(responder.received).toEqual(bytes(5000));
    expect(responder.event('ended')).toMatchObject({ reason: 'beam_closed', byPeer: true });
    expect(pair.ends.map(({ tunnel }) => tunnel.state)).toEqual(['closed', 'closed']);
  });

  it('sends END again when it may have been lost with its path, at either side', () => {
    for (const role of ['initiator', 'responder'] as const) {
      const pair = Attaching.attached();
      const closer = pair[role];
      const peer = pair.peerOf(closer);
      closer.tunnel.handleLocalData(bytes(300), pair.nowMs);
      closer.tunnel.handleLocalClosed(pair.nowMs);
      closer.flush(pair.nowMs);
      expect(closer.kinds.at(-1)).toBe('end_path');
      // A relay ends both halves in good order, and drops what it had.
      closer.takeWire(Number.POSITIVE_INFINITY);
      for (const end of pair.ends) end.tunnel.handlePathEnd(0, pair.nowMs);
      for (const end of pair.ends) end.drainOutputs();
      expect(peer.event('ended')).toBeUndefined();
      again(pair);
      expect(peer.received).toEqual(bytes(300));
      expect(peer.event('ended')).toMatchObject({ reason: 'beam_closed', byPeer: true });
      expect(closer.tunnel.state).toBe('closed');
      expect(closer.kinds.filter((kind) => kind === 'ended')).toHaveLength(1);
    }
  });

  it('gives a draining tunnel its time again when the old path comes back late', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    initiator.tunnel.handleLocalData(bytes(200_000), pair.nowMs);
    initiator.flush(pair.nowMs, 1);
    initiator.tunnel.handleLocalClosed(pair.nowMs);
    pair.wait(30_400, [initiator]); // draining may take 30 s, the window is over after 30.8 s
    expect(initiator.tunnel.state).toBe('draining');
    responder.tunnel.handleLocalData(bytes(1), pair.nowMs); // a sign of life that acknowledges nothing
    responder.flush(pair.nowMs);
    pair.carry(responder);
    initiator.tunnel.handleTimeout(pair.nowMs + 1);
    pair.settle();
    expect(responder.deliveredBytes).toBe(200_000);
    expect(responder.event('ended')).toMatchObject({ reason: 'beam_closed', byPeer: true });
  });

  it('takes no more time than the window when nobody answers', () => {
    const pair = Attaching.attached();
    pair.initiator.tunnel.handleLocalClosed(pair.nowMs);
    pair.lose();
    pair.wait(30_000, [pair.initiator]);
    expect(pair.initiator.tunnel.state).toBe('closed');
    expect(pair.initiator.kinds).not.toContain('detached');
  });

  it('is told by the tombstone when only the answer to END was lost', () => {
    const tombstones = new Tombstones();
    const pair = Attaching.attached({}, { tombstones });
    const { initiator, responder } = pair;
    initiator.tunnel.end('agent_stopped', '', pair.nowMs);
    initiator.flush(pair.nowMs);
    pair.carry(initiator);
    responder.flush(pair.nowMs);
    expect(responder.tunnel.state).toBe('closed');
    pair.lose([initiator]);
    const { offer, pathId } = pair.lastWanted;
    const { answer, records } = tombstones.respondAttach(offer, pair.nowMs)!;
    initiator.tunnel.handleAnswer(pathId, answer, pair.nowMs);
    for (const record of records) initiator.tunnel.handlePathData(pathId, record, pair.nowMs);
    initiator.drainOutputs();
    expect(initiator.kinds.at(-1)).toBe('closed');
    expect(initiator.kinds.filter((kind) => kind === 'ended')).toHaveLength(1);
  });

  it('wipes and gives back everything', () => {
    const pair = Attaching.attached();
    pair.lose();
    pair.wait(1000, [pair.initiator]);
    const { wanted } = pair;
    pair.initiator.tunnel.end('ok', '', pair.nowMs);
    pair.wait(33_000);
    const reset = pair.initiator.events.flatMap((event) =>
      event.kind === 'reset_path' ? [event.pathId] : [],
    );
    for (const { pathId } of pair.wanted) expect(reset).toContain(pathId);
    expect(wanted.length).toBeGreaterThan(2);
    expect(pair.initiator.tunnel.pollTimeout()).toBeUndefined();
  });
});
