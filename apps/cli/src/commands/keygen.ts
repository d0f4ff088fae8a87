import { join } from 'node:path';
import { CliError } from '../errors.js';

/** Options of `macula keygen` as Commander gives them. */
export interface KeygenOptions {
  readonly mesh: boolean;
  /** Name of the node whose agent will use the key. */
  readonly agent?: string;
}

/**
 * `macula keygen FILE [--mesh] | --agent NAME`: makes a key file and prints the id of its identity, or a mesh secret and says only where it
 * is. Both are 256 random bits. With `--agent` the key goes where the agent of a node of this user looks for it, so that a token can be
 * bound to it before the node joins for the first time.
 */
export async function runKeygenCommand(given: string | undefined, options: KeygenOptions): Promise<void> {
  const file = await fileOf(given, options);
  const { loadSeed, makeKeyFile, makeMeshSecretFile } = await import('@macula/relay');
  const make = options.mesh ? makeMeshSecretFile : makeKeyFile;
  if (!(await make(file)))
    throw new CliError(
      'failed',
      `${file} is there already and stays as it is`,
      options.agent === undefined
        ? 'Give another name, or remove it if nothing needs it any more.'
        : `Its id: macula id ${file}`,
    );
  if (options.mesh) {
    process.stdout.write(`mesh secret written to ${file}\n`);
    return;
  }
  const seed = await loadSeed(file);
  if (seed === undefined) throw new CliError('failed', `${file} vanished`, 'Try again.');
  const { identityFromSeed } = await import('@macula/crypto');
  process.stdout.write(`${identityFromSeed(seed).id}\n`);
}

async function fileOf(file: string | undefined, { mesh, agent }: KeygenOptions): Promise<string> {
  if (agent !== undefined) {
    if (file !== undefined || mesh)
      throw new CliError(
        'usage',
        'more than --agent is given',
        'Its key has a place of its own: leave the rest out.',
      );
    const { dataDirectory, keyFileName } = await import('@macula/node-agent');
    return join(dataDirectory(process.env), keyFileName(agent));
  }
  if (file !== undefined && file !== '') return file;
  throw new CliError(
    'usage',
    'no file is given',
    mesh
      ? 'Say where the secret goes: macula keygen --mesh mesh.secret'
      : 'Say where the key goes: macula keygen issuer.key',
  );
}
