import { SeededRandom, seedsOf, withReplayHint } from '@macula/testkit';
import { wireCodes } from '@macula/wire';
import { describe, expect, it } from 'vitest';
import {
  controlBurst,
  refusedIdentityMs,
  restingAccountsMax,
  strikesMax,
  unknownNameMs,
  unknownNamesMax,
} from '../limits.js';
import { parseQuotaLimits, type QuotaLimitsInput } from './parse-quota-limits.js';
import { identityLimitsDefault, identityLimitsOf, smallestLimits } from './quota-limits.js';
import { Quotas } from './quotas.js';

const ann = { identity: 'ann', realm: 'work', host: '192.0.2.1' };
const bob = { identity: 'bob', realm: 'work', host: '192.0.2.2' };

function quotas(limits: QuotaLimitsInput = {}): Quotas {
  return new Quotas(parseQuotaLimits(limits), () => 0);
}

/** Opens a stream and its OPEN to this name. */
function open(core: Quotas, id: number, link: number, to: string, nowMs: number, isKnown = false) {
  return (
    core.handleStream(id, link, nowMs) ??
    core.handleOpen(id, { realm: 'work', to, isKnown, isForAll: true }, nowMs)
  );
}

describe('sessions', () => {
  it('so many of an identity; one that replaces or supersedes another is no further one', () => {
    const core = quotas({ identity: { sessions: 2 } });
    const start = (link: number, names: string[]) => core.handleSession({ ...ann, link, names }, 0)?.code;
    expect([start(1, ['a@x']), start(2, ['b@x']), start(3, ['c@x'])]).toEqual([
      undefined,
      undefined,
      'session_limit',
    ]);
    expect(start(4, ['a@x'])).toBeUndefined();
    core.handleSuperseded(1);
    expect(start(5, ['c@x'])).toBe('session_limit');
    core.handleSessionOver(2);
    expect(start(6, ['c@x'])).toBeUndefined();
    expect(core.handleSession({ ...bob, link: 7, names: [] }, 0)).toBeUndefined();
  });

  it('without names count each: no boot id or name makes them one', () => {
    const core = quotas({ identity: { sessions: 3 } });
    const codes = [1, 2, 3, 4].map((link) => core.handleSession({ ...ann, link, names: [] }, 0)?.code);
    expect(codes).toEqual([undefined, undefined, undefined, 'session_limit']);
  });

  it('of a realm and of an address, where they have a limit, and the refusal says whose it is', () => {
    const realm = quotas({ realm: { sessions: 1 } });
    expect(realm.handleSession({ ...ann, link: 1, names: [] }, 0)).toBeUndefined();
    expect(realm.handleSession({ ...bob, link: 2, names: [] }, 0)?.text).toMatch(/limit of the realm: 1/);
    expect(realm.handleSession({ ...bob, realm: 'lobby', link: 2, names: [] }, 0)).toBeUndefined();
    const address = quotas({ address: { sessions: 1 } });
    expect(address.handleSession({ ...ann, link: 1, names: [] }, 0)).toBeUndefined();
    expect(address.handleSession({ ...bob, host: ann.host, link: 2, names: [] }, 0)?.text).toMatch(
      /limit of this address: 1/,
    );
    expect(address.handleSession({ ...bob, link: 2, names: [] }, 0)).toBeUndefined();
  });

  it('of a realm by its own limits, whatever it is called', () => {
    const realms = { constructor: { identity: { sessions: 1 } }, work: { realm: { sessions: 1 } } };
    const core = quotas({ realms });
    for (const realm of ['__proto__', 'toString'])
      expect(core.handleSession({ ...ann, realm, link: realm.length, names: [] }, 0)).toBeUndefined();
    const party = { ...bob, realm: 'constructor', names: [] };
    expect(core.handleSession({ ...party, link: 1 }, 0)).toBeUndefined();
    expect(core.handleSession({ ...party, link: 2 }, 0)?.code).toBe('session_limit');
  });
});

describe('names', () => {
  it('so many different ones of an identity over all its sessions', () => {
    const core = quotas({ identity: { names: 3 } });
    expect(core.handleSession({ ...ann, link: 1, names: ['a@x', 'b@x'] }, 0)).toBeUndefined();
    expect(core.handleSession({ ...ann, link: 2, names: ['c@x', 'd@x'] }, 0)?.code).toBe('name_limit');
    expect(core.handleSession({ ...ann, link: 2, names: ['b@x', 'c@x'] }, 0)).toBeUndefined();
    expect(core.handleNames(2, ['b@x', 'c@x', 'd@x'], 0)?.text).toMatch(/limit of this identity: 3/);
    expect(core.handleNames(2, ['b@x', 'd@x'], 0)).toBeUndefined();
    core.handleSessionOver(1);
    expect(core.handleNames(2, ['b@x', 'd@x', 'e@x'], 0)).toBeUndefined();
  });

  it('of a limit that was lowered stay, and none comes', () => {
    const core = quotas({ identity: { names: 3 } });
    core.handleSession({ ...ann, link: 1, names: ['a@x', 'b@x'] }, 0);
    const granted = { names: 1 };
    expect(core.handleSession({ ...ann, link: 2, names: ['a@x'], granted }, 0)).toBeUndefined();
    expect(core.handleNames(1, ['a@x', 'c@x'], 0)?.code).toBe('name_limit');
    expect(core.handleNames(1, ['a@x'], 0)).toBeUndefined();
  });
});

