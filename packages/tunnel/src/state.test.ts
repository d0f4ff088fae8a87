import { describe, expect, it } from 'vitest';
import { End, endOptions, Pair, seededRandom } from '../test/pair.js';
import { handshakeOptions } from './options.js';
import { Path } from './paths/path.js';
import type { TunnelRecord } from './record-codec.js';
import { permissions } from './state.js';
import { Tunnel } from './tunnel.js';

const samples: Readonly<Record<TunnelRecord['kind'], TunnelRecord>> = {
  ready: { kind: 'ready', ticktimeSeconds: 1, edge: 1000, windowMs: 0 },
  data: { kind: 'data', start: 0, bytes: [Uint8Array.of(1)] },
  fin: { kind: 'fin', offset: 0 },
  ack: { kind: 'ack', received: 0, edge: 2_000_000 },
  ping: { kind: 'ping', number: 1 },
  pong: { kind: 'pong', number: 1 },
  end: { kind: 'end', code: 38, text: '' },
  attach: { kind: 'attach', received: 0, edge: 2_000_000 },
  gone: { kind: 'gone', code: 38, text: '' },
  relays: { kind: 'relays', relays: ['https://r'] },
};

/** A responder, and an initiator's path that sends whatever the test wants. */
class Probe {
  readonly end: End;
  readonly path: Path;

  constructor(state: 'confirming' | 'confirmed' | 'open' | 'draining') {
    const own = endOptions({ ownName: 'a@x', peerName: 'b@y', random: seededRandom(1) });
    const peer = endOptions({ ownName: 'b@y', peerName: 'a@x', random: seededRandom(2) });
    this.path = Path.initiate(handshakeOptions(own, 'initiator'));
    this.end = new End(Tunnel.respond(peer, this.path.offer!, 0));
    this.path.handleAnswer(this.end.tunnel.answer);
    if (state !== 'confirming') this.send(samples.ready);
    if (state === 'open' || state === 'draining') this.end.tunnel.localReady(0);
    if (state === 'draining') this.end.tunnel.handleLocalClosed(0);
    this.deliver();
    expect(this.end.tunnel.state).toBe(state);
  }

  send(record: TunnelRecord): void {
    this.path.seal(record);
    this.deliver();
  }

  deliver(): void {
    for (const piece of this.path.take() ?? []) this.end.tunnel.handlePathData(0, piece, 0);
    this.end.drainOutputs();
  }
}

describe('records in states', () => {
  for (const kind of Object.keys(samples) as TunnelRecord['kind'][]) {
    for (const state of ['confirming', 'confirmed', 'open', 'draining'] as const) {
      it(`${permissions[kind][state]}: ${kind} in ${state}`, () => {
        const probe = new Probe(state);
        const before = probe.end.kinds.length;
        probe.send(samples[kind]);
        const ended = probe.end.event('ended');
        if (permissions[kind][state] === 'refuse') {
          expect(['closing', 'closed']).toContain(probe.end.tunnel.state);
          expect(probe.end.deliveredBytes).toBe(0);
          expect(ended?.reason).toBe(state === 'draining' ? 'beam_closed' : 'unexpected_record');
        } else if (kind === 'end') {
          expect(ended).toMatchObject({ reason: 'beam_closed', byPeer: state !== 'draining' });
        } else {
          expect(['closing', 'closed']).not.toContain(probe.end.tunnel.state);
          expect(probe.end.deliveredBytes).toBe(
            permissions[kind][state] === 'take' && kind === 'data' ? 1 : 0,
          );
          if (permissions[kind][state] === 'drop') expect(probe.end.kinds.length).toBe(before);
        }
      });
    }
  }

  it('end the tunnel when their type or content is unknown, and deliver nothing', () => {
    for (const [bytes, reason] of [
      [Uint8Array.of(11, 1, 2, 3), 'bad_type'],
      [Uint8Array.of(5, 1), 'bad_record'],
      [new Uint8Array(0), 'bad_length'],
    ] as const) {
      const probe = new Probe('open');
      for (const piece of probe.path.established!.channel.seal([bytes])) {
        probe.end.tunnel.handlePathData(0, piece, 0);
      }
      probe.end.drainOutputs();
      expect(probe.end.event('ended')).toMatchObject({ reason, byPeer: false });
    }
  });

  it('behind END are not looked at', () => {
    const probe = new Probe('open');
    probe.path.seal(samples.end);
    probe.path.seal(samples.data);
    probe.deliver();
    expect(probe.end.deliveredBytes).toBe(0);
    expect(probe.end.kinds.slice(-2)).toEqual(['ended', 'end_path']);
  });

  it('are not sent behind end_path', () => {
    const probe = new Probe('open');
    probe.send(samples.end);
    expect(probe.end.tunnel.pollPath(0, 0)).toBeUndefined();
  });
});

describe('calls out of order', () => {
  it('throw bad_state and change nothing', () => {
    const pair = new Pair();
    const bad = expect.objectContaining({ code: 'bad_state' });
    expect(() => pair.initiator.tunnel.localReady(0)).toThrow(bad);
    expect(() => pair.responder.tunnel.localReady(0)).toThrow(bad);
    expect(() => pair.initiator.tunnel.handlePathData(0, Uint8Array.of(1), 0)).toThrow(bad);
    expect(() => pair.initiator.tunnel.answer).toThrow(bad);
    expect(() => pair.responder.tunnel.offer).toThrow(bad);
    expect(() => pair.responder.tunnel.handleAnswer(0, new Uint8Array(0), 0)).toThrow(bad);
    pair.answer();
    expect(() => pair.answer()).toThrow(bad);
    pair.settle();
    pair.responder.tunnel.localReady(pair.nowMs);
    expect(() => pair.responder.tunnel.localReady(pair.nowMs)).toThrow(bad);
    pair.settle();
    expect(pair.initiator.event('up')).toBeDefined();
  });
});
