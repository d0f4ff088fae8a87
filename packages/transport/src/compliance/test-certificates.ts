import { createPrivateKey } from 'node:crypto';
import { generate } from 'selfsigned';
import { makeDevCertificate } from '../dev-certificate.js';
import type { CertificatePair } from '../transport.js';

const dayMs = 86_400_000;

/** A certificate authority, the authority it trusts to sign for it, and one that only claims to be it. */
export interface TestAuthorities {
  readonly root: CertificatePair;
  /** Signed by `root`. */
  readonly intermediate: CertificatePair;
  /** Has the name of `root` and another key. */
  readonly impostor: CertificatePair;
}

/** Made once. */
export const testAuthorities: Promise<TestAuthorities> = (async () => {
  const root = await makeAuthority('test root');
  return {
    root,
    intermediate: await makeAuthority('test intermediate', root),
    impostor: await makeAuthority('test root'),
  };
})();

/** What a test certificate has beside the names `localhost`, 127.0.0.1 and ::1. */
export interface TestLeafOptions {
  /** Default: it signs itself. */
  readonly issuer?: CertificatePair;
  /** Days from now on; below 0 it has expired. Default 2. */
  readonly days?: number;
  /** Days until it is valid. Default: it is already. */
  readonly daysUntilValid?: number;
  readonly names?: readonly string[];
  readonly ips?: readonly string[];
}

/** A leaf for loopback, unless told otherwise. */
export function makeLeaf(options: TestLeafOptions = {}): Promise<CertificatePair> {
  const { issuer, days = 2, daysUntilValid = -10 } = options;
  return makeDevCertificate({
    names: options.names ?? ['localhost'],
    ips: options.ips ?? ['127.0.0.1', '::1'],
    notBefore: new Date(Date.now() + daysUntilValid * dayMs),
    days: days - daysUntilValid,
    ...(issuer ? { issuer } : {}),
  });
}

/** The leaf, followed by certificates that lead to a trusted one. */
export function withChain(leaf: CertificatePair, ...chain: readonly CertificatePair[]): CertificatePair {
  return {
    certPem: [leaf, ...chain].map(({ certPem }) => certPem.trim()).join('\n'),
    keyPem: leaf.keyPem,
  };
}

async function makeAuthority(name: string, issuer?: CertificatePair): Promise<CertificatePair> {
  const pems = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - dayMs),
    notAfterDate: new Date(Date.now() + dayMs),
    // No key identifiers: who has the name is a candidate, and only its signature tells.
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
    ...(issuer ? { ca: { key: issuer.keyPem, cert: issuer.certPem } } : {}),
  });
  const keyPem = createPrivateKey(pems.private).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { certPem: pems.cert, keyPem };
}