describe('granted limits', () => {
  it('the smallest wins, of the settings for all, those of the realm, and what is granted', () => {
    const limits = parseQuotaLimits({
      identity: { sessions: 9, tunnels: 100 },
      realms: { work: { identity: { sessions: 20 } } },
    });
    expect(identityLimitsOf(limits, 'work', { sessions: 30, tunnels: 50, bytesPerSecond: 7 })).toEqual({
      ...identityLimitsDefault,
      sessions: 20,
      tunnels: 50,
      bytesPerSecond: 7,
    });
    expect(identityLimitsOf(limits, 'lobby').sessions).toBe(9);
    expect(smallestLimits(identityLimitsDefault, {})).toEqual(identityLimitsDefault);
  });
});

describe('streams, OPENs and tunnels', () => {
  it('a stream counts as stream until its OPEN, as tunnel until it is refused or over', () => {
    const core = quotas({ identity: { streams: 2, tunnels: 3 } });
    core.handleSession({ ...ann, link: 1, names: [] }, 0);
    expect([1, 2, 3].map((id) => core.handleStream(id, 1, 0)?.code)).toEqual([
      undefined,
      undefined,
      'stream_limit',
    ]);
    const known = { realm: 'work', to: 'b@x', isKnown: true, isForAll: true };
    core.handleOpen(1, known, 0);
    core.handleOpen(2, known, 0);
    core.handleAnswer(1, 'ok', 0);
    expect([4, 5].map((id) => core.handleStream(id, 1, 0)?.code)).toEqual([undefined, 'tunnel_limit']);
    core.handleStreamOver(4);
    core.handleAnswer(2, 'refused', 0);
    expect([6, 7].map((id) => core.handleStream(id, 1, 0)?.code)).toEqual([undefined, 'stream_limit']);
    for (const id of [1, 2, 6]) core.handleStreamOver(id);
    expect(core.counts.streams).toBe(0);
    // Nothing of them is left in the account.
    for (const id of [8, 9, 10]) {
      expect(core.handleStream(id, 1, 0)).toBeUndefined();
      core.handleOpen(id, known, 0);
    }
    expect(core.handleStream(11, 1, 0)?.code).toBe('tunnel_limit');
  });

  it('come at the rate that is allowed, and the first refusals are told in full', () => {
    const core = quotas({ identity: { opensPerSecond: 1 } });
    core.handleSession({ ...ann, link: 1, names: [] }, 0);
    const results = Array.from({ length: 40 }, (_, id) => open(core, id, 1, 'b@x', 0, true));
    expect(results.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => undefined));
    expect(results[10]).toEqual({
      code: 'open_rate',
      text: `${wireCodes.open_rate.sentence} (limit of this identity: 1 a second in the long run; try again in 1 s)`,
      isTold: true,
    });
    expect(results.at(-1)).toMatchObject({ code: 'open_rate', isTold: false });
    expect(open(core, 100, 1, 'b@x', 1000, true)).toBeUndefined();
  });

  it('of a relay are not limited: its agents are, at their relays', () => {
    const core = quotas({ identity: { opensPerSecond: 1, streams: 1 } });
    core.handleSession({ ...ann, realm: '', link: 1, names: [] }, 0);
    for (let id = 0; id < 100; id++) expect(open(core, id, 1, 'b@x', 0)).toBeUndefined();
    expect(core.counts.streams).toBe(0);
  });
});

