import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The native package. */
export interface Erlpack {
  readonly pack: (value: unknown) => Uint8Array;
  readonly unpack: (bytes: Uint8Array) => unknown;
}

const require = createRequire(import.meta.url);

/** The package, which is built where it has not been; or why it can't be used here. */
export function loadErlpack(): Erlpack | string {
  let directory: string;
  try {
    directory = dirname(require.resolve('erlpack/package.json'));
  } catch {
    return 'not installed';
  }
  const binary = join(directory, 'build', 'Release', 'erlpack.node');
  const failure = existsSync(binary) ? undefined : build(directory);
  if (failure !== undefined) return failure;
  try {
    return require('erlpack') as Erlpack;
  } catch (error) {
    return `does not load: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** With the node-gyp that npm brings, and Node's headers from beside Node where they are; undefined when it is done. */
function build(directory: string): string | undefined {
  const prefix = dirname(dirname(process.execPath));
  const nodeGyp = join(
    prefix,
    'lib',
    'node_modules',
    'npm',
    'node_modules',
    'node-gyp',
    'bin',
    'node-gyp.js',
  );
  if (!existsSync(nodeGyp)) return 'not built, and npm with its node-gyp is not beside Node';
  const hasHeaders = existsSync(join(prefix, 'include', 'node', 'node_api.h'));
  const { status, stderr } = spawnSync(
    process.execPath,
    [nodeGyp, 'rebuild', ...(hasHeaders ? [`--nodedir=${prefix}`] : [])],
    { cwd: directory, encoding: 'utf8', timeout: 300_000 },
  );
  if (status === 0) return undefined;
  const reason = /gyp ERR! stack (.*)/.exec(stderr)?.[1] ?? `exit status ${status}`;
  return `can't be built: ${reason}`;
}
