import { createHash, type X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { TransportError } from '../errors.js';
import type { DialOptions } from '../transport.js';

/**
 * Checks the leaf of a finished handshake, new or resumed: name or address and end of validity under `verify_peer`, pins always. The
 * chain is the TLS library's business.
 * @returns SHA-256 of the leaf
 * @throws TransportError `certificate_wrong_name`, `certificate_expired` or `certificate_wrong_pin`, in this order
 */
export function checkLeaf(leaf: X509Certificate, options: DialOptions): Uint8Array {
  const { host, certificatePins } = options.url;
  if (options.tlsVerify === 'verify_peer') {
    if (!isFor(host, leaf)) throw wrongName(host, leaf);
    // It may have expired since the session was made.
    if (Date.parse(leaf.validTo) < Date.now()) throw expired(host);
  }
  const fingerprint = createHash('sha256').update(leaf.raw).digest();
  if (certificatePins.length > 0 && !certificatePins.some((pin) => fingerprint.equals(pin))) {
    const text = `the certificate of ${host} has the fingerprint ${fingerprint.toString('hex')}, which is not pinned`;
    throw new TransportError('certificate_wrong_pin', text);
  }
  return new Uint8Array(fingerprint);
}

/** Whether the certificate names the host: a DNS name, or an IP address without brackets. */
export function isFor(host: string, leaf: X509Certificate): boolean {
  // `checkServerIdentity` takes IPv6 addresses for names in some releases of Node (22.23).
  if (isIP(host)) return leaf.checkIP(host) !== undefined;
  return checkServerIdentity(host, leaf.toLegacyObject()) === undefined;
}

/** The error for a certificate of somebody else. */
export function wrongName(host: string, leaf: X509Certificate): TransportError {
  const names = leaf.subjectAltName ?? 'nothing';
  return new TransportError('certificate_wrong_name', `the certificate is not for ${host}, but for ${names}`);
}

/** The error for a certificate in the chain that is not valid now. */
export function expired(host: string): TransportError {
  return new TransportError('certificate_expired', `the certificate of ${host} is expired or not yet valid`);
}

/** The error for a chain that doesn't lead to a trusted certificate. */
export function untrusted(host: string, why: string): TransportError {
  const text = `the certificate of ${host} is not signed by a trusted one (${why})`;
  return new TransportError('certificate_untrusted', text);
}
