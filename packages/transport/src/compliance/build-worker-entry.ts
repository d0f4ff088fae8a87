import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Just what is used of esbuild, which comes with Vite. */
interface Esbuild {
  build(options: Record<string, unknown>): Promise<unknown>;
}

/** A module built from the sources for a test. */
export interface BuiltEntry {
  readonly entry: string;
  remove(): Promise<void>;
}

/** Builds the worker's `main.ts`. */
export function buildWorkerEntry(): Promise<BuiltEntry> {
  return buildEntry('src/worker/main.ts');
}

/** Builds a module of this package, named from its folder, to one JavaScript file that Node 20 can run in a process of its own. */
export async function buildEntry(source: string): Promise<BuiltEntry> {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const packageFolder = path.resolve(here, '../..');
  // esbuild belongs to Vite, which belongs to Vitest.
  const vitest = createRequire(import.meta.url).resolve('vitest/package.json');
  const vite = createRequire(vitest).resolve('vite/package.json');
  const esbuild = (await import(createRequire(vite).resolve('esbuild'))) as { default: Esbuild };
  // Below node_modules, so that the native binding is found and nothing is tracked.
  const folder = await mkdtemp(path.join(packageFolder, 'node_modules/.worker-entry-'));
  const entry = path.join(folder, 'main.mjs');
  await esbuild.default.build({
    entryPoints: [path.join(packageFolder, source)],
    outfile: entry,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  });
  return { entry, remove: () => rm(folder, { recursive: true, force: true }) };
}
