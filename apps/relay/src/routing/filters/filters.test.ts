import { BloomFilter, decodeFilter, encodeDelta, encodeFilter } from '@macula/bloom';
import type { Filter, FilterDelta } from '@macula/wire';
import { describe, expect, it } from 'vitest';
import { filterNamesMin, peerFilterBytesMax } from '../limits.js';
import { PeersTable } from '../peers-table.js';
import { FilterExchange, type FilterOutput } from './filter-exchange.js';
import { filterKeyOf } from './filter-key.js';
import { PeerFilters } from './peer-filters.js';

const key = filterKeyOf(undefined);
const listed = (name: string, isListed = true) => ({ realm: 'r', name, isListed });
const peer = { link: 7, peer: 'the peer' };

function exchange(of: { readonly key?: Uint8Array; readonly epoch?: number } = {}): FilterExchange {
  const peers = new PeersTable(new Uint8Array(32));
  peers.add({ link: 7, identity: new Uint8Array(32).fill(1), dialled: true });
  return new FilterExchange({ key: of.key ?? key, epoch: of.epoch ?? 1 }, peers);
}

function drain(filters: FilterExchange): FilterOutput['message'][] {
  const messages: FilterOutput['message'][] = [];
  for (let output = filters.pollOutput(); output !== undefined; output = filters.pollOutput())
    messages.push(output.message);
  return messages;
}

/** Gives one what the other says; returns what it answers. */
function tell(from: FilterExchange, to: FilterExchange, nowMs = 0): FilterOutput['message'][] {
  for (const message of drain(from)) to.handleMessage(peer, message, nowMs);
  return drain(to);
}

