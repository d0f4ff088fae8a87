import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A file of the checkout, its path relative to the root with `/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Something a rule does not allow. */
export interface Finding {
  readonly path: string;
  /** From 1; 0 where it is the file as a whole. */
  readonly line: number;
  readonly what: string;
}

/** A rule sees one file at a time. */
export type Rule = (file: SourceFile) => Finding[];

/** Text files of the checkout, tracked or new, without those that git ignores. */
export function sourceTree(): SourceFile[] {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const listing = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const paths = [...new Set(listing.split('\0'))].filter((path) => path !== '' && existsSync(root + path));
  return paths
    .map((path) => ({ path, bytes: readFileSync(root + path) }))
    .filter(({ bytes }) => !bytes.subarray(0, 8_000).includes(0))
    .map(({ path, bytes }) => ({ path, text: bytes.toString('utf8') }));
}

/** Findings of a rule over many files, one line each. */
export function report(rule: Rule, files: readonly SourceFile[]): string[] {
  return files.flatMap(rule).map(({ path, line, what }) => `${path}:${line}: ${what}`);
}

/** One finding for each line that matches. */
export function findLines(file: SourceFile, pattern: RegExp, what: string): Finding[] {
  return file.text
    .split('\n')
    .flatMap((text, index) =>
      pattern.test(text)
        ? [{ path: file.path, line: index + 1, what: `${what}: ${text.trim().slice(0, 100)}` }]
        : [],
    );
}

/** Whether it is a source in TypeScript or JavaScript; a bundle of a past commit is none, it was judged when it was one. */
export function isScript(path: string): boolean {
  if (/^tools\/e2e\/pinned\/wire-[^/]+\.mjs$/.test(path)) return false;
  return /\.(ts|mts|mjs|js)$/.test(path) && !path.endsWith('.d.ts');
}

/** Whether it is a test or belongs to one. */
export function isTest(path: string): boolean {
  return /\.test\.ts$/.test(path) || /\/(compliance|testing|test)\//.test(path);
}

/** The text with comments blanked out, so that prose about a clock is not a clock; line numbers stay. Approximate. */
export function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|\s)\/\/[^\n]*/g, '$1');
}

/** What a script imports, static and dynamic. */
export function importsOf({ text }: SourceFile): { readonly specifier: string; readonly line: number }[] {
  const code = withoutComments(text);
  const pattern = /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*|\brequire\(\s*|\.resolve\(\s*)['"]([^'"\n]+)['"]/g;
  return [...code.matchAll(pattern)].map((match) => ({
    specifier: match[1] ?? '',
    line: code.slice(0, match.index).split('\n').length,
  }));
}
