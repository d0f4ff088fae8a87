import { describe, expect, it } from 'vitest';
import { Attaching } from '../../test/attaching.js';
import { concatBytes } from '../bytes.js';
import { noisePrologue } from '../handshake/context.js';
import { Tunnel } from '../tunnel.js';

const bytes = (count: number, value = 1): Uint8Array => new Uint8Array(count).fill(value);
const stale = expect.objectContaining({ code: 'stale_epoch', pathCode: 'superseded' });

describe('attach handshake', () => {
  it('has exactly the documented bytes', () => {
    const pair = Attaching.attached();
    pair.lose();
    const { offer } = pair.lastWanted;
    expect([...offer.subarray(0, 7)]).toEqual([1, 2, 2, 0, 0, 0, 1]);
    expect(offer.subarray(7, 39)).toEqual(pair.initiator.tunnel.tunnelId);
    expect(offer).toHaveLength(39 + 48);
    expect(Tunnel.readAttachOffer(offer)).toEqual({
      kind: 'attach',
      tunnelId: pair.initiator.tunnel.tunnelId,
      epoch: 1,
    });
    expect(Tunnel.readAttachOffer(pair.initiator.tunnel.offer)).toBeUndefined();
    const { answer } = pair.responder.tunnel.respondAttach(offer, pair.nowMs);
    expect(answer[0]).toBe(2);
    expect(answer).toHaveLength(1 + 48);
    const parties = { realm: 'r', initiatorName: 'a', responderName: 'b' };
    const prologue = noisePrologue({
      versions: Uint8Array.of(2),
      kind: 2,
      parties,
      tunnelId: bytes(32),
      epoch: 258,
    });
    const text = Buffer.from(prologue).toString('hex');
    expect(text.endsWith(`0001020001020001720001610001620020${'01'.repeat(32)}000400000102`)).toBe(true);
  });

  it('fails for every changed byte of the offer, and the tunnel is as before', () => {
    const pair = Attaching.attached();
    pair.lose([pair.initiator]);
    const { offer } = pair.lastWanted;
    for (let at = 0; at < offer.length; at++) {
      const changed = Uint8Array.from(offer);
      changed[at]! ^= 1;
      expect(() => pair.responder.tunnel.respondAttach(changed, pair.nowMs)).toThrow(
        expect.objectContaining({
          code: expect.stringMatching(
            /^(bad_offer|version_unsupported|not_attachable|decrypt_failed|stale_epoch)$/,
          ),
        }),
      );
    }
    expect(pair.responder.kinds).toEqual(['confirmed', 'up']);
    expect(pair.responder.tunnel.state).toBe('open');
  });

  it('fails for every changed byte of the answer, which costs that attach only', () => {
    for (let at = 0; at < 49; at += 4) {
      const pair = Attaching.attached();
      pair.lose();
      pair.open(pair.lastWanted, (answer) => {
        const changed = Uint8Array.from(answer);
        changed[at]! ^= 1;
        return changed;
      });
      const code = at === 0 ? 'version_unsupported' : 'decrypt_failed';
      expect(pair.initiator.events.at(-1)).toEqual({ kind: 'reset_path', pathId: 1, code });
      expect(pair.initiator.tunnel.state).toBe('detached');
      pair.wait(100 * 1.2);
      pair.open().settle();
      expect(pair.initiator.kinds.at(-1)).toBe('resumed');
    }
  });

  it('makes other keys for each epoch: records of one are none of another', () => {
    const pair = Attaching.attached();
    pair.lose();
    const first = pair.open();
    const ofFirst = first.poll(pair.responder);
    pair.wait(120);
    const second = pair.open();
    second.give(pair.initiator, ofFirst);
    expect(pair.initiator.events.at(-1)).toMatchObject({ kind: 'reset_path', pathId: 2 });
    first.give(pair.initiator, ofFirst);
    expect(pair.initiator.events.at(-1)).toEqual({ kind: 'resumed', pathId: 1 });
  });
});

