import { type Finding, findLines, importsOf, isScript, isTest, type Rule, withoutComments } from './tree.js';

const purePackages = new Set([
  'wire',
  'crypto',
  'bloom',
  'swim',
  'directory',
  'dist-protocol',
  'tunnel',
  'testkit',
]);
const allowedBuiltins: Readonly<Record<string, readonly string[]>> = { crypto: ['node:crypto'] };
const effects =
  /\bDate\.now\b|\bnew Date\(\)|\bperformance\.|\bset(Timeout|Interval|Immediate)\b|\bMath\.random\b|\bprocess\.|\bconsole\./;

/** Pure packages get time, chance and bytes as arguments: no Node modules, timers, clocks or environment. */
export const purity: Rule = (file) => {
  const name = /^packages\/([^/]+)\/src\//.exec(file.path)?.[1];
  if (name === undefined || !purePackages.has(name) || !isScript(file.path) || isTest(file.path)) return [];
  const builtins: Finding[] = importsOf(file)
    .filter(({ specifier }) => specifier.startsWith('node:') && !allowedBuiltins[name]?.includes(specifier))
    .map(({ specifier, line }) => ({ path: file.path, line, what: `pure package imports ${specifier}` }));
  const code = { path: file.path, text: withoutComments(file.text) };
  return [...builtins, ...findLines(code, effects, 'effect in a pure package')];
};
