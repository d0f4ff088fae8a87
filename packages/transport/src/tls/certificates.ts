import { createHash, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import tls from 'node:tls';
import { TransportError } from '../errors.js';
import type { DialOptions } from '../transport.js';

/**
 * The listener's leaf in a new handshake; in a resumed one there is none, and Node shows nothing: then it is the one that was
 * kept with the ticket.
 * @throws TransportError with code `certificate_untrusted` when there is neither
 */
export function leafOf(
  socket: tls.TLSSocket,
  keptWithTicket: tls.PeerCertificate | undefined,
): tls.PeerCertificate {
  // Not `getPeerX509Certificate`, which on Node 20 takes the leaf away from the socket.
  const shown = socket.getPeerCertificate();
  if (shown.raw) return shown;
  if (socket.isSessionReused() && keptWithTicket) return keptWithTicket;
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
  leaf: tls.PeerCertificate,
  options: DialOptions,
): Uint8Array {
  const { host, certificatePins } = options.url;
  if (options.tlsVerify === 'verify_peer') {
    if (!socket.authorized) throw chainFailure(host, String(socket.authorizationError));
    if (!isFor(host, leaf)) {
      const text = `the certificate is not for ${host}, but for ${leaf.subjectaltname ?? 'nothing'}`;
      throw new TransportError('certificate_wrong_name', text);
    }
    // It may have expired since the session was made.
    if (Date.parse(leaf.valid_to) < Date.now()) throw chainFailure(host, 'CERT_HAS_EXPIRED');
  }
  const fingerprint = createHash('sha256').update(leaf.raw).digest();
  if (certificatePins.length > 0 && !certificatePins.some((pin) => fingerprint.equals(pin))) {
    const text = `the certificate of ${host} has the fingerprint ${fingerprint.toString('hex')}, which is not pinned`;
    throw new TransportError('certificate_wrong_pin', text);
  }
  return new Uint8Array(fingerprint);
}

function isFor(host: string, leaf: tls.PeerCertificate): boolean {
  // `checkServerIdentity` takes IPv6 addresses for names in some releases of Node (22.23).
  if (isIP(host)) return new X509Certificate(leaf.raw).checkIP(host) !== undefined;
  return tls.checkServerIdentity(host, leaf) === undefined;
}

/** What OpenSSL's code for a chain that was refused means. */
function chainFailure(host: string, code: string): TransportError {
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return new TransportError(
      'certificate_expired',
      `the certificate of ${host} is expired or not yet valid`,
    );
  }
  const text = `the certificate of ${host} is not signed by a trusted one (${code})`;
  return new TransportError('certificate_untrusted', text);
}
