import { X509Certificate } from 'node:crypto';
import type tls from 'node:tls';
import { checkLeaf, expired, untrusted } from '../core/certificates.js';
import { TransportError } from '../errors.js';
import type { DialOptions } from '../transport.js';

/**
 * The listener's leaf in a new handshake; in a resumed one there is none, and Node shows nothing: then it is the one that was
 * kept with the ticket.
 * @throws TransportError with code `certificate_untrusted` when there is neither
 */
export function leafOf(socket: tls.TLSSocket, keptWithTicket: Uint8Array | undefined): X509Certificate {
  // Not `getPeerX509Certificate`, which on Node 20 takes the leaf away from the socket.
  const der = socket.getPeerCertificate().raw ?? (socket.isSessionReused() ? keptWithTicket : undefined);
  if (der) return new X509Certificate(der);
  throw new TransportError('certificate_untrusted', 'the peer has shown no certificate');
}

/**
 * Checks the certificate of a finished handshake, new or resumed: chain and name under `verify_peer`, pins always. What the chain was
 * found to be is part of the session.
 * @returns SHA-256 of the leaf
 * @throws TransportError with one of the certificate codes
 */
export function checkCertificate(
  socket: tls.TLSSocket,
  leaf: X509Certificate,
  options: DialOptions,
): Uint8Array {
  if (options.tlsVerify === 'verify_peer' && !socket.authorized)
    throw chainFailure(options.url.host, String(socket.authorizationError));
  return checkLeaf(leaf, options);
}

/** What OpenSSL's code for a chain that was refused means. */
function chainFailure(host: string, code: string): TransportError {
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return expired(host);
  return untrusted(host, code);
}
