import { randomBytes } from 'node:crypto';
import { RelayError } from './errors.js';
import { readPrivateFile, writePrivateFile } from './identity-file.js';
import { meshSecretBytes, meshSecretBytesMin } from './limits.js';

/** Begins a file with a mesh secret: a key file, which has as many random bits, must not be taken for one. */
export const meshSecretPrefix = 'macula-mesh-1 ';

/**
 * Makes a file with a mesh secret, 256 random bits: {@link meshSecretPrefix}, base64url and a newline, 0600. Returns whether it did; a file
 * that is there already stays as it is.
 * @throws RelayError `data_dir_unusable`
 */
export async function makeMeshSecretFile(path: string): Promise<boolean> {
  const secret = randomBytes(meshSecretBytes).toString('base64url');
  return writePrivateFile(path, `${meshSecretPrefix}${secret}\n`, 'keep');
}

/**
 * The mesh secret in a file, base64url.
 * @throws RelayError `bad_mesh_secret`
 */
export async function loadMeshSecret(path: string): Promise<string> {
  const text = (await readPrivateFile(path, 'bad_mesh_secret'))?.toString('latin1').trim();
  if (text === undefined) throw bad(`there is no mesh secret ${path}`);
  if (!text.startsWith(meshSecretPrefix)) throw bad(`${path} holds no mesh secret`);
  const encoded = text.slice(meshSecretPrefix.length);
  const secret = Buffer.from(encoded, 'base64url');
  if (secret.length >= meshSecretBytesMin && secret.toString('base64url') === encoded) return encoded;
  throw bad(`${path} holds a damaged mesh secret, or one of less than ${meshSecretBytesMin * 8} random bits`);
}

function bad(why: string): RelayError {
  const remedy =
    'Make one with macula keygen --mesh FILE, and give the same file to every relay of the mesh.';
  return new RelayError('bad_mesh_secret', why, remedy);
}
