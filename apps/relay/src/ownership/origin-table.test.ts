import { describe, expect, it } from 'vitest';
import { OriginLog, type SaidEntry } from './origin-log.js';
import { OriginTable } from './origin-table.js';

const beat: SaidEntry = { kind: 'beat', digest: new Uint8Array(16) };
const claim: SaidEntry = {
  ...{ kind: 'claim', session: 1, realm: 'r', identity: new Uint8Array(32), bootId: new Uint8Array(16) },
  ...{ sessionSeq: 1, claimSeq: 0, names: ['a@x'], since: [1], claim: new Uint8Array(64) },
};

function log(number: number): OriginLog {
  const identity = new Uint8Array(32);
  identity.set([number & 255, number >> 8]);
  return new OriginLog(identity);
}

function tableOf(bounds: { originsMax?: number; bytesMax?: number }, exempt: readonly OriginLog[] = []) {
  const [peer, listed] = exempt;
  const table = new OriginTable({
    ...bounds,
    isPeer: (key) => key === peer?.key,
    isListed: (identity) => identity === listed?.identity,
  });
  const offer = (origin: OriginLog, sender: string, entry: SaidEntry = beat): boolean => {
    const hasRoom = table.makeRoom(origin, { entry, bytes: new Uint8Array(100), sender });
    if (hasRoom && entry.kind === 'claim') origin.bytes += 100;
    return hasRoom;
  };
  return { table, offer };
}

describe('a full table', () => {
  it('has room for neighbours and listed relays, whoever has filled it', () => {
    const [peer, listed] = [log(1000), log(1001)];
    const { table, offer } = tableOf({ originsMax: 20 }, [peer, listed]);
    for (let made = 0; made < 100; made++) offer(log(made), 'liar');
    expect([offer(peer, peer.key), offer(listed, 'other')]).toEqual([true, true]);
    expect(table.takeEvicted()).toHaveLength(2);
    for (let made = 100; made < 200; made++) offer(log(made), 'liar');
    expect([table.get(peer.key), table.get(listed.key)]).toEqual([peer, listed]);
    expect([...table.values()]).toHaveLength(20);
  });

  it('gives each relay that passes others on its share, and keeps the older ones of who has more', () => {
    const { table, offer } = tableOf({ originsMax: 20 });
    const made = Array.from({ length: 40 }, (_, number) => log(number));
    for (const origin of made) offer(origin, 'liar');
    const real = Array.from({ length: 15 }, (_, number) => log(500 + number));
    expect(real.map((origin) => offer(origin, 'hub')).filter((kept) => kept)).toHaveLength(10);
    expect(table.takeEvicted()).toEqual(made.slice(10, 20).reverse());
    expect(offer(log(999), 'liar')).toBe(false);
    expect(table.takeEvicted()).toEqual([]);
  });

  it('has the relays give way that say most, and none of those that say less', () => {
    const peer = log(1000);
    const { table, offer } = tableOf({ bytesMax: 1000 }, [peer]);
    const quiet = log(1);
    offer(quiet, 'hub', claim);
    const loud = log(2);
    while (offer(loud, 'liar', claim));
    expect(loud.bytes).toBe(900);
    expect(offer(quiet, 'hub', claim)).toBe(true);
    expect(table.takeEvicted()).toEqual([loud]);
    for (let count = 0; count < 10; count++) expect(offer(peer, peer.key, claim)).toBe(true);
    expect(table.takeEvicted()).toEqual([quiet]);
    expect(offer(log(3), 'liar', claim)).toBe(false);
  });

  it('still takes what needs no room: signs of life, neighbours, and the release of what is known', () => {
    const { offer } = tableOf({ bytesMax: 1000 });
    const origin = log(1);
    while (offer(origin, 'hub', claim));
    expect(offer(origin, 'hub', beat)).toBe(true);
    expect(offer(origin, 'hub', { kind: 'neighbours', relays: new Uint8Array(8) })).toBe(true);
    expect(offer(origin, 'hub', { kind: 'release', session: 7, keepMs: 0 })).toBe(false);
    const arrived = { version: 1, entry: claim, bytes: new Uint8Array(9), signature: new Uint8Array(64) };
    origin.take({ ...arrived, learnedMs: 0, epoch: 1, from: 0, told: { sender: 'hub', from: 0 } });
    expect(offer(origin, 'hub', { kind: 'release', session: 1, keepMs: 0 })).toBe(true);
  });
});
