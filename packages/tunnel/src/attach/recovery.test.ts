import { describe, expect, it } from 'vitest';
import { Attaching } from '../../test/attaching.js';
import type { End } from '../../test/pair.js';
import { Tunnel } from '../tunnel.js';
import { Recovery } from './recovery.js';
import { Tombstones } from './tombstones.js';

const bytes = (count: number, value = 1): Uint8Array => new Uint8Array(count).fill(value);
/** When an output of this kind came up, in milliseconds from now on, as time passes at one end. */
function timesOf(pair: Attaching, end: End, kind: string, forMs: number): number[] {
  const times: number[] = [];
  const beganMs = pair.nowMs;
  const count = () => end.events.filter((event) => event.kind === kind).length;
  for (let seen = count(); pair.nowMs < beganMs + forMs; ) {
    pair.wait(1, [end]);
    for (; seen < count(); seen++) times.push(pair.nowMs - beganMs);
  }
  return times;
}

describe('path loss', () => {
  it('detaches an open tunnel, however the path goes and whatever code it names', () => {
    for (const cut of ['lost', 'reset', 'end', 'middle'] as const) {
      const pair = Attaching.attached();
      const { initiator, responder } = pair;
      initiator.tunnel.handleLocalData(bytes(100), pair.nowMs);
      initiator.flush(pair.nowMs);
      if (cut === 'middle') pair.carry(initiator, 50);
      const { tunnel } = responder;
      if (cut === 'lost') tunnel.handlePathClosed(0, { lost: true }, pair.nowMs);
      else if (cut === 'reset') tunnel.handlePathClosed(0, { code: 'beam_closed' }, pair.nowMs);
      else tunnel.handlePathEnd(0, pair.nowMs);
      responder.drainOutputs();
      expect(responder.event('ended')).toBeUndefined();
      const reason = { lost: 'path_lost', reset: 'path_reset', end: 'path_ended', middle: 'path_ended' }[cut];
      expect(responder.event('detached')).toEqual({
        kind: 'detached',
        reason,
        deadlineMs: pair.nowMs + 33_000,
      });
      expect(responder.deliveredBytes).toBe(0);
      pair.lose([initiator]);
      pair.open().settle();
      expect(responder.received).toEqual(bytes(100));
    }
  });
});

describe('the schedule', () => {
  it('tries at once, then after 100, 200, 400, 800, 1600 and each 2000 ms, 20 % more or less', () => {
    const pair = Attaching.attached();
    pair.lose();
    const times = [0, ...timesOf(pair, pair.initiator, 'open_path', 29_000)];
    const delays = times.slice(1).map((atMs, index) => atMs - times[index]!);
    [100, 200, 400, 800, 1600, ...new Array(delays.length - 5).fill(2000)].forEach((delayMs, index) => {
      expect(delays[index]).toBeGreaterThanOrEqual(delayMs * 0.8 - 1);
      expect(delays[index]).toBeLessThanOrEqual(delayMs * 1.2 + 1);
    });
    expect(new Set(delays.slice(5)).size).toBeGreaterThan(3);
    expect(delays.length).toBeGreaterThan(14);
  });

  it('waits two round trips for a try that is pending', () => {
    const recovery = new Recovery(30_000, () => Uint8Array.of(128));
    recovery.begin({ acked: 0, delivered: 0 }, 1000);
    expect(recovery.nextTryMs({ count: 0, srttMs: 400 })).toBe(1000);
    recovery.handleTry(1000);
    expect(recovery.nextTryMs({ count: 0, srttMs: 400 })).toBeCloseTo(1100, 0);
    expect(recovery.nextTryMs({ count: 1, srttMs: 400 })).toBe(1800);
  });
});

