import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { TransportError } from './errors.js';
import type { CertificatePair } from './transport.js';

/**
 * SHA-256 of the first certificate of a PEM chain, over its DER form: what `Connection.certificateSha256` and the
 * `#sha256=` pin of a relay URL hold.
 * @throws TransportError with code `bad_certificate`
 */
export function certificateSha256(certPem: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(parse(certPem).raw).digest());
}

/**
 * Checks that the certificate can be read and the key belongs to it.
 * @throws TransportError with code `bad_certificate`
 */
export function checkCertificatePair(certificate: CertificatePair): void {
  const leaf = parse(certificate.certPem);
  try {
    if (leaf.checkPrivateKey(createPrivateKey(certificate.keyPem))) return;
  } catch (thrown) {
    throw TransportError.from(thrown, 'bad_certificate');
  }
  throw new TransportError('bad_certificate', 'the private key does not belong to the certificate');
}

function parse(certPem: string): X509Certificate {
  try {
    return new X509Certificate(certPem);
  } catch (thrown) {
    throw TransportError.from(thrown, 'bad_certificate');
  }
}
