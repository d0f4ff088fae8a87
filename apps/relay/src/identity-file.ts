import { randomBytes, X509Certificate } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { identitySeedBytes } from '@macula/crypto';
import { type CertificatePair, checkCertificatePair } from '@macula/transport';
import { RelayError, type RelayErrorCode } from './errors.js';

/** Bytes of the largest file that is read here. */
const privateFileBytesMax = 64 * 1024;

/**
 * The Ed25519 seed in a file, made at the first start: base64url and a newline, 0600. Two processes that start at once
 * end up with the same seed.
 * @throws RelayError `bad_key_file` or `data_dir_unusable`
 */
export async function loadOrMakeSeed(path: string): Promise<Uint8Array> {
  const known = await readPrivateFile(path, 'bad_key_file');
  if (known !== undefined) return parseSeed(path, known);
  const text = `${randomBytes(identitySeedBytes).toString('base64url')}\n`;
  await writePrivateFile(path, text, 'keep');
  const written = await readPrivateFile(path, 'bad_key_file');
  if (written === undefined) throw badSeed(path, 'vanished');
  return parseSeed(path, written);
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

/**
 * A file that only its owner may read; undefined when there is none.
 * @throws RelayError with the given code when others may read it, or it can't be read
 */
export async function readPrivateFile(path: string, code: RelayErrorCode): Promise<Buffer | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw RelayError.from(cause, code, `Let the relay's user read ${path}.`);
  }
  try {
    const { mode, size } = await file.stat();
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const text = `${path} may be read by other users (mode ${(mode & 0o777).toString(8)})`;
      throw new RelayError(code, text, `Run: chmod 600 ${path}`);
    }
    if (size > privateFileBytesMax) throw new RelayError(code, `${path} is too large`, 'Give another file.');
    return await file.readFile();
  } catch (cause) {
    throw RelayError.from(cause, code, `Let the relay's user read ${path}.`);
  } finally {
    await file.close();
  }
}

/** Writes beside the path first, so that no reader ever sees half a file. `keep` leaves an existing file as it is. */
async function writePrivateFile(path: string, text: string, existing: 'keep' | 'replace'): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (existing === 'replace') await rename(temporary, path);
    else await link(temporary, path);
  } catch (cause) {
    if (existing === 'keep' && (cause as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw RelayError.from(cause, 'data_dir_unusable', `Give a directory that the relay's user may write.`);
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

function parseSeed(path: string, bytes: Buffer): Uint8Array {
  const text = bytes.toString('latin1').trim();
  if (!/^[A-Za-z0-9_-]{43}$/.test(text)) throw badSeed(path, 'is damaged');
  return Uint8Array.from(Buffer.from(text, 'base64url'));
}

function badSeed(path: string, why: string): RelayError {
  return new RelayError(
    'bad_key_file',
    `${path} ${why}`,
    'Restore it from a backup, or delete it: the relay then gets a new identity.',
  );
}

function isUsable(certificate: CertificatePair): boolean {
  try {
    checkCertificatePair(certificate);
    return new Date(new X509Certificate(certificate.certPem).validTo).getTime() > Date.now();
  } catch {
    return false;
  }
}
