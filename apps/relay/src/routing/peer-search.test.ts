import { SeededRandom } from '@macula/testkit';
import { expect, it } from 'vitest';
import { coveredRelaysMax } from './limits.js';
import { Lines } from './lines.js';
import { PeerSearch } from './peer-search.js';
import { PeersTable } from './peers-table.js';
import type { PendingOpen } from './pending-open.js';
import { bytesKey } from './types.js';

it('a search asks few peers for relays that are none, however many somebody invents', () => {
  const random = new SeededRandom(1);
  const identity = random.bytes(32);
  const [peers, lines] = [new PeersTable(identity), new Lines()];
  const keys: string[] = [];
  for (let link = 1; link <= 64; link++) {
    const peer = { link, identity: random.bytes(32), dialled: true };
    peers.add(peer);
    lines.add(link, 0);
    keys.push(bytesKey(peer.identity));
  }
  const invented = new Map(keys.map((key) => [bytesKey(random.bytes(32)), key]));
  const view = {
    holders: () => [],
    relays: () => [...invented.keys()],
    mayReach: (relay: string, other: string) => invented.get(relay) === other,
  };
  const filters = { lacking: [], having: () => [] };
  const search = new PeerSearch({ identity, peers, lines, filters, view, rttMs: () => undefined });
  const asks = search.next(pendingOpen(random), 0);
  expect(asks?.peers.length).toBe(coveredRelaysMax);
});

function pendingOpen(random: SeededRandom): PendingOpen {
  const fields = { realm: 'r', from: 'a@x', to: 'b@x', visited: [], hopsLeft: 3, exclude: [] };
  const pathId = random.bytes(16);
  return {
    ...{ open: 1, link: 1000, pathKey: bytesKey(pathId), fromPeer: false, hopsLeft: 2, deadlineMs: 10_000 },
    ...{
      stage: 'peers',
      legs: new Map(),
      asked: new Map(),
      detours: new Map(),
      unlikely: new Set(),
      failure: undefined,
    },
    ...{ isEverybodyAsked: false, isLookedAgain: false, isCutOff: false },
    message: { kind: 'open', ...fields, pathId, offer: random.bytes(1) },
  };
}
