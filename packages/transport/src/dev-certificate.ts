import { createPrivateKey } from 'node:crypto';
import type { CertificatePair } from './transport.js';

const dayMs = 86_400_000;

/** What a development certificate is for. */
export interface DevCertificateOptions {
  /** DNS names; the first is also the common name. */
  readonly names: readonly string[];
  /** IP addresses. */
  readonly ips: readonly string[];
  /** Days it is valid. */
  readonly days: number;
  /** Start of its validity. Default an hour ago, for clocks that differ. */
  readonly notBefore?: Date;
  /** Signs it. Default: it signs itself. */
  readonly issuer?: CertificatePair;
}

/** Makes a certificate for development and tests: ECDSA P-256, PKCS#8 key, self-signed unless `issuer` is given. */
export async function makeDevCertificate(options: DevCertificateOptions): Promise<CertificatePair> {
  // Here and not above: it takes longer to load than the rest of this package, and few processes make certificates.
  const { generate } = await import('selfsigned');
  const notBeforeDate = options.notBefore ?? new Date(Date.now() - 3_600_000);
  const pems = await generate([{ name: 'commonName', value: options.names[0] ?? 'macula' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate,
    notAfterDate: new Date(notBeforeDate.getTime() + options.days * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: options.issuer === undefined, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: options.issuer === undefined, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...options.names.map((value) => ({ type: 2 as const, value })),
          ...options.ips.map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
    ...(options.issuer ? { ca: { key: options.issuer.keyPem, cert: options.issuer.certPem } } : {}),
  });
  const keyPem = createPrivateKey(pems.private).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { certPem: pems.cert, keyPem };
}