describe('a filter', () => {
  it('holds what sessions here are called, per realm', () => {
    const [here, there] = [exchange(), exchange()];
    here.handleListed([listed('a@x'), listed('b@x')], 0);
    drain(here);
    here.handlePeerUp('the peer', 7);
    expect(there.lacks('the peer')).toBe(true);
    expect(tell(here, there)).toEqual([]);
    expect(there.lacks('the peer')).toBe(false);
    expect(there.having('r', 'a@x')).toEqual(['the peer']);
    expect(there.having('r', 'b@x')).toEqual(['the peer']);
    expect(there.having('other', 'a@x')).toEqual([]);
    expect(there.having('r', 'c@x')).toEqual([]);
  });

  it('tells changes at once, then 50 ms later at the earliest', () => {
    const [here, there] = [exchange(), exchange()];
    here.handlePeerUp('the peer', 7);
    tell(here, there);
    here.handleListed([listed('a@x')], 1000);
    tell(here, there);
    expect(there.having('r', 'a@x')).toEqual(['the peer']);
    here.handleListed([listed('a@x', false), listed('b@x')], 1010);
    here.handleListed([listed('c@x')], 1020);
    expect(drain(here)).toEqual([]);
    expect(here.pollTimeout()).toBe(0); // the first version is due
    here.handleTimeout(1020);
    expect(drain(here)).toMatchObject([{ kind: 'filter_version', epoch: 1, version: 1 }]);
    expect(here.pollTimeout()).toBe(1050);
    here.handleTimeout(1050);
    tell(here, there);
    expect(['a@x', 'b@x', 'c@x'].map((name) => there.having('r', name).length)).toEqual([0, 1, 1]);
  });

  it('that something is missing of is asked for, once a second at most', () => {
    const [here, there] = [exchange(), exchange()];
    here.handlePeerUp('the peer', 7);
    tell(here, there);
    here.handleListed([listed('a@x')], 1000);
    drain(here); // lost
    here.handleListed([listed('b@x')], 2000);
    const asked = tell(here, there, 2000);
    expect(asked).toEqual([{ kind: 'filter_ask' }]);
    here.handleListed([listed('c@x')], 2500);
    expect(tell(here, there, 2500)).toEqual([]);
    here.handleMessage(peer, asked[0]!, 2600);
    tell(here, there, 2600);
    expect(['a@x', 'b@x', 'c@x'].every((name) => there.having('r', name).length === 1)).toBe(true);
    here.handleListed([listed('d@x')], 3000);
    drain(here); // the last change is lost
    here.handleTimeout(8000);
    expect(tell(here, there, 8000)).toEqual([{ kind: 'filter_ask' }]);
  });

  it('of a later life takes the place of the earlier one, though its version is lower', () => {
    const [first, second, there] = [exchange(), exchange({ epoch: 2 }), exchange()];
    first.handleListed([listed('a@x')], 0);
    first.handleListed([listed('b@x')], 100);
    drain(first);
    first.handlePeerUp('the peer', 7);
    tell(first, there);
    second.handlePeerUp('the peer', 7);
    tell(second, there);
    expect(there.having('r', 'a@x')).toEqual([]);
    expect(there.lacks('the peer')).toBe(false);
  });

  it('of another key says nothing, and is not asked for again', () => {
    const [here, there] = [exchange({ key: filterKeyOf(new Uint8Array(16)) }), exchange()];
    here.handlePeerUp('the peer', 7);
    expect(tell(here, there)).toEqual([]);
    expect(there.lacks('the peer')).toBe(true);
    for (let nowMs = 1000; nowMs <= 50_000; nowMs += 1000) {
      here.handleListed([listed(`n${nowMs}@x`)], nowMs);
      here.handleTimeout(nowMs);
      const asked = tell(here, there, nowMs);
      expect(asked).toEqual(nowMs === 1000 ? [{ kind: 'filter_ask' }] : []);
    }
  });

  it('of which a piece was lost is asked for again', () => {
    const [here, there] = [exchange(), exchange()];
    here.handleListed(
      Array.from({ length: 40 * filterNamesMin }, (_, index) => listed(`n${index}@x`)),
      0,
    );
    here.handleTimeout(0);
    const pieces = drain(here).filter(({ kind }) => kind === 'filter');
    expect(pieces.length).toBeGreaterThan(1);
    there.handleMessage(peer, pieces[0]!, 0);
    here.handleTimeout(5000);
    expect(tell(here, there, 5000)).toEqual([{ kind: 'filter_ask' }]);
    there.handleMessage(peer, pieces[0]!, 5100); // and again
    const asked: number[] = [];
    for (let nowMs = 10_000; nowMs <= 70_000; nowMs += 5000) {
      here.handleTimeout(nowMs);
      if (tell(here, there, nowMs).length > 0) asked.push(nowMs);
    }
    expect(asked).toEqual([65_000]);
  });

  it('of a peer that is gone is forgotten, unless another peering with it stands', () => {
    const [here, there] = [exchange(), exchange()];
    here.handleListed([listed('a@x')], 0);
    drain(here);
    here.handlePeerUp('the peer', 7);
    tell(here, there);
    there.handlePeerDown('the peer', false);
    expect(there.having('r', 'a@x')).toEqual(['the peer']);
    there.handlePeerDown('the peer', true);
    expect(there.having('r', 'a@x')).toEqual([]);
    expect(there.size).toMatchObject({ filters: 0, bytes: there.size.bytes });
  });

  it('that contradicts itself is forgotten and asked for again', () => {
    const [here, there] = [exchange(), exchange()];
    here.handlePeerUp('the peer', 7);
    const [whole] = drain(here) as [Filter];
    there.handleMessage(peer, whole, 0);
    const { parameters } = decodeFilter(whole.part);
    const clearsWhatIsClear = encodeDelta({
      parameters,
      epoch: 1,
      baseVersion: 0,
      version: 1,
      set: [],
      cleared: [5],
    });
    const broken: FilterDelta = { kind: 'filter_delta', delta: clearsWhatIsClear };
    there.handleMessage(peer, broken, 0);
    expect(drain(there)).toEqual([{ kind: 'filter_ask' }]);
    expect(there.lacks('the peer')).toBe(true);
    there.handleMessage(peer, { kind: 'filter_delta', delta: Uint8Array.of(1, 2, 3) }, 500);
    expect(drain(there)).toEqual([]);
    there.handleMessage(peer, whole, 600);
    expect(there.lacks('the peer')).toBe(false);
  });

  it('grows with the names, in pieces that fit a message, and shrinks with them', () => {
    const [here, there] = [exchange(), exchange()];
    here.handlePeerUp('the peer', 7);
    tell(here, there);
    const names = Array.from({ length: 40 * filterNamesMin }, (_, index) => listed(`n${index}@x`));
    const { bytes } = here.size;
    here.handleListed(names, 0);
    const messages = drain(here);
    expect(messages.length).toBeGreaterThan(1);
    for (const message of messages) there.handleMessage(peer, message, 0);
    expect(names.every(({ name }) => there.having('r', name).length === 1)).toBe(true);
    const wrong = Array.from({ length: 20_000 }, (_, index) => there.having('r', `other${index}@x`).length);
    expect(wrong.reduce((sum, one) => sum + one, 0)).toBeLessThan(12); // 1.6 are to be expected of a full one
    here.handleListed(
      names.slice(1).map(({ name }) => listed(name, false)),
      100,
    );
    tell(here, there);
    expect(here.size).toEqual({ names: 1, filters: 0, bytes });
    expect(there.having('r', 'n0@x')).toEqual(['the peer']);
    expect(there.having('r', 'n1@x')).toEqual([]);
  });

  it('that claims nearly everything is none', () => {
    const [here, there] = [exchange(), exchange()];
    here.handlePeerUp('the peer', 7);
    const [whole] = drain(here) as [Filter];
    const { parameters, epoch } = decodeFilter(whole.part);
    const bytes = Math.ceil(parameters.bits / 8);
    const filled = (share: number) => {
      const bitmap = new Uint8Array(bytes);
      bitmap.fill(255, 0, Math.floor(share * (bytes - 1)));
      const part = encodeFilter(new BloomFilter({ parameters, epoch: epoch + 1, version: 0, bitmap }));
      return { ...whole, part, total: part.length };
    };
    there.handleMessage(peer, filled(0.59), 0);
    expect(there.lacks('the peer')).toBe(false);
    const other = exchange();
    other.handleMessage(peer, filled(0.61), 0);
    expect(other.lacks('the peer')).toBe(true);
    other.handleMessage(peer, whole, 100);
    expect(other.lacks('the peer')).toBe(false);
  });

  it('has no room where all together are too large', () => {
    const here = exchange();
    here.handleListed(
      Array.from({ length: 100_000 }, (_, index) => listed(`n${index}@x`)),
      0,
    );
    const whole = drain(here);
    const bytes = here.size.bytes;
    const filters = new PeerFilters((whole[0] as Filter).keyId);
    const fit = Math.floor(peerFilterBytesMax / bytes);
    for (let index = 0; index <= fit; index++)
      for (const message of whole) filters.handle(`peer ${index}`, message as Filter, 0);
    expect(filters.size.filters).toBe(fit);
    expect(filters.lacks(`peer ${fit - 1}`)).toBe(false);
    expect(filters.lacks(`peer ${fit}`)).toBe(true);
    filters.delete('peer 0');
    for (const message of whole) filters.handle(`peer ${fit}`, message as Filter, 0);
    expect(filters.lacks(`peer ${fit}`)).toBe(false);
  });

  it('of a realm with a zero byte in its name holds none of its names', () => {
    const here = exchange();
    here.handleListed([{ realm: 'a\0b', name: 'c@x', isListed: true }], 0);
    here.handleListed([{ realm: 'a\0b', name: 'c@x', isListed: false }], 100);
    expect(drain(here)).toEqual([]);
    expect(here.having('a\0b', 'c@x')).toEqual([]);
  });
});