describe('an attach', () => {
  it('commits at the initiator with the first record of the responder, and there with the initiator’s', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    pair.lose();
    const line = pair.open();
    expect([initiator.tunnel.state, responder.tunnel.state]).toEqual(['detached', 'detached']);
    expect(line.poll(initiator)).toHaveLength(0);
    line.carry(responder);
    expect([initiator.tunnel.state, responder.tunnel.state]).toEqual(['open', 'detached']);
    line.carry(initiator);
    expect([initiator.tunnel.state, responder.tunnel.state]).toEqual(['open', 'open']);
    for (const end of pair.ends) {
      expect(end.kinds.at(-1)).toBe('resumed');
      expect(end.tunnel.metrics).toMatchObject({ epoch: 1, reattachments: 1, detachedSinceMs: undefined });
    }
  });

  it('sends again what was lost, and only that', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    initiator.tunnel.handleLocalData(bytes(1000, 1), pair.nowMs);
    pair.settle();
    initiator.tunnel.handleLocalData(bytes(500, 2), pair.nowMs);
    initiator.flush(pair.nowMs);
    responder.tunnel.handleLocalData(bytes(70_000, 3), pair.nowMs);
    responder.flush(pair.nowMs);
    pair.lose();
    initiator.tunnel.handleLocalData(bytes(5, 4), pair.nowMs);
    expect(initiator.tunnel.metrics).toMatchObject({ ringBytes: 1505, bytesOut: 1500 });
    pair.open().settle();
    expect(responder.received).toEqual(concatBytes([bytes(1000, 1), bytes(500, 2), bytes(5, 4)]));
    expect(initiator.received).toEqual(bytes(70_000, 3));
    expect(initiator.tunnel.metrics).toMatchObject({ ringBytes: 0, bytesOut: 1505 });
  });

  it('changes nothing before it commits: the old path goes on', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    pair.lose([initiator]); // the responder still has its path
    const line = pair.open();
    responder.tunnel.handleLocalData(bytes(10), pair.nowMs);
    responder.flush(pair.nowMs);
    expect(responder.wireBytes).toBeGreaterThan(10);
    expect(responder.tunnel.state).toBe('open');
    line.carry(responder);
    line.carry(initiator);
    expect(responder.events.slice(-2)).toEqual([
      { kind: 'reset_path', pathId: 0, code: 'superseded' },
      { kind: 'resumed', pathId: line.id(responder) },
    ]);
    line.settle();
    expect(initiator.received).toEqual(bytes(10));
  });

  it('resets the old path at commit, and what comes on it later is not looked at', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    initiator.tunnel.handleLocalData(bytes(10), pair.nowMs);
    initiator.flush(pair.nowMs);
    const late = initiator.takeWire(1000);
    pair.lose([initiator]);
    pair.open().settle();
    expect(responder.received).toEqual(bytes(10));
    responder.tunnel.handlePathData(0, late, pair.nowMs);
    responder.tunnel.handlePathData(0, bytes(100), pair.nowMs);
    responder.tunnel.handlePathClosed(0, { lost: true }, pair.nowMs);
    responder.tunnel.handlePathEnd(0, pair.nowMs);
    responder.drainOutputs();
    expect(responder.tunnel.state).toBe('open');
    expect(responder.received).toEqual(bytes(10));
    expect(responder.tunnel.pollPath(0, pair.nowMs)).toBeUndefined();
  });

  it('takes ATTACH.received for a lower bound: what was acknowledged later over the old path is not sent again', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    initiator.tunnel.handleLocalData(bytes(100, 1), pair.nowMs);
    initiator.flush(pair.nowMs);
    // The initiator doubts its path, which still works slowly.
    pair.wait(2000, [initiator]);
    expect(initiator.tunnel.state).toBe('detached');
    const line = pair.open();
    const attach = line.poll(responder);
    pair.carry(initiator);
    pair.accept(responder);
    line.give(initiator, attach); // received: 0
    expect(initiator.tunnel.metrics).toMatchObject({ ringBytes: 100, unsentBytes: 100 });
    line.settle();
    expect(responder.received).toEqual(bytes(100, 1));
    expect(initiator.tunnel.metrics.ringBytes).toBe(0);
  });

  it('with an offset that was never sent ends the tunnel', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    // The responder has received more than this initiator has sent: the twin of its tunnel, with the same keys.
    const other = Attaching.attached();
    other.initiator.tunnel.handleLocalData(bytes(50), other.nowMs);
    other.settle();
    pair.lose();
    const { offer, pathId } = pair.lastWanted;
    const { answer, pathId: atPeer } = other.responder.tunnel.respondAttach(offer, other.nowMs);
    initiator.tunnel.handleAnswer(pathId, answer, pair.nowMs);
    const attach = concatBytes(other.responder.tunnel.pollPath(atPeer, other.nowMs)!);
    initiator.tunnel.handlePathData(pathId, attach, pair.nowMs);
    initiator.drainOutputs();
    expect(initiator.event('ended')).toMatchObject({ reason: 'offset_violation', byPeer: false });
    expect(responder.tunnel.state).toBe('detached');
  });

  it('needs an epoch above the last committed one that is not pending already', () => {
    const pair = Attaching.attached();
    pair.lose();
    const first = pair.lastWanted;
    pair.wait(120);
    const second = pair.lastWanted;
    const line = pair.open(second);
    expect(() => pair.responder.tunnel.respondAttach(second.offer, pair.nowMs)).toThrow(stale);
    line.settle();
    expect(() => pair.responder.tunnel.respondAttach(first.offer, pair.nowMs)).toThrow(stale);
    expect(() => pair.responder.tunnel.respondAttach(second.offer, pair.nowMs)).toThrow(stale);
    expect(pair.responder.tunnel.metrics.epoch).toBe(2);
  });

  it('is one of four pending ones at most; the newest stay, and each is given up after 10 s', () => {
    const pair = Attaching.attached();
    pair.lose();
    pair.wait(9000, [pair.initiator]);
    const { wanted } = pair;
    expect(wanted.length).toBeGreaterThan(6);
    const dropped = pair.initiator.events.filter((event) => event.kind === 'reset_path');
    expect(dropped).toHaveLength(wanted.length - 4);
    for (const { offer } of wanted.slice(1)) pair.responder.tunnel.respondAttach(offer, pair.nowMs);
    expect(() => pair.responder.tunnel.respondAttach(wanted[0]!.offer, pair.nowMs)).toThrow(stale);
    pair.responder.drainOutputs();
    const superseded = pair.responder.events.filter((event) => event.kind === 'reset_path');
    expect(superseded).toHaveLength(wanted.length - 5);
    pair.wait(10_000, [pair.responder]);
    const given = pair.responder.events.filter(
      (event) => event.kind === 'reset_path' && event.code === 'timeout',
    );
    expect(given).toHaveLength(4);
  });

  it('is refused by an initiator, an ended tunnel and one that does not resume', () => {
    const pair = Attaching.attached();
    pair.lose();
    const { offer } = pair.lastWanted;
    const refused = expect.objectContaining({ code: 'not_attachable', pathCode: 'unknown_tunnel' });
    expect(() => pair.initiator.tunnel.respondAttach(offer, pair.nowMs)).toThrow(refused);
    const plain = Attaching.attached({ resumes: false });
    expect(() => plain.responder.tunnel.respondAttach(offer, plain.nowMs)).toThrow(refused);
    expect(() => pair.responder.tunnel.respondAttach(pair.initiator.tunnel.offer, pair.nowMs)).toThrow(
      expect.objectContaining({ code: 'bad_offer' }),
    );
    pair.wait(40_000, [pair.responder]);
    expect(() => pair.responder.tunnel.respondAttach(offer, pair.nowMs)).toThrow(refused);
  });
});

describe('relays', () => {
  it('are told sealed, again after an attach, and come with open_path', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    responder.tunnel.setRelays(['https://one', 'https://two']);
    pair.settle();
    expect(initiator.event('peer_relays')).toEqual({
      kind: 'peer_relays',
      relays: ['https://one', 'https://two'],
    });
    pair.lose();
    expect(pair.lastWanted.hints).toEqual(['https://one', 'https://two']);
    responder.tunnel.setRelays(['https://three']);
    pair.open().settle();
    expect(initiator.events.filter((event) => event.kind === 'peer_relays').at(-1)).toEqual({
      kind: 'peer_relays',
      relays: ['https://three'],
    });
  });

  it('are at most 8 of 512 printable characters', () => {
    const { tunnel } = Attaching.attached().initiator;
    const bad = expect.objectContaining({ code: 'bad_option' });
    expect(() => tunnel.setRelays(new Array(9).fill('r'))).toThrow(bad);
    for (const relay of ['', 'x'.repeat(513), 'with space', 'ü'])
      expect(() => tunnel.setRelays([relay])).toThrow(bad);
    tunnel.setRelays(new Array(8).fill('x'.repeat(512)));
  });
});
