import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '../errors.js';

/**
 * `macula id [FILE | --data DIR]`: prints the id of a key file; or, for a directory, one line with id and file name for each key of an
 * agent or relay in it. Without either the directory is that of this user's agents.
 */
export async function runIdCommand(
  file: string | undefined,
  options: { readonly data?: string },
): Promise<void> {
  if (file !== undefined && options.data !== undefined)
    throw new CliError('usage', 'a file and --data are given', 'Give one of them.');
  if (file !== undefined) {
    if (await isDirectory(file))
      throw new CliError('usage', `${file} is a directory`, `Run: macula id --data ${file}`);
    process.stdout.write(`${await idOf(file)}\n`);
    return;
  }
  const directory = options.data ?? (await import('@macula/node-agent')).dataDirectory(process.env);
  const names = await keyFilesIn(directory);
  const ids = await Promise.all(names.map((name) => idOf(join(directory, name))));
  process.stdout.write(names.map((name, index) => `${ids[index]}  ${name}\n`).join(''));
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function idOf(file: string): Promise<string> {
  const [{ loadSeed }, { identityFromSeed }] = await Promise.all([
    import('@macula/relay'),
    import('@macula/crypto'),
  ]);
  const seed = await loadSeed(file);
  if (seed === undefined)
    throw new CliError('failed', `there is no key file ${file}`, 'Check the path; macula keygen makes one.');
  return identityFromSeed(seed).id;
}

async function keyFilesIn(directory: string): Promise<string[]> {
  const all = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw new CliError(
      'failed',
      `${directory} can't be read: ${cause.message}`,
      'Check path and permissions.',
      {
        cause,
      },
    );
  });
  const names = all.filter((name) => /^(relay|agent-.*)\.key$/.test(name)).sort();
  if (names.length > 0) return names;
  throw new CliError(
    'failed',
    `${directory} has no key of an agent or relay`,
    'They make theirs at the first start, macula keygen --agent NAME makes one before it; give --data DIR or a file if it is elsewhere.',
  );
}
