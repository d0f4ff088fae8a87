import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { TransportError, transportSetting } from '@macula/transport';

/** A variable of the environment that a join can't work with; the user is at fault, nothing was changed. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly variable: 'MACULA_CA_FILE' | 'MACULA_TRANSPORT';

  constructor(variable: EnvironmentError['variable'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.variable = variable;
  }
}

/**
 * Checks `MACULA_TRANSPORT`; a join with a misspelt switch fails, since it may have been meant to turn QUIC off.
 * @throws EnvironmentError
 */
export function checkTransportSetting(environment: NodeJS.ProcessEnv): void {
  try {
    transportSetting(environment);
  } catch (thrown) {
    throw new EnvironmentError('MACULA_TRANSPORT', TransportError.from(thrown).message, { cause: thrown });
  }
}

/**
 * The certificates that relays may be signed by: those that come with Node and those of `MACULA_CA_FILE`, PEM; undefined when the variable
 * isn't set. The file is read at each join. (`NODE_EXTRA_CA_CERTS` doesn't reach the agent of a BEAM, which unsets `NODE_*`.)
 * @throws EnvironmentError when the file can't be read, or holds no certificate or a damaged one
 */
export function trustedCertificates(environment: NodeJS.ProcessEnv): readonly string[] | undefined {
  const file = environment.MACULA_CA_FILE;
  if (file === undefined || file === '') return undefined;
  const own = readCertificates(file);
  return [...rootCertificates, ...own];
}

function readCertificates(file: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EnvironmentError('MACULA_CA_FILE', `the file with trusted certificates can't be read: ${why}`, {
      cause,
    });
  }
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) {
    const why = `${file} holds no certificate; give a PEM file, which has lines -----BEGIN CERTIFICATE-----`;
    throw new EnvironmentError('MACULA_CA_FILE', why);
  }
  for (const [index, pem] of found.entries()) {
    try {
      new X509Certificate(pem);
    } catch (cause) {
      const why = `certificate ${index + 1} of ${file} can't be read`;
      throw new EnvironmentError('MACULA_CA_FILE', why, { cause });
    }
  }
  return found;
}