describe('hints', () => {
  it('bring the next try forward, once a second', () => {
    const pair = Attaching.attached();
    const { initiator } = pair;
    pair.lose();
    pair.wait(8000, [initiator]);
    const before = pair.wanted.length;
    const hint = (): number => {
      initiator.tunnel.handleHint(pair.nowMs);
      return pair.wanted.length - before;
    };
    expect([hint(), hint(), hint()]).toEqual([1, 1, 1]);
    pair.wait(999, [initiator]);
    expect(pair.wanted.length - before).toBe(1);
    pair.wait(1, [initiator]);
    expect(pair.wanted.length - before).toBe(2);
  });

  it('make an initiator with a path ask by PING, and a responder do nothing', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    for (const end of pair.ends) {
      end.tunnel.handleHint(pair.nowMs);
      end.flush(pair.nowMs);
    }
    expect(initiator.wireBytes).toBe(20 + 9);
    expect(responder.wireBytes).toBe(0);
    expect(initiator.tunnel.state).toBe('open');
  });

  it('are wanted from the responder at once and then each second, until a path is there', () => {
    const pair = Attaching.attached();
    const { responder } = pair;
    pair.lose();
    expect(responder.kinds.slice(-2)).toEqual(['detached', 'send_hint']);
    expect(timesOf(pair, responder, 'send_hint', 3500)).toEqual([1000, 2000, 3000]);
    pair.initiator.tunnel.handleHint(pair.nowMs);
    pair.open().settle();
    expect(timesOf(pair, responder, 'send_hint', 3500)).toEqual([]);
    expect(responder.events.filter(({ kind }) => kind === 'open_path')).toEqual([]);
  });
});

describe('the window', () => {
  it('ends the initiator’s tunnel 30 s after the loss, the responder’s 3 s later', () => {
    const pair = Attaching.attached();
    pair.lose();
    pair.wait(29_999);
    expect(pair.ends.map(({ tunnel }) => tunnel.state)).toEqual(['detached', 'detached']);
    pair.wait(1);
    expect(pair.initiator.event('ended')).toMatchObject({ reason: 'window_over', byPeer: false });
    expect(pair.initiator.kinds.at(-1)).toBe('closed');
    pair.wait(2999);
    expect(pair.responder.tunnel.state).toBe('detached');
    pair.wait(1);
    expect(pair.responder.event('ended')).toMatchObject({ reason: 'window_over' });
  });

  it('is the initiator’s at both ends', () => {
    const pair = Attaching.attached({ limits: { windowMs: 5000 } }, { limits: { windowMs: 60_000 } });
    pair.lose();
    pair.wait(5000);
    expect(pair.initiator.tunnel.state).toBe('closed');
    pair.wait(3000);
    expect(pair.responder.tunnel.state).toBe('closed');
  });

  it('goes on over attaches without progress, and begins anew with an offset that advances', () => {
    for (const progress of [false, true]) {
      const pair = Attaching.attached();
      pair.lose();
      pair.wait(25_000);
      const line = pair.open();
      line.settle();
      if (progress) {
        pair.initiator.tunnel.handleLocalData(bytes(1), pair.nowMs);
        line.settle();
        pair.wait(20);
        line.settle();
      }
      const { tunnel } = pair.initiator;
      tunnel.handlePathClosed(line.id(pair.initiator), { lost: true }, pair.nowMs);
      pair.wait(6000, [pair.initiator]);
      expect(tunnel.state).toBe(progress ? 'detached' : 'closed');
    }
  });

  it('begins anew with a PING answered 2 s after the commit', () => {
    const pair = Attaching.attached();
    pair.lose();
    pair.wait(25_000);
    const line = pair.open();
    line.settle();
    pair.wait(2000);
    line.settle();
    pair.initiator.tunnel.handlePathClosed(line.id(pair.initiator), { lost: true }, pair.nowMs);
    pair.wait(29_000, [pair.initiator]);
    expect(pair.initiator.tunnel.state).toBe('detached');
  });
});

describe('a flapping path', () => {
  it('ends the tunnel no_progress with the loss after 8 commits, which take 7 s or more', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    const beganMs = pair.nowMs;
    pair.lose();
    for (let commits = 1; commits <= 8; commits++) {
      const before = pair.wanted.length;
      while (commits > 1 && pair.wanted.length === before) pair.wait(10, [initiator]);
      const line = pair.open();
      line.carry(responder);
      line.carry(initiator);
      expect(initiator.tunnel.metrics.reattachments).toBe(commits);
      for (const end of pair.ends) end.tunnel.handlePathClosed(line.id(end), { lost: true }, pair.nowMs);
      for (const end of pair.ends) end.drainOutputs();
      expect(initiator.tunnel.state).toBe(commits < 8 ? 'detached' : 'closed');
    }
    expect(initiator.event('ended')).toMatchObject({ reason: 'no_progress' });
    expect(responder.event('ended')).toMatchObject({ reason: 'no_progress' });
    expect(pair.nowMs - beganMs).toBeGreaterThan(5600);
  });
});

