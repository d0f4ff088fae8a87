import { SeededRandom, seedsOf, withReplayHint } from '@macula/testkit';
import { describe, expect, it } from 'vitest';
import { GuessLimiter, type GuessTry } from './guess-limiter.js';
import {
  guessFailuresMax,
  guessSourcesMax,
  guessSpacingMs,
  guessWindowMs,
  handshakesAtOnceMax,
  provenSourcesMax,
} from './limits.js';

/** An identity that differs from that of any other number. */
function identity(number: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** What a try is answered with. */
function ask(limiter: GuessLimiter, source: number, peer: string, nowMs: number): string {
  const answer = limiter.handleOpen({ source: identity(source), peer }, nowMs);
  return answer.kind === 'admitted' ? 'admitted' : answer.code;
}

function admitted(limiter: GuessLimiter, source: number, peer: string, nowMs: number): GuessTry {
  const answer = limiter.handleOpen({ source: identity(source), peer }, nowMs);
  if (answer.kind !== 'admitted') throw new Error(answer.code);
  return answer;
}

/** Tries once a second until it is told no. */
function failUntilRefused(limiter: GuessLimiter, source: number, peer: string, fromMs: number): number {
  for (let tries = 0; ; tries++) {
    if (ask(limiter, source, peer, fromMs + tries * 1000) === 'too_many_failures') return tries;
  }
}

describe('failed confirmations', () => {
  it('five of a pair, then one try in 30 s, for as long as it goes on; told once', () => {
    const limiter = new GuessLimiter();
    let tries = 0;
    let news = 0;
    for (let nowMs = 0; nowMs < 3_600_000; nowMs += 500) {
      const answer = limiter.handleOpen({ source: identity(1), peer: 'bad@x' }, nowMs);
      if (answer.kind === 'admitted') tries++;
      else if (answer.isNews) news++;
    }
    expect(tries).toBe(guessFailuresMax + Math.floor((3_600_000 - 2000 - 1) / guessSpacingMs));
    expect(news).toBe(1);
  });

  it('count from the beginning of a try on, so that many at once are not many guesses', () => {
    const limiter = new GuessLimiter();
    const answers = Array.from({ length: 8 }, () => ask(limiter, 1, 'bad@x', 0));
    expect(answers.filter((answer) => answer === 'admitted')).toHaveLength(guessFailuresMax);
    expect(answers.slice(guessFailuresMax)).toEqual(Array(3).fill('too_many_failures'));
  });

  it('are counted per name and source: neither slows down another', () => {
    const limiter = new GuessLimiter();
    expect(failUntilRefused(limiter, 1, 'a@x', 0)).toBe(guessFailuresMax);
    expect(ask(limiter, 1, 'b@x', 10_000)).toBe('admitted');
    expect(ask(limiter, 2, 'a@x', 10_000)).toBe('admitted');
    expect(ask(limiter, 1, 'a@x', 10_000)).toBe('too_many_failures');
  });

  it('are cleared by a success of that pair, and of no other', () => {
    const limiter = new GuessLimiter();
    for (const peer of ['a@x', 'b@x']) failUntilRefused(limiter, 1, peer, 0);
    const again = admitted(limiter, 1, 'a@x', 60_000);
    expect(ask(limiter, 1, 'a@x', 61_000)).toBe('too_many_failures');
    limiter.handleConfirmed(again);
    expect(failUntilRefused(limiter, 1, 'a@x', 62_000)).toBe(guessFailuresMax);
    expect(ask(limiter, 1, 'b@x', 70_000)).toBe('admitted');
    expect(ask(limiter, 1, 'b@x', 71_000)).toBe('too_many_failures');
  });

  it('are told again when a pair fails anew after a success', () => {
    const limiter = new GuessLimiter();
    failUntilRefused(limiter, 1, 'a@x', 0);
    limiter.handleConfirmed(admitted(limiter, 1, 'a@x', 60_000));
    for (let tries = 0; tries < guessFailuresMax; tries++) admitted(limiter, 1, 'a@x', 61_000 + tries * 1000);
    expect(limiter.handleOpen({ source: identity(1), peer: 'a@x' }, 67_000)).toMatchObject({ isNews: true });
  });

  it('are forgotten after 10 min', () => {
    const limiter = new GuessLimiter();
    failUntilRefused(limiter, 1, 'a@x', 0);
    expect(failUntilRefused(limiter, 1, 'a@x', 4000 + guessWindowMs)).toBe(guessFailuresMax);
  });

  it('don’t include a try that was never answered', () => {
    const limiter = new GuessLimiter();
    for (let tries = 0; tries < 50; tries++)
      limiter.handleReleased(admitted(limiter, 1, 'a@x', tries * 1000));
    expect(failUntilRefused(limiter, 1, 'a@x', 60_000)).toBe(guessFailuresMax);
  });

  it('can’t be pushed out by tries that are given up before they are answered', () => {
    const limiter = new GuessLimiter();
    let guesses = 0;
    for (let nowMs = 0; nowMs < 3_600_000; nowMs += 250) {
      const answer = limiter.handleOpen({ source: identity(1), peer: 'a@x' }, nowMs);
      if (answer.kind === 'refused') continue;
      if (nowMs % 500 === 0) limiter.handleReleased(answer);
      else guesses++;
    }
    expect(guesses).toBeLessThanOrEqual(guessFailuresMax + 3_600_000 / guessSpacingMs);
  });

  it('of dynamic nodes, and of names beyond the fourth, count together for their source', () => {
    const limiter = new GuessLimiter();
    let guesses = 0;
    for (let name = 0; name < 500; name++) {
      const peer = name % 2 === 0 ? `undefined@h${name}` : `n${name}@x`;
      if (ask(limiter, 1, peer, name * 1000) === 'admitted') guesses++;
    }
    // Four names with one try each here; the others share five, then one in 30 s.
    expect(guesses).toBeLessThanOrEqual(4 + guessFailuresMax + Math.ceil(500_000 / guessSpacingMs));
    expect(failUntilRefused(limiter, 2, 'undefined@h', 500_000)).toBe(guessFailuresMax);
    expect(ask(limiter, 2, 'undefined@elsewhere', 505_000)).toBe('too_many_failures');
    expect(ask(limiter, 3, 'undefined@h', 505_000)).toBe('admitted');
  });

  it('of a name that this node has just reached are forgiven, one each time', () => {
    const limiter = new GuessLimiter();
    for (let round = 0; round < 100; round++) {
      expect(ask(limiter, 1, 'a@x', round * 1000)).toBe('admitted');
      limiter.handleOutgoingUp('a@x');
    }
    failUntilRefused(limiter, 1, 'a@x', 100_000);
    limiter.handleOutgoingUp('b@x');
    expect(ask(limiter, 1, 'a@x', 106_000)).toBe('too_many_failures');
    limiter.handleOutgoingUp('a@x');
    expect([ask(limiter, 1, 'a@x', 107_000), ask(limiter, 1, 'a@x', 108_000)]).toEqual([
      'admitted',
      'too_many_failures',
    ]);
  });
});

describe('first handshakes', () => {
  it('of one source come at most 10 at once and 5 a second', () => {
    const limiter = new GuessLimiter();
    let tries = 0;
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 10) {
      const attempt = limiter.handleOpen({ source: identity(1), peer: 'a@x' }, nowMs);
      if (attempt.kind === 'refused') continue;
      tries++;
      limiter.handleReleased(attempt);
    }
    expect(tries).toBe(60);
  });

  it('that succeed are no guesses: a node may come and go as fast as it likes', () => {
    const limiter = new GuessLimiter();
    for (let round = 0; round < 1000; round++)
      limiter.handleConfirmed(admitted(limiter, round % 200, 'a@x', round));
  });

  it('of strangers come at most 100 at once and 20 a second, whoever they are', () => {
    const limiter = new GuessLimiter();
    let tries = 0;
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 10) {
      for (let more = 0; more < 10; more++) {
        if (ask(limiter, nowMs * 10 + more, 'a@x', nowMs) === 'admitted') tries++;
      }
    }
    expect(tries).toBe(300);
  });

  it('of a cluster that starts at once all fit: 12 nodes, 4 tries each, then 25', () => {
    for (const nodes of [12, 25]) {
      const limiter = new GuessLimiter();
      for (let round = 0; round < 4; round++) {
        for (let node = 0; node < nodes; node++)
          expect(ask(limiter, node, `n${node}@x`, round)).toBe('admitted');
      }
    }
  });

  it('of a source that has proven the cookie are not kept out by strangers', () => {
    const limiter = new GuessLimiter();
    limiter.handleConfirmed(admitted(limiter, 1, 'a@x', 0));
    for (let stranger = 2; ask(limiter, stranger, 'b@x', 1000) === 'admitted'; stranger++);
    expect(ask(limiter, 1_000_000, 'c@x', 1000)).toBe('busy');
    expect(ask(limiter, 1, 'a@x', 1000)).toBe('admitted');
  });

  it('that are refused cost nobody anything', () => {
    const limiter = new GuessLimiter();
    for (let tries = 0; tries < 10_000; tries++) ask(limiter, 1, 'a@x', 0);
    for (let node = 2; node < 2 + handshakesAtOnceMax - guessFailuresMax; node++)
      expect(ask(limiter, node, 'n@x', 0)).toBe('admitted');
  });
});