describe('names that no relay knows', () => {
  it('are asked for so often, and found ones cost nothing', () => {
    const core = quotas({ identity: { unknownNamesPerSecond: 1 } });
    core.handleSession({ ...ann, link: 1, names: [] }, 0);
    let id = 0;
    const ask = (to: string, code: 'ok' | 'not_found', nowMs: number) => {
      const refusal = open(core, ++id, 1, to, nowMs);
      core.handleAnswer(id, refusal?.code ?? code, nowMs);
      core.handleStreamOver(id);
      return refusal?.code;
    };
    for (let count = 0; count < 500; count++) expect(ask(`there-${count}@x`, 'ok', 0)).toBeUndefined();
    for (let count = 0; count < 200; count++) expect(ask(`no-${count}@x`, 'not_found', 0)).toBeUndefined();
    expect(ask('no-more@x', 'not_found', 0)).toBe('unknown_names');
    expect(ask('no-more@x', 'not_found', 1000)).toBeUndefined();
    expect(core.handleStream(++id, 1, 1000)).toBeUndefined();
    // What this relay knows itself needs no asking.
    expect(
      core.handleOpen(id, { realm: 'work', to: 'here@x', isKnown: true, isForAll: true }, 1000),
    ).toBeUndefined();
  });

  it('are not asked for again for 2 s, unless another relay comes or the name is heard of', () => {
    const core = quotas();
    core.handleSession({ ...ann, link: 1, names: [] }, 0);
    core.handleSession({ ...bob, link: 2, names: [] }, 0);
    let id = 0;
    const miss = (nowMs: number): void => {
      open(core, ++id, 1, 'no@x', nowMs);
      core.handleAnswer(id, 'not_found', nowMs);
    };
    miss(0);
    expect(open(core, ++id, 2, 'no@x', unknownNameMs - 1)?.code).toBe('not_found');
    expect(open(core, ++id, 2, 'no@x', unknownNameMs)).toBeUndefined();
    miss(5000);
    core.handleHeardOf('work', 'no@x');
    expect(open(core, ++id, 2, 'no@x', 5000)).toBeUndefined();
    miss(6000);
    core.handlePeerUp();
    expect(open(core, ++id, 2, 'no@x', 6000)).toBeUndefined();
  });

  it('of an OPEN that excludes sessions, or of another realm, say nothing to others', () => {
    const core = quotas();
    core.handleSession({ ...ann, realm: 'lobby', link: 1, names: [] }, 0);
    core.handleSession({ ...bob, link: 2, names: [] }, 0);
    open(core, 1, 1, 'b@x', 0); // from lobby into work
    core.handleAnswer(1, 'not_found', 0);
    core.handleStream(2, 2, 0);
    core.handleOpen(2, { realm: 'work', to: 'b@x', isKnown: false, isForAll: false }, 0);
    core.handleAnswer(2, 'not_found', 0);
    expect(open(core, 3, 2, 'b@x', 0)).toBeUndefined();
  });
});

describe('bytes', () => {
  it('are paced by the identity, and by the realm as a whole', () => {
    const core = quotas({ identity: { bytesPerSecond: 1_000_000 }, realm: { bytesPerSecond: 1_500_000 } });
    core.handleSession({ ...ann, link: 1, names: [] }, 0);
    core.handleSession({ ...bob, link: 2, names: [] }, 0);
    expect(core.handleBytes(1, 1_000_000, 0)).toBe(0);
    expect(core.handleBytes(1, 200_000, 0)).toBe(200);
    expect(core.handleBytes(2, 600_000, 0)).toBeCloseTo(200);
    expect(core.handleBytes(3, 1_000_000, 0)).toBe(0);
  });
});

describe('one identity that goes on and on', () => {
  it('loses its sessions with a code and gets none for 30 s; others and its neighbours keep theirs', () => {
    const core = quotas({ identity: { opensPerSecond: 1 } });
    core.handleSession({ ...ann, link: 1, names: [] }, 0);
    core.handleSession({ ...ann, link: 2, names: [] }, 0);
    core.handleSession({ ...bob, host: ann.host, link: 3, names: [] }, 0);
    for (let id = 0; id < 10 + strikesMax; id++) core.handleStream(id, 1, 0);
    expect(core.pollOutput()).toBeUndefined();
    core.handleStream(1_000_000, 1, 0);
    expect([core.pollOutput(), core.pollOutput()]).toMatchObject([
      { kind: 'close', link: 1, code: 'rate_limited', text: expect.stringContaining('try again in 30 s') },
      { kind: 'close', link: 2, code: 'rate_limited' },
    ]);
    expect(core.pollOutput()).toBeUndefined();
    for (const link of [1, 2]) core.handleSessionOver(link);
    expect(core.handleHello(ann, refusedIdentityMs - 1)).toMatchObject({ code: 'rate_limited' });
    core.handleTimeout(refusedIdentityMs - 1);
    expect(core.handleHello(ann, refusedIdentityMs - 1)).toMatchObject({ code: 'rate_limited' });
    expect(core.handleHello(ann, refusedIdentityMs)).toBeUndefined();
    expect(core.handleHello(bob, 0)).toBeUndefined();
  });

  it('so does one that says HELLO, or sends control messages, in a loop', () => {
    const core = quotas();
    let admitted = 0;
    for (let count = 0; count < 1000; count++) if (core.handleHello(ann, 0) === undefined) admitted++;
    expect(admitted).toBe(60);
    core.handleSession({ ...bob, link: 1, names: [] }, 0);
    const codes = Array.from({ length: controlBurst + 1 }, () => core.handleControl(1, 1, 0)?.code);
    expect(codes.filter((code) => code !== undefined)).toEqual(['rate_limited']);
  });
});

