import { expect, it } from 'vitest';
import { type Choice, chooseScenarios } from './choose-scenarios.js';

const scenarios = [
  ['short', {}],
  ['long', { isLong: true }],
  ['nightly', { isLong: true, isNightly: true }],
  ['shaped', { drivers: ['netns'] }],
] as const;

it.each<[string, Partial<Choice>, string[]]>([
  ['nothing more', {}, ['short', 'long']],
  ['another driver', { driver: 'netns' }, ['short', 'long', 'shaped']],
  ['--quick', { quick: true }, ['short']],
  ['--full', { full: true }, ['short', 'long', 'nightly']],
  ['--full --quick', { full: true, quick: true }, ['short']],
  ['all names', { areNamed: true }, ['short', 'long', 'nightly', 'shaped']],
  ['all names and --quick', { areNamed: true, quick: true }, ['short', 'shaped']],
])('with %s', (_, asked, wanted) => {
  const chosen = chooseScenarios(scenarios, {
    ...{ driver: 'local', areNamed: false, quick: false, full: false },
    ...asked,
  });
  expect(chosen.map(([name]) => name)).toEqual(wanted);
});
