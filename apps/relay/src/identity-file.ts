import { randomBytes, X509Certificate } from 'node:crypto';
import { constants, link, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { identitySeedBytes } from '@macula/crypto';
import { type CertificatePair, checkCertificatePair, makePrivateDirectory } from '@macula/transport';
import { RelayError, type RelayErrorCode } from './errors.js';

/** Bytes of the largest file that is read here. */
const privateFileBytesMax = 64 * 1024;

/**
 * The Ed25519 seed in a file, made at the first start: base64url and a newline, 0600. Two processes that start at once
 * end up with the same seed.
 * @throws RelayError `bad_key_file` or `data_dir_unusable`
 */
export async function loadOrMakeSeed(path: string): Promise<Uint8Array> {
  const remedy = 'Restore it from a backup, or delete it: a new identity is made then.';
  const known = await loadSeed(path, remedy);
  if (known !== undefined) return known;
  await makeKeyFile(path);
  const written = await loadSeed(path, remedy);
  if (written === undefined) throw new RelayError('bad_key_file', `${path} vanished`, 'Try again.');
  return written;
}

/**
 * The seed in a key file of a relay or an agent, whose formats are the same; undefined when there is no such file.
 *
 * @param remedy - what to do about a file that is damaged. Default: restore it.
 * @throws RelayError `bad_key_file`
 */
export async function loadSeed(
  path: string,
  remedy = 'Restore it from a backup.',
): Promise<Uint8Array | undefined> {
  const known = await readPrivateFile(path, 'bad_key_file');
  return known === undefined ? undefined : parseSeed(path, known, remedy);
}

/**
 * Makes a file with 32 random bytes, the seed of an identity: base64url and a newline, 0600. Returns whether
 * it did; a file that is there already stays as it is.
 * @throws RelayError `data_dir_unusable`
 */
export async function makeKeyFile(path: string): Promise<boolean> {
  const text = `${randomBytes(identitySeedBytes).toString('base64url')}\n`;
  return writePrivateFile(path, text, 'keep');
}

/**
 * The development certificate `cert.pem` and `key.pem` of a data directory; made anew when missing, damaged or expired.
 * @throws RelayError `bad_key_file` or `data_dir_unusable`
 */
export async function loadDevCertificate(
  dataDir: string,
  make: () => Promise<CertificatePair>,
): Promise<CertificatePair> {
  const certPath = join(dataDir, 'cert.pem');
  const keyPath = join(dataDir, 'key.pem');
  const certPem = await readFile(certPath, 'utf8').catch(() => undefined);
  const keyPem = (await readPrivateFile(keyPath, 'bad_key_file'))?.toString('utf8');
  if (certPem !== undefined && keyPem !== undefined && isUsable({ certPem, keyPem }))
    return { certPem, keyPem };
  const certificate = await make();
  await writePrivateFile(keyPath, certificate.keyPem, 'replace');
  await writePrivateFile(certPath, certificate.certPem, 'replace');
  return certificate;
}

/** How a file is read that only its owner may write. */
export interface PrivateFileOptions {
  /** Default `nothing`. */
  readonly othersMay?: 'nothing' | 'read';
  /** Bytes of the largest file that is read. Default 64 KiB. */
  readonly bytesMax?: number;
  /** Whether pipes and devices are read, too, as far as they go: a secret may come through one. Default true. */
  readonly mayBePipe?: boolean;
}

/**
 * A file that only its owner may read, or write; undefined when there is none.
 * @throws RelayError with the given code when others may do more, or it can't be read
 */
export async function readPrivateFile(
  path: string,
  code: RelayErrorCode,
  { othersMay = 'nothing', bytesMax = privateFileBytesMax, mayBePipe = true }: PrivateFileOptions = {},
): Promise<Buffer | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    // To open a pipe is to wait for somebody who writes into it.
    file = await open(path, mayBePipe ? 'r' : constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw RelayError.from(cause, code, `Let this user read ${path}.`);
  }
  try {
    const stats = await file.stat();
    const { mode, size } = stats;
    if (stats.isDirectory())
      throw new RelayError(code, `${path} is a directory`, 'Give the path of the file in it.');
    if (!mayBePipe && !stats.isFile())
      throw new RelayError(code, `${path} is no file that can be read whole`, `Remove ${path}.`);
    const [forbidden, verb] = othersMay === 'read' ? [0o022, 'written'] : [0o077, 'read'];
    if (process.platform !== 'win32' && (mode & forbidden) !== 0) {
      const text = `${path} may be ${verb} by other users (mode ${(mode & 0o777).toString(8)})`;
      throw new RelayError(code, text, `Run: chmod 600 ${path}`);
    }
    if (size > bytesMax) throw new RelayError(code, `${path} is too large`, 'Give another file.');
    return await file.readFile();
  } catch (cause) {
    throw RelayError.from(cause, code, `Let this user read ${path}.`);
  } finally {
    await file.close();
  }
}

/**
 * Writes beside the path first, so that no reader ever sees half a file. `keep` leaves an existing file as it is, and tells by false.
 * @throws RelayError `data_dir_unusable`
 */
export async function writePrivateFile(
  path: string,
  text: string,
  existing: 'keep' | 'replace',
): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    makePrivateDirectory(dirname(path));
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (existing === 'replace') await rename(temporary, path);
    else return await linkIfFree(temporary, path);
    return true;
  } catch (cause) {
    throw RelayError.from(cause, 'data_dir_unusable', 'Give a directory that this user may write.');
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

async function linkIfFree(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

function parseSeed(path: string, bytes: Buffer, remedy: string): Uint8Array {
  const text = bytes.toString('latin1').trim();
  if (text.startsWith('macula-mesh-')) {
    const why = `${path} holds a mesh secret and no key`;
    throw new RelayError('bad_key_file', why, 'Give a key file; macula keygen FILE makes one.');
  }
  const seed = Buffer.from(text, 'base64url');
  if (seed.length !== identitySeedBytes || seed.toString('base64url') !== text)
    throw new RelayError('bad_key_file', `${path} holds no key, or a damaged one`, remedy);
  return Uint8Array.from(seed);
}

function isUsable(certificate: CertificatePair): boolean {
  try {
    checkCertificatePair(certificate);
    return new Date(new X509Certificate(certificate.certPem).validTo).getTime() > Date.now();
  } catch {
    return false;
  }
}