describe('refusals', () => {
  const refuse = (pair: Attaching, code: string, via: string, bootId?: Uint8Array): void => {
    const { pathId } = pair.lastWanted;
    const closed = bootId === undefined ? { code, via } : { code, via, bootId };
    pair.initiator.tunnel.handlePathClosed(pathId, closed, pair.nowMs);
    pair.initiator.drainOutputs();
  };
  const isOver = (pair: Attaching): boolean => pair.initiator.tunnel.state === 'closed';
  const next = (pair: Attaching): void => {
    const before = pair.wanted.length;
    while (pair.wanted.length === before) pair.wait(10, [pair.initiator]);
  };

  it('unknown_tunnel is believed from two relays', () => {
    const pair = Attaching.attached();
    pair.lose();
    refuse(pair, 'unknown_tunnel', 'one');
    next(pair);
    expect(isOver(pair)).toBe(false);
    refuse(pair, 'unknown_tunnel', 'two');
    expect(pair.initiator.event('ended')).toMatchObject({ reason: 'unknown_tunnel', byPeer: false });
  });

  it('or from one, three times over 2 s', () => {
    const pair = Attaching.attached();
    pair.lose();
    const beganMs = pair.nowMs;
    let count = 0;
    for (; !isOver(pair) && count < 20; count++) {
      refuse(pair, 'unknown_tunnel', 'one');
      if (!isOver(pair)) next(pair);
    }
    expect(count).toBeGreaterThanOrEqual(3);
    expect(pair.nowMs - beganMs).toBeGreaterThanOrEqual(2000);
    expect(pair.nowMs - beganMs).toBeLessThan(6000);
  });

  it('or at once from an agent with another boot id', () => {
    const pair = Attaching.attached();
    pair.lose();
    refuse(pair, 'unknown_tunnel', 'one', bytes(16, 7)); // the same
    expect(isOver(pair)).toBe(false);
    next(pair);
    refuse(pair, 'unknown_tunnel', 'one', bytes(16, 8));
    expect(isOver(pair)).toBe(true);
  });

  it('of hints end a responder likewise, while it waits for a path, and an initiator never', () => {
    const pair = Attaching.attached();
    const { tunnel } = pair.responder;
    const refuseHint = (code: string, via: string): void => {
      tunnel.handleHintRefused({ code, via }, pair.nowMs);
      pair.initiator.tunnel.handleHintRefused({ code, via }, pair.nowMs);
      pair.responder.drainOutputs();
    };
    for (const via of ['one', 'two', 'three']) refuseHint('unknown_tunnel', via);
    expect(tunnel.state).toBe('open');
    pair.lose();
    for (const via of ['one', 'two', 'three']) refuseHint('superseded', via);
    refuseHint('unknown_tunnel', 'one');
    expect(tunnel.state).toBe('detached');
    refuseHint('unknown_tunnel', 'two');
    expect(pair.responder.event('ended')).toMatchObject({ reason: 'unknown_tunnel', byPeer: false });
    expect(pair.initiator.tunnel.state).toBe('detached');
  });

  it('a hint names its tunnel, and is no offer of one', () => {
    const pair = Attaching.attached();
    const { tunnel } = pair.responder;
    const { hintOffer } = tunnel;
    expect(Tunnel.readAttachOffer(hintOffer)).toEqual({ kind: 'hint', tunnelId: tunnel.tunnelId, epoch: 0 });
    expect(() => tunnel.respondAttach(hintOffer, pair.nowMs)).toThrow(
      expect.objectContaining({ code: 'bad_offer' }),
    );
    expect(() => new Tombstones().respondAttach(hintOffer, pair.nowMs)).toThrow(
      expect.objectContaining({ code: 'bad_offer' }),
    );
    expect(() => Tunnel.readAttachOffer(hintOffer.subarray(1))).toThrow(
      expect.objectContaining({ code: 'bad_offer' }),
    );
    expect(() => Tunnel.readAttachOffer(hintOffer.subarray(0, -1))).toThrow(
      expect.objectContaining({ code: 'bad_offer' }),
    );
  });

  it('a commit refutes what was said before', () => {
    const pair = Attaching.attached();
    pair.lose();
    refuse(pair, 'unknown_tunnel', 'one');
    next(pair);
    const line = pair.open();
    line.settle();
    pair.initiator.tunnel.handlePathClosed(line.id(pair.initiator), { lost: true }, pair.nowMs);
    next(pair);
    refuse(pair, 'unknown_tunnel', 'two');
    expect(isOver(pair)).toBe(false);
  });

  it('no other code ends the tunnel before its window is over, not_found from many relays neither', () => {
    const pair = Attaching.attached();
    pair.lose();
    const beganMs = pair.nowMs;
    for (let count = 0; pair.nowMs < beganMs + 25_000; count++) {
      refuse(pair, ['not_found', 'not_here', 'beam_closed', 'decrypt_failed'][count % 4]!, `relay ${count}`);
      next(pair);
    }
    expect(pair.initiator.tunnel.state).toBe('detached');
    pair.open().settle();
    expect(pair.initiator.tunnel.state).toBe('open');
  });
});

