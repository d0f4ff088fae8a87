import { findLines, isScript, isTest, type Rule, withoutComments } from './tree.js';

// The patterns are put together from pieces, so that this file doesn't match itself.
const markers = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);
const focused = new RegExp(`\\b(it|test|describe)\\.${'on' + 'ly'}\\(`);
/** A skip names its reason in a comment on the same line; `skipIf` and `context.skip('reason')` carry their own. */
const skipped = new RegExp(`\\b(it|test|describe)\\.${'sk' + 'ip'}\\((?!.*//)`);
const silenced = new RegExp(`@ts-${'ig' + 'nore'}|@ts-${'no' + 'check'}`);
const printed = new RegExp(`\\bconsole\\.${'lo' + 'g'}\\(`);

/** Nothing unfinished, focused, silenced or printed for debugging. */
export const leftovers: Rule = (file) => {
  if (!isScript(file.path) && !/\.(erl|hrl|ex|exs)$/.test(file.path)) return [];
  const findings = [
    ...findLines(file, markers, 'unfinished'),
    ...findLines(file, focused, 'focused test'),
    ...findLines(file, skipped, 'skipped test without a reason'),
    ...findLines(file, silenced, 'silenced type check'),
  ];
  if (!/^packages\/[^/]+\/src\//.test(file.path) || isTest(file.path)) return findings;
  return [...findings, ...findLines({ ...file, text: withoutComments(file.text) }, printed, 'prints')];
};
