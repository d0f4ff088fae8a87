import { describe, expect, it } from 'vitest';
import { decodersIn, untested } from './decoders.js';
import { sourceTree } from './tree.js';

const tree = sourceTree();

describe('every decoder has a property with mutated valid input', () => {
  it('finds what decodes', () => {
    const text = [
      'export function decodeThing(): void {}',
      'export async function parseIt(): Promise<void> {}',
      'export class LineReader {}',
      'export function createLineReader(): void {}',
      'export class LineReaders {}',
      'function parseInside(): void {}',
    ].join('\n');
    const names = decodersIn({ path: 'packages/wire/src/a.ts', text }).map(({ name }) => name);
    expect(names).toEqual(['decodeThing', 'parseIt', 'LineReader']);
    expect(decodersIn({ path: 'packages/wire/src/a.test.ts', text })).toEqual([]);
    expect(decodersIn({ path: 'apps/cli/src/a.ts', text })).toEqual([]);
  });

  it('refuses one without a test, a test that is gone, and a row for nothing', () => {
    const file = { path: 'packages/wire/src/new.ts', text: 'export function decodeNew(): void {}' };
    expect(untested([...tree, file])).toEqual([expect.stringContaining('new.ts decodeNew: no property')]);
    const without = tree.filter(({ path }) => path !== 'packages/wire/src/messages.test.ts');
    expect(untested(without)).toContainEqual(expect.stringContaining('messages.test.ts has no test'));
    const less = tree.filter(({ path }) => path !== 'packages/wire/src/frame.ts');
    expect(untested(less)).toContainEqual(expect.stringContaining('not in the checkout'));
  });

  it('holds for the whole checkout', () => {
    expect(untested(tree)).toEqual([]);
  });
});
