import { type Finding, importsOf, isScript, isTest, type Rule, type SourceFile } from './tree.js';

const packageNames =
  'wire crypto bloom swim directory dist-protocol tunnel transport client macula-otp relay node-agent cli'.split(
    ' ',
  );
const libraries = ['wire', 'crypto', 'bloom', 'swim', 'dist-protocol', 'tunnel', 'transport', 'client'];

/** Used by tests only. */
const forTests: readonly string[] = ['testkit', 'otp-releases'];

/** What each workspace package may use. Tools may use everything. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'packages/crypto': [],
  'packages/bloom': [],
  'packages/swim': [],
  'packages/directory': [],
  'packages/dist-protocol': [],
  'packages/testkit': [],
  'packages/wire': ['crypto'],
  'packages/tunnel': ['crypto', 'wire'],
  'packages/transport': ['wire'],
  'packages/client': ['wire', 'crypto', 'tunnel', 'transport', 'dist-protocol'],
  'packages/macula-otp': ['node-agent'],
  'apps/relay': ['wire', 'crypto', 'swim', 'bloom', 'directory', 'transport', 'client'],
  'apps/node-agent': libraries,
  'apps/cli': packageNames,
};

/** Imports between workspace packages, and the dependencies in their package.json, follow one direction. */
export const dependencies: Rule = (file) => {
  const owner = /^(packages|apps)\/[^/]+/.exec(file.path)?.[0];
  if (owner === undefined) return [];
  const permitted = allowed[owner];
  if (permitted === undefined) return [{ path: file.path, line: 0, what: `${owner} is not in the table` }];
  const self = owner.slice(owner.indexOf('/') + 1);
  return usesOf(file)
    .filter(({ name }) => name !== self && !permitted.includes(name))
    .filter(({ name, inTests }) => !(inTests && forTests.includes(name)))
    .map(
      ({ name, line }): Finding => ({ path: file.path, line, what: `${owner} may not use @macula/${name}` }),
    );
};

interface Use {
  readonly name: string;
  readonly line: number;
  readonly inTests: boolean;
}

function usesOf(file: SourceFile): Use[] {
  if (file.path.endsWith('/package.json')) return usesOfManifest(file.text);
  if (!isScript(file.path)) return [];
  return importsOf(file).flatMap(({ specifier, line }) => {
    const name = /^@macula\/([^/]+)/.exec(specifier)?.[1];
    return name === undefined ? [] : [{ name, line, inTests: isTest(file.path) }];
  });
}

function usesOfManifest(text: string): Use[] {
  const manifest: Record<string, Record<string, string> | undefined> = JSON.parse(text);
  return ['dependencies', 'peerDependencies', 'optionalDependencies', 'devDependencies'].flatMap((section) =>
    Object.keys(manifest[section] ?? {})
      .filter((key) => key.startsWith('@macula/'))
      .map((key) => ({
        name: key.slice('@macula/'.length),
        line: 0,
        inTests: section === 'devDependencies',
      })),
  );
}
