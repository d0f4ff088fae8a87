import { describe, expect, it } from 'vitest';
import { type EtfReport, formatEtf, formsOf, missedByEtf } from './etf.js';
import { etfContestants } from './etf-contestants.js';
import { etfMixes } from './etf-mixes.js';

const { contestants, missing } = etfContestants('not asked for');

describe('the packages', () => {
  it.each([
    ['macula', ['calls', 'messages', 'document', 'rows']],
    ['erlang_js', ['calls', 'messages', 'document', 'rows']],
    ['@typescord/ftee', ['document', 'rows']],
    ['erlang', ['messages']],
    ['bert-elixir', ['messages']],
    ['etf.js', []],
  ])('%s writes the same terms of %s', (name, mixes) => {
    const contestant = contestants.find((candidate) => candidate.name === name)!;
    const written = etfMixes().filter((mix) => formsOf(contestant, mix) !== undefined);
    expect(written.map((mix) => mix.name)).toEqual(mixes);
  });

  it('that are missing are named with the reason', () => {
    expect(missing).toEqual(['erlpack (native): not asked for']);
  });
});

describe('the report', () => {
  const report: EtfReport = {
    rounds: 3,
    missing,
    mixes: [
      {
        name: 'rows',
        what: 'rows',
        bytes: 10,
        figures: [
          { name: 'macula', isNative: false, encodeUs: 2, decodeUs: 4 },
          { name: 'other', isNative: true, encodeUs: 3, decodeUs: 3 },
          { name: 'reader', isNative: false, encodeUs: undefined, decodeUs: 8 },
        ],
      },
    ],
  };

  it('names who is faster at what', () => {
    expect(missedByEtf(report)).toEqual(['rows, decode: other is faster']);
  });

  it('has ratios, and a dash for what a package has no form for', () => {
    const lines = formatEtf(report)
      .split('\n')
      .map((line) => line.replace(/ +/g, ' '));
    expect(lines).toContain(' other (native) 3.00 us 1.50x 3.00 us 0.75x');
    expect(lines).toContain(' reader - 8.00 us 2.00x');
  });
});
