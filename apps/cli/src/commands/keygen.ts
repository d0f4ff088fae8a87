import { CliError } from '../errors.js';

/**
 * `macula keygen [FILE] [--mesh]`: makes a key file and prints the id of its identity, or a mesh secret and says only where it is. Both
 * are 256 random bits in base64url.
 */
export async function runKeygenCommand(
  file: string | undefined,
  options: { readonly mesh: boolean },
): Promise<void> {
  if (file === undefined || file === '')
    throw new CliError(
      'usage',
      'no file is given',
      options.mesh
        ? 'Say where the secret goes: macula keygen --mesh mesh.secret'
        : 'Say where the key goes: macula keygen issuer.key',
    );
  const [{ loadSeed, makeKeyFile }, { identityFromSeed }] = await Promise.all([
    import('@macula/relay'),
    import('@macula/crypto'),
  ]);
  if (!(await makeKeyFile(file)))
    throw new CliError(
      'failed',
      `${file} is there already and stays as it is`,
      'Give another name, or remove it if nothing needs it any more.',
    );
  const seed = await loadSeed(file);
  if (seed === undefined) throw new CliError('failed', `${file} vanished`, 'Try again.');
  process.stdout.write(options.mesh ? `mesh secret written to ${file}\n` : `${identityFromSeed(seed).id}\n`);
}
