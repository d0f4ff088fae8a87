import { mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RelayError } from '../errors.js';
import { peerAt } from '../testing/cached-peers.js';
import { cachedPeerAgeMsMax, cachedPeersMax } from './limits.js';
import { type CachedPeer, isCachedPeer, parsePeerCache, peerCacheText } from './peer-cache-file.js';

const nowMs = 1_800_000_000_000;
const peer = (index: number, seenMs = nowMs - index): CachedPeer => peerAt(index, seenMs);

describe('the text of a peer cache', () => {
  it('is what was written, the last seen first', () => {
    const peers = [peer(1), peer(2), peer(3)];
    expect(parsePeerCache(peerCacheText([peers[2]!, peers[0]!, peers[1]!]), nowMs)).toEqual(peers);
  });

  it('may have fields that are not known', () => {
    const text = JSON.stringify({ version: 1, more: 1, peers: [{ ...peer(1), region: 'x' }] });
    expect(parsePeerCache(text, nowMs)).toEqual([peer(1)]);
  });

  it('leaves out what was not seen for a week; what was seen in the future was seen now', () => {
    const [old, kept] = [peer(1, nowMs - cachedPeerAgeMsMax - 1), peer(2, nowMs - cachedPeerAgeMsMax)];
    expect(parsePeerCache(peerCacheText([old, kept, peer(3, nowMs + 5)]), nowMs)).toEqual([
      peer(3, nowMs),
      kept,
    ]);
  });

  it('has each relay once, as it was seen last, and so many at most', () => {
    const twice = [peer(1, nowMs - 9), { ...peer(1, nowMs - 5), url: 'tls://other:1' }];
    expect(parsePeerCache(peerCacheText(twice), nowMs)).toEqual([twice[1]]);
    const many = Array.from({ length: cachedPeersMax + 3 }, (_, index) => peer(index));
    expect(parsePeerCache(peerCacheText(many), nowMs)).toEqual(many.slice(0, cachedPeersMax));
  });

  it.each<[string, unknown]>([
    ['is no JSON object', []],
    ['has not version 1', { version: 2, peers: [] }],
    ['has no list of peers', { version: 1 }],
    ['peers[1] that is no object', { version: 1, peers: [peer(1), null] }],
    ['peers[0].id', { version: 1, peers: [{ ...peer(1), id: 'x' }] }],
    ['peers[0].url', { version: 1, peers: [{ ...peer(1), url: 'http://x' }] }],
    ['peers[0].url', { version: 1, peers: [{ ...peer(1), url: `https://x:4433#id=${peer(1).id}` }] }],
    ['peers[0].url', { version: 1, peers: [{ ...peer(1), url: `https://${'a'.repeat(600)}:4433` }] }],
    ['peers[0].seenMs', { version: 1, peers: [{ ...peer(1), seenMs: -1 }] }],
    ['peers[0].seenMs', { version: 1, peers: [{ ...peer(1), seenMs: '1' }] }],
  ])('that %s is refused', (why, value) => {
    expect(() => parsePeerCache(JSON.stringify(value), nowMs)).toThrow(why);
  });

  it('mutated caches are peers that can be dialled, or a RelayError with a remedy', () => {
    const text = Buffer.from(peerCacheText([peer(1), peer(2)]));
    let parsed = 0;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 8 }), (recipe) => {
        try {
          for (const found of parsePeerCache(Buffer.from(mutate(text, text, recipe)).toString(), nowMs)) {
            expect(isCachedPeer(found)).toBe(true);
            expect(nowMs - found.seenMs).toBeGreaterThanOrEqual(0);
          }
          parsed++;
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RelayError);
          expect((thrown as RelayError).remedy).not.toBe('');
        }
      }),
      { numRuns: runsOf(process.env, 3000) },
    );
    expect(parsed).toBeGreaterThan(0);
  });
});
