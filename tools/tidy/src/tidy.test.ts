import { describe, expect, it } from 'vitest';
import { dependencies } from './dependencies.js';
import { documentation } from './documentation.js';
import { leftovers } from './leftovers.js';
import { machines } from './machines.js';
import { purity } from './purity.js';
import { size } from './size.js';
import { type Rule, report, sourceTree } from './tree.js';

interface Case {
  readonly name: string;
  readonly rule: Rule;
  /** Path and text of files that the rule must refuse: a rule that can't fail proves nothing. */
  readonly refused: readonly (readonly [path: string, text: string])[];
  /** … and of files that it must let pass. */
  readonly accepted: readonly (readonly [path: string, text: string])[];
}

const cases: readonly Case[] = [
  {
    name: 'pure packages have no effects',
    rule: purity,
    refused: [
      ['packages/wire/src/a.ts', "import { readFileSync } from 'node:fs';"],
      ['packages/swim/src/a.ts', "import 'node:crypto';"],
      ['packages/bloom/src/a.ts', 'const now = Date.now();'],
      ['packages/tunnel/src/a.ts', 'const now = performance.now();'],
      ['packages/tunnel/src/a.ts', 'setTimeout(() => {}, 1);'],
      ['packages/swim/src/a.ts', 'const x = Math.random();'],
      ['packages/dist-protocol/src/a.ts', 'const x = process.env.X;'],
      ['packages/wire/src/a.ts', "const fs = await import('node:fs');"],
    ],
    accepted: [
      ['packages/crypto/src/a.ts', "import { createHash } from 'node:crypto';"],
      ['packages/swim/src/a.ts', '/** Never calls Date.now(). */\nconst a = 1; // nor Math.random()'],
      ['packages/swim/src/a.test.ts', "import { readFileSync } from 'node:fs';"],
      ['packages/transport/src/a.ts', "import { connect } from 'node:tls'; setTimeout(() => {}, 1);"],
    ],
  },
  {
    name: 'dependencies have one direction',
    rule: dependencies,
    refused: [
      ['packages/crypto/src/a.ts', "import { x } from '@macula/wire';"],
      ['packages/client/src/a.ts', "export * from '@macula/relay';"],
      ['packages/wire/src/a.ts', "import { SeededRandom } from '@macula/testkit';"],
      ['packages/bloom/package.json', '{ "dependencies": { "@macula/wire": "workspace:*" } }'],
      ['packages/bloom/package.json', '{ "dependencies": { "@macula/testkit": "workspace:*" } }'],
      ['packages/unknown/src/a.ts', ''],
    ],
    accepted: [
      ['packages/tunnel/src/a.ts', "import { x } from '@macula/wire';"],
      ['packages/swim/src/a.test.ts', "import { SeededRandom } from '@macula/testkit';"],
      ['packages/bloom/package.json', '{ "devDependencies": { "@macula/testkit": "workspace:*" } }'],
      ['apps/cli/src/a.ts', "import { x } from '@macula/relay';"],
      ['tools/e2e/src/a.ts', "import { x } from '@macula/relay';"],
    ],
  },
  {
    name: 'exports of packages are documented',
    rule: documentation,
    refused: [
      ['packages/wire/src/a.ts', 'const a = 1;\nexport function b(): void {}'],
      ['packages/wire/src/a.ts', '// a line is no doc comment\nexport interface B {}'],
      ['packages/wire/src/a.ts', 'export abstract class B {}'],
      ['packages/wire/src/a.ts', 'export async function b(): Promise<void> {}'],
    ],
    accepted: [
      ['packages/wire/src/a.ts', "/** Something. */\nexport type A = 1;\nexport { b } from './b.js';"],
      ['packages/wire/src/a.ts', "import type { A } from './a.js';\nexport type { A };"],
    ],
  },
  {
    name: 'no leftovers',
    rule: leftovers,
    refused: [
      ['apps/relay/src/a.ts', `// ${'TO' + 'DO'}: later`],
      ['packages/wire/src/a.test.ts', `it.${'on' + 'ly'}('x', () => {});`],
      ['packages/wire/src/a.test.ts', `describe.${'sk' + 'ip'}('x', () => {});`],
      ['packages/wire/src/a.ts', `// @ts-${'ig' + 'nore'}`],
      ['packages/wire/src/a.ts', `console.${'lo' + 'g'}(1);`],
      ['packages/macula-otp/src/a.erl', `%% ${'FIX' + 'ME'}`],
    ],
    accepted: [
      ['apps/cli/src/a.ts', `console.${'lo' + 'g'}(1);`],
      ['packages/wire/src/a.test.ts', `it.${'sk' + 'ip'}('x', () => {}); // needs a kernel with IPv6`],
    ],
  },
  {
    name: 'no registries, no paths of a machine',
    rule: machines,
    refused: [
      ['README.md', `see https://registry.${'npm'}js.org/x`],
      ['Dockerfile', `RUN echo deb http://deb.${'debian'}.org/debian`],
      ['tools/a.mjs', `const dir = '/${'wo' + 'rk'}/main';`],
      ['docs/a.md', `cd /${'ro' + 'ot'}/x`],
    ],
    accepted: [
      ['pnpm-lock.yaml', `https://registry.${'npm'}js.org/x`],
      ['docs/a.md', 'see tools/work/a and packages/wire'],
    ],
  },
  {
    name: 'sources are short',
    rule: size,
    refused: [
      ['apps/relay/src/a.ts', 'x\n'.repeat(451)],
      ['tools/e2e/pinned/pin.mjs', 'x\n'.repeat(451)],
    ],
    accepted: [
      ['apps/relay/src/a.ts', 'x\n'.repeat(450)],
      ['tools/e2e/pinned/wire-2.1.mjs', 'x\n'.repeat(1_000)],
      ['docs/a.md', 'x\n'.repeat(1_000)],
    ],
  },
];

const tree = sourceTree();

it('sees the checkout', () => {
  expect(tree.map(({ path }) => path)).toContain('tools/tidy/src/tidy.test.ts');
});

describe.each(cases)('$name', ({ rule, refused, accepted }) => {
  it.each(refused)('refuses %# in %s', (path, text) => {
    expect(report(rule, [{ path, text }])).not.toEqual([]);
  });

  it.each(accepted)('accepts %# in %s', (path, text) => {
    expect(report(rule, [{ path, text }])).toEqual([]);
  });

  it('holds for the whole checkout', () => {
    expect(report(rule, tree)).toEqual([]);
  });
});