describe('make before break', () => {
  it('doubts a path that is silent with data outstanding, 400 ms before a PING and 400 ms after it', () => {
    const pair = Attaching.attached();
    const { initiator } = pair;
    initiator.tunnel.handleLocalData(bytes(10), pair.nowMs);
    initiator.flush(pair.nowMs);
    pair.wait(799, [initiator]);
    expect(initiator.tunnel.state).toBe('open');
    pair.wait(1, [initiator]);
    expect(initiator.events.slice(-2)).toMatchObject([
      { kind: 'detached', reason: 'silent' },
      { kind: 'open_path' },
    ]);
    // The old path stays: nothing of it was reset, and it still carries.
    initiator.tunnel.handleLocalData(bytes(5, 2), pair.nowMs);
    pair.settle();
    expect(initiator.kinds.slice(-2)).toEqual(['reset_path', 'resumed']);
    expect(initiator.events.at(-2)).toEqual({ kind: 'reset_path', pathId: 1, code: 'superseded' });
    expect(initiator.events.at(-1)).toEqual({ kind: 'resumed', pathId: 0 });
    expect(pair.responder.deliveredBytes).toBe(15);
    expect(initiator.tunnel.metrics.reattachments).toBe(0);
  });

  it('moves when another path commits first', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    initiator.tunnel.handleLocalData(bytes(10), pair.nowMs);
    initiator.flush(pair.nowMs);
    pair.wait(800, [initiator]);
    pair.open().settle();
    for (const end of pair.ends) {
      expect(end.events).toContainEqual({ kind: 'reset_path', pathId: 0, code: 'superseded' });
    }
    expect(responder.deliveredBytes).toBe(10);
  });

  it('takes a standstill for no round trip: a hint has the path doubted 8 s later at most', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    pair.lose();
    const line = pair.open();
    line.carry(responder);
    line.carry(initiator);
    // The first PING on the new path is answered after 4.9 s in which the responder stood still, and then nothing comes.
    pair.wait(4900, [initiator]);
    line.carry(responder);
    expect(initiator.tunnel.state).toBe('open');
    initiator.tunnel.handleHint(pair.nowMs);
    for (let second = 1; second <= 8; second++) {
      line.poll(initiator);
      pair.wait(1000, [initiator]);
      initiator.tunnel.handleHint(pair.nowMs);
    }
    expect(initiator.tunnel.state).toBe('detached');
  });

  it('asks an idle path after 15 s, and doubts it 2 s later', () => {
    const pair = Attaching.attached();
    pair.wait(15_000 - 20);
    pair.initiator.flush(pair.nowMs);
    expect(pair.initiator.wireBytes).toBeGreaterThan(0);
    pair.wait(1999);
    expect(pair.initiator.tunnel.state).toBe('open');
    pair.wait(21);
    expect(pair.initiator.tunnel.state).toBe('detached');
  });
});

describe('not resuming', () => {
  it('is agreed on by one side that doesn’t, and by protocol 1', () => {
    for (const [a, b] of [
      [{ resumes: false }, {}],
      [{}, { resumes: false }],
      [{ protocol: 1 }, { protocol: 1 }],
    ] as const) {
      const pair = Attaching.attached(a, b);
      for (const end of pair.ends) expect(end.event('up')).toMatchObject({ resumes: false });
      pair.lose();
      for (const end of pair.ends) {
        expect(end.event('ended')).toMatchObject({ reason: 'relay_lost' });
        expect(end.kinds.at(-1)).toBe('closed');
      }
    }
    expect(Attaching.attached().initiator.event('up')).toMatchObject({ resumes: true });
  });

  it('holds at the responder until the initiator has shown that it is up', () => {
    const pair = new Attaching();
    pair.answer();
    pair.settle();
    pair.responder.tunnel.localReady(pair.nowMs);
    pair.responder.flush(pair.nowMs);
    pair.responder.tunnel.handlePathClosed(0, { lost: true }, pair.nowMs);
    pair.responder.drainOutputs();
    expect(pair.responder.event('ended')).toMatchObject({ reason: 'relay_lost' });
  });
});
