import { randomBytes, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { identitySeedBytes } from '@macula/crypto';
import { type CertificatePair, checkCertificatePair, makeDevCertificate } from '@macula/transport';
import type { RelayConfig } from './config.js';
import { RelayError } from './errors.js';
import { loadDevCertificate, loadOrMakeSeed, readPrivateFile } from './identity-file.js';
import { devCertificateDays } from './limits.js';
import { loadMeshSecret } from './mesh-secret.js';

/** What a relay keeps to itself, loaded once and kept over restarts of its worker. */
export interface RelaySecrets {
  /** Ed25519 seed, 32 bytes. */
  readonly seed: Uint8Array;
  readonly certificate: CertificatePair;
  /** Bearer token of the admin server. */
  readonly adminToken?: string | undefined;
  /** Additional trusted certificates. */
  readonly caPem?: readonly string[] | undefined;
  /** What the relays of the mesh share, base64url. */
  readonly meshSecret?: string | undefined;
  /** SHA-256 of the certificates of proxies in front of this relay, hexadecimal. */
  readonly publicCertificates?: readonly string[];
}

/**
 * Reads or makes identity and certificate, as the settings say.
 * @throws RelayError `bad_key_file`, `bad_certificate`, `bad_token_file`, `bad_mesh_secret` or `data_dir_unusable`
 */
export async function loadSecrets(config: RelayConfig): Promise<RelaySecrets> {
  const { dataDir, adminTokenFile, caFile, meshSecretFile, publicCertFiles } = config;
  const seed =
    dataDir === undefined ? randomBytes(identitySeedBytes) : await loadOrMakeSeed(join(dataDir, 'relay.key'));
  return {
    seed,
    certificate: await loadCertificate(config),
    adminToken: adminTokenFile === undefined ? undefined : await loadToken(adminTokenFile),
    caPem: caFile === undefined ? undefined : [await readText(caFile)],
    meshSecret: meshSecretFile === undefined ? undefined : await loadMeshSecret(meshSecretFile),
    publicCertificates: await Promise.all(publicCertFiles.map(loadFingerprint)),
  };
}

async function loadCertificate({ certFile, keyFile, dataDir }: RelayConfig): Promise<CertificatePair> {
  const make = (): Promise<CertificatePair> =>
    makeDevCertificate({
      names: [...new Set([hostname(), 'localhost'])],
      ips: localAddresses(),
      days: devCertificateDays,
    });
  if (certFile !== undefined && keyFile !== undefined) {
    const certificate = { certPem: await readText(certFile), keyPem: await readText(keyFile) };
    try {
      checkCertificatePair(certificate);
    } catch (cause) {
      throw RelayError.from(
        cause,
        'bad_certificate',
        'Give a PEM certificate chain and its own private key.',
      );
    }
    return certificate;
  }
  return dataDir === undefined ? make() : loadDevCertificate(dataDir, make);
}

function localAddresses(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return [...new Set(['127.0.0.1', '::1', ...addresses.filter((a) => !a.scopeid).map((a) => a.address)])];
}

async function loadToken(path: string): Promise<string> {
  const token = (await readPrivateFile(path, 'bad_token_file'))?.toString('utf8').trim();
  if (token === undefined || token.length < 16) {
    throw new RelayError(
      'bad_token_file',
      token === undefined ? `there is no file ${path}` : `${path} holds no token of at least 16 characters`,
      'Make one: (umask 077; openssl rand -hex 32 > FILE).',
    );
  }
  return token;
}

async function loadFingerprint(path: string): Promise<string> {
  const pem = await readText(path);
  try {
    return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
  } catch (cause) {
    throw RelayError.from(cause, 'bad_certificate', `Give the proxy's certificate in PEM in ${path}.`);
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw RelayError.from(cause, 'bad_certificate', 'Check path and permissions of the file.');
  }
}
