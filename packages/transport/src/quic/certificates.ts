import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkLeaf, expired, isFor, untrusted, wrongName } from '../core/certificates.js';
import { TransportError } from '../errors.js';
import type { DialOptions } from '../transport.js';

/** TLS alerts as QUIC errors (0x100 + alert) that quiche closes with when it refuses a certificate. */
const badCertificate = 298;
const certificateExpired = 301;
const refusalsMin = 298;
const refusalsMax = 304;
/** A signature is wrong: of a certificate in the chain, or the listener's own, so that it doesn't have the key. */
const decryptError = 307;

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
  if (localErrorCode === decryptError) return untrusted(host, 'a signature is wrong');
  if (localErrorCode < refusalsMin || localErrorCode > refusalsMax) return undefined;
  if (localErrorCode === certificateExpired) return expired(host);
  const leaf = chain?.[0] && parseLeaf(chain[0]);
  // quiche looks for names only; addresses are for `checkPeerCertificate`.
  if (localErrorCode === badCertificate && leaf && isIP(host) === 0 && !isFor(host, leaf))
    return wrongName(host, leaf);
  return untrusted(host, `TLS alert ${localErrorCode - 256}`);
}

/**
 * The checks quiche can't do (pins, and the address of a URL without a name), and those that it does not repeat when a session is
 * resumed.
 * @returns SHA-256 of the leaf
 * @throws TransportError with one of the certificate codes
 */
export function checkPeerCertificate(chain: readonly Uint8Array[] | null, options: DialOptions): Uint8Array {
  const leaf = chain?.[0] && parseLeaf(chain[0]);
  if (!leaf) throw new TransportError('certificate_untrusted', 'the peer has shown no readable certificate');
  return checkLeaf(leaf, options);
}

function parseLeaf(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}
