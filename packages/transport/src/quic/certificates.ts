import { createHash, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { TransportError } from '../errors.js';
import type { DialOptions } from '../transport.js';

/** TLS alerts as QUIC errors (0x100 + alert) that quiche closes with when it refuses a certificate. */
const badCertificate = 298;
const certificateExpired = 301;
const refusalsMin = 298;
const refusalsMax = 304;

/**
 * Turns quiche's local error of a failed handshake into what is wrong with the certificate; undefined when the
 * certificate is not the reason.
 * @param chain DER, leaf first, as far as the peer sent one
 */
export function certificateFailure(
  localErrorCode: number,
  chain: readonly Uint8Array[] | null,
  host: string,
): TransportError | undefined {
  if (localErrorCode < refusalsMin || localErrorCode > refusalsMax) return undefined;
  if (localErrorCode === certificateExpired) {
    return new TransportError(
      'certificate_expired',
      `the certificate of ${host} is expired or not yet valid`,
    );
  }
  const leaf = chain?.[0] && parseLeaf(chain[0]);
  if (localErrorCode === badCertificate && leaf && leaf.checkHost(host) === undefined)
    return wrongName(host, leaf);
  return new TransportError(
    'certificate_untrusted',
    `the certificate of ${host} is not signed by a trusted one`,
  );
}

/**
 * The checks quiche can't do: pins, and the address of a URL without a name.
 * @returns SHA-256 of the leaf
 * @throws TransportError with one of the certificate codes
 */
export function checkPeerCertificate(chain: readonly Uint8Array[] | null, options: DialOptions): Uint8Array {
  const leafDer = chain?.[0];
  if (!leafDer) throw new TransportError('certificate_untrusted', 'the peer has shown no certificate');
  const { host, certificatePins } = options.url;
  const fingerprint = createHash('sha256').update(leafDer).digest();
  if (certificatePins.length > 0 && !certificatePins.some((pin) => fingerprint.equals(pin))) {
    const text = `the certificate of ${host} has the fingerprint ${fingerprint.toString('hex')}, which is not pinned`;
    throw new TransportError('certificate_wrong_pin', text);
  }
  if (options.tlsVerify === 'verify_peer' && isIP(host) !== 0) {
    const leaf = parseLeaf(leafDer);
    if (!leaf) throw new TransportError('certificate_untrusted', `the certificate of ${host} can't be read`);
    if (leaf.checkIP(host) === undefined) throw wrongName(host, leaf);
  }
  return new Uint8Array(fingerprint);
}

function wrongName(host: string, leaf: X509Certificate): TransportError {
  const names = leaf.subjectAltName ?? 'nothing';
  return new TransportError('certificate_wrong_name', `the certificate is not for ${host}, but for ${names}`);
}

function parseLeaf(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}