it('what is remembered is bounded, and nothing of it stays', () => {
  const core = quotas({ realm: { hellosPerSecond: 1000 }, address: { hellosPerSecond: 1000 } });
  for (let count = 0; count < restingAccountsMax + 1000; count++)
    core.handleHello({ identity: `${count}`, realm: `r${count}`, host: `h${count}` }, 0);
  expect(core.counts.accounts).toBe(3 * restingAccountsMax);
  core.handleSession({ ...ann, link: 1, names: [] }, 0);
  for (let id = 0; id < unknownNamesMax + 1000; id++) {
    // As many as an identity could ask for in an hour.
    open(core, id, 1, `no-${id}@x`, id * 200);
    core.handleAnswer(id, 'not_found', id * 200);
    core.handleStreamOver(id);
  }
  expect(core.counts.unknownNames).toBeLessThanOrEqual(unknownNamesMax);
  core.handleSessionOver(1);
  expect(core.pollTimeout()).toBeDefined();
  core.handleTimeout(10_000_000);
  expect(core.counts).toEqual({ accounts: 0, sessions: 0, streams: 0, unknownNames: 0 });
  expect(core.pollTimeout()).toBeUndefined();
});

it('after any sequence of events nothing is left, and no limit is exceeded', () => {
  const command = 'npx vitest run --project unit apps/relay/src/quota';
  const limits = { sessions: 3, names: 4, tunnels: 10, streams: 5 };
  for (const seed of seedsOf(process.env, 40)) {
    withReplayHint(seed, command, () => {
      const random = new SeededRandom(seed);
      const core = quotas({ identity: limits, realm: { sessions: 5, tunnels: 12 } });
      const links = new Map<number, { present: boolean; identity: string }>();
      const streams = new Map<number, { link: number; stage: 'opening' | 'open' | 'refused' }>();
      for (let step = 1; step <= 300; step++) {
        const names = Array.from({ length: random.integer(3) }, () => `n${random.integer(6)}@x`);
        const link = random.pick([...links.keys(), 0]);
        const stream = random.pick([...streams.keys(), 0]);
        switch (random.integer(8)) {
          case 0: {
            const party = random.pick([ann, bob]);
            if (core.handleSession({ ...party, link: step, names: [`${step}@x`] }, step) === undefined)
              links.set(step, { present: true, identity: party.identity });
            break;
          }
          case 1:
            core.handleSessionOver(link);
            links.delete(link);
            break;
          case 2:
            core.handleNames(link, names, step);
            break;
          case 3:
          case 4:
            if (links.has(link) && core.handleStream(step, link, step) === undefined)
              streams.set(step, { link, stage: 'opening' });
            break;
          case 5: {
            const refusal = core.handleOpen(
              stream,
              { realm: 'work', to: 'x@x', isKnown: true, isForAll: true },
              step,
            );
            const entry = streams.get(stream);
            if (entry?.stage === 'opening') entry.stage = 'open';
            expect(refusal).toBeUndefined();
            break;
          }
          case 6: {
            const code = random.pick(['ok', 'refused'] as const);
            core.handleAnswer(stream, code, step);
            const entry = streams.get(stream);
            if (entry !== undefined && code !== 'ok') entry.stage = 'refused';
            break;
          }
          case 7:
            core.handleStreamOver(stream);
            streams.delete(stream);
            break;
        }
        for (const identity of ['ann', 'bob']) {
          const own = [...streams.values()].filter(({ link: of }) => links.get(of)?.identity === identity);
          expect(own.filter(({ stage }) => stage !== 'refused').length).toBeLessThanOrEqual(limits.tunnels);
          expect(own.filter(({ stage }) => stage === 'opening').length).toBeLessThanOrEqual(limits.streams);
          const sessions = [...links.values()].filter((session) => session.identity === identity);
          expect(sessions.length).toBeLessThanOrEqual(limits.sessions);
        }
        expect(links.size).toBeLessThanOrEqual(5);
      }
      for (const id of streams.keys()) core.handleStreamOver(id);
      for (const link of links.keys()) core.handleSessionOver(link);
      core.handleTimeout(10_000_000);
      expect(core.counts).toEqual({ accounts: 0, sessions: 0, streams: 0, unknownNames: 0 });
    });
  }
});
