import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { propertyRuns } from '../../test/support.js';
import { matchesNamePattern, matchesPieces } from './name-pattern.js';

describe('patterns', () => {
  test.each([
    ['app@host', 'app@host'],
    ['*', 'anything@anywhere'],
    ['*', ''],
    ['app-*@10.0.*', 'app-1@10.0.0.5'],
    ['app-*@10.0.*', 'app-@10.0.'],
    ['*@host', '@host'],
    ['a**b', 'ab'],
    ['*aab*', 'aaab'],
    ['*a*a', 'aa'],
    ['ab*ba', 'abba'],
    ['knoten-é*', 'knoten-é1'],
    ['(a+)+.$', '(a+)+.$'],
  ])('%s fits %j', (pattern, name) => {
    expect(matchesNamePattern(pattern, name)).toBe(true);
  });

  test.each([
    ['app@host', 'app@host2'],
    ['app@host', 'xapp@host'],
    ['app@host', 'APP@host'],
    ['app-*@10.0.*', 'app-1@10.1.0.5'],
    ['*@host', 'a@host.example.org'],
    ['ab*ba', 'aba'],
    ['*a*a', 'a'],
    ['a.c', 'abc'],
    ['?', 'a'],
    ['a', ''],
  ])("%s doesn't fit %j", (pattern, name) => {
    expect(matchesNamePattern(pattern, name)).toBe(false);
  });

  test('agree with trying every way to share the name among the stars', () => {
    const letters = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength });
    fc.assert(
      fc.property(letters(8), letters(12), (pattern, text) => {
        const name = text.replaceAll('*', 'b');
        expect(matchesNamePattern(pattern, name)).toBe(matchesSomehow(pattern, name));
      }),
      { ...propertyRuns, numRuns: propertyRuns.numRuns * 10 },
    );
  });
});

describe('time', () => {
  test.each([
    ['many stars', `${'*a'.repeat(500)}*b`, 'a'.repeat(1020)],
    ['a piece that almost fits everywhere', `*${'a'.repeat(500)}b*`, 'a'.repeat(1020)],
    ['nested repetitions', `*${'aab'.repeat(100)}aac*`, 'aab'.repeat(340)],
    ['nothing but stars', '*'.repeat(1020), 'a'.repeat(1020)],
  ])('is linear: %s', (_, pattern, name) => {
    let reads = 0;
    const counted = (text: string): ArrayLike<number> =>
      new Proxy(
        [...text].map((unit) => unit.charCodeAt(0)),
        {
          get: (units, key) => {
            if (key !== 'length') reads++;
            return Reflect.get(units, key);
          },
        },
      );
    const pieces = pattern.split('*').map(counted);
    expect(matchesPieces(pieces, counted(name))).toBe(matchesNamePattern(pattern, name));
    // Each unit is read a few times; trying all ways would read 100,000 times and more.
    expect(reads).toBeLessThan(8 * (pattern.length + name.length));
  });
});

/** By definition: a star takes nothing, or one character and stays. */
function matchesSomehow(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  if (pattern[0] === '*')
    return matchesSomehow(pattern.slice(1), name) || (name !== '' && matchesSomehow(pattern, name.slice(1)));
  return pattern[0] === name[0] && matchesSomehow(pattern.slice(1), name.slice(1));
}