describe('memory', () => {
  it('is bounded against many identities, and they reset nobody’s count', () => {
    const limiter = new GuessLimiter();
    let nowMs = 0;
    failUntilRefused(limiter, 0, 'a@x', nowMs);
    let guesses = 0;
    for (let stranger = 1; nowMs < 2 * guessWindowMs; stranger++) {
      nowMs += 25;
      ask(limiter, stranger, `n${stranger}@x`, nowMs);
      if (stranger % 40 !== 0) continue;
      if (ask(limiter, 0, 'a@x', nowMs) === 'admitted') guesses++;
      expect(limiter.size).toBeLessThanOrEqual(guessSourcesMax);
    }
    expect(guesses).toBeLessThanOrEqual(nowMs / guessSpacingMs);
    // When they stop, what they left goes.
    const busyMs = nowMs + guessWindowMs + 1;
    expect(ask(limiter, 5_000_000, 'a@x', busyMs)).toBe('admitted');
    expect(limiter.size).toBe(1);
  });

  it('is bounded for those who have proven the cookie', () => {
    const limiter = new GuessLimiter();
    for (let node = 0; node < provenSourcesMax + 50; node++)
      limiter.handleConfirmed(admitted(limiter, node, 'a@x', node * 60));
    expect(limiter.size).toBe(provenSourcesMax);
  });

  it('a pair gets no more than its guesses in any 10 min, whatever it and others do', () => {
    for (const seed of seedsOf(process.env, 20)) {
      withReplayHint(seed, 'npx vitest run --project unit packages/client/src/guess-limiter', () => {
        const random = new SeededRandom(seed);
        const limiter = new GuessLimiter();
        const guessed = new Map<string, number[]>();
        for (let nowMs = 0, step = 0; step < 1500; step++, nowMs += random.integer(2000)) {
          const [source, peer] = [random.integer(4), `${random.pick(['a', 'b', 'c', 'undefined'])}@x`];
          const answer = limiter.handleOpen({ source: identity(source), peer }, nowMs);
          if (answer.kind === 'refused') continue;
          const pair = `${source} ${peer}`;
          if (random.chance(0.1)) limiter.handleReleased(answer);
          else if (source === 0 && random.chance(0.3)) {
            limiter.handleConfirmed(answer);
            guessed.delete(pair);
          } else guessed.set(pair, [...(guessed.get(pair) ?? []), nowMs]);
          const recent = (guessed.get(pair) ?? []).filter((atMs) => nowMs - atMs < guessWindowMs);
          if (recent.length <= guessFailuresMax) continue;
          expect(recent.length).toBeLessThanOrEqual(guessFailuresMax + guessWindowMs / guessSpacingMs);
          expect(nowMs - recent.at(-2)!).toBeGreaterThanOrEqual(guessSpacingMs);
        }
      });
    }
  });
});
