import { isIPv6 } from 'node:net';
import { type DialAddress, dialAddresses } from '../core/dial-addresses.js';
import { onGivenUp } from '../core/give-up.js';
import { TransportError } from '../errors.js';
import type { RelayUrl } from '../relay-url.js';
import type { DialOptions, SocketAddress } from '../transport.js';
import { ControlChannel } from './control-channel.js';
import { bindingOf, identityText, publicKeyOfMultiaddr } from './identity.js';
import type { NativeConnection } from './native.js';
import { QuinnConnection } from './quinn-connection.js';
import { RefusalProbe } from './refusal-probe.js';

/** What a dialer needs of its transport. */
export interface DialContext {
  readonly streamsMax: number;
  /** Opens a connection from the endpoint of the address's family. */
  connect(address: SocketAddress): Promise<NativeConnection>;
  /** Called with what ends the dialing when the transport closes; answers how to take it back. */
  register(cancel: (error: TransportError) => void): () => void;
}

/** Dials the addresses of the URL's host. */
export async function dialQuinn(context: DialContext, options: DialOptions): Promise<QuinnConnection> {
  if (options.tlsVerify === 'verify_peer' && options.url.identityPin === undefined) {
    const text = `${options.url.text} names no identity (#id=…) and quinn has no certificate authorities`;
    throw new TransportError('certificate_untrusted', text);
  }
  return dialAddresses(options.url, options, (remote, attempt) => dialAddress(context, attempt, remote));
}

async function dialAddress(
  context: DialContext,
  { url, signal, connectTimeoutMs }: Parameters<DialAddress<QuinnConnection>>[1],
  remoteAddress: SocketAddress,
): Promise<QuinnConnection> {
  let isGivenUp = false;
  let timer: NodeJS.Timeout | undefined;
  const probe = new RefusalProbe(remoteAddress);
  let unregister = (): void => {};
  let forget = (): void => {};
  const cancelled = new Promise<never>((_, reject) => {
    unregister = context.register(reject);
    forget = onGivenUp(signal, reject);
    const text = `no answer from ${remoteAddress.host} port ${remoteAddress.port} in time`;
    timer = setTimeout(() => reject(new TransportError('connect_timeout', text)), connectTimeoutMs);
  });
  const connecting = context.connect(remoteAddress).then(async (native) => {
    // The binding can't take back a dial, so that this may come when nobody waits for it any more.
    if (isGivenUp) native.abort();
    else return await openConnection(context, url, native, remoteAddress);
  }, dialFailure);
  try {
    const connection = await Promise.race([connecting, cancelled, probe.refused]);
    return connection!;
  } catch (thrown) {
    isGivenUp = true;
    connecting.then((connection) => connection?.close(0, 'too late')).catch(() => {});
    throw thrown;
  } finally {
    clearTimeout(timer);
    unregister();
    forget();
    probe.close();
  }
}

async function openConnection(
  { streamsMax }: DialContext,
  url: RelayUrl,
  native: NativeConnection,
  remoteAddress: SocketAddress,
): Promise<QuinnConnection> {
  try {
    const peerPublicKey = publicKeyOfMultiaddr(native.remoteMultiaddr());
    const certificateSha256 = bindingOf(peerPublicKey);
    const control = new ControlChannel(await native.outboundStream());
    const facts = { transport: 'quinn', role: 'dialer', remoteAddress, certificateSha256 } as const;
    const connection = new QuinnConnection(facts, { native, control, streamsMax, peerPublicKey });
    try {
      checkPins(url, peerPublicKey, certificateSha256);
    } catch (thrown) {
      connection.close(0, 'identity refused');
      throw thrown;
    }
    return connection;
  } catch (thrown) {
    if (!(thrown instanceof TransportError && thrown.code === 'certificate_wrong_pin')) native.abort();
    throw TransportError.from(thrown);
  }
}

function checkPins(url: RelayUrl, peerPublicKey: Uint8Array, binding: Uint8Array): void {
  const identity = identityText(peerPublicKey);
  if (url.identityPin !== undefined && url.identityPin !== identity) {
    throw new TransportError('certificate_wrong_pin', `the peer is ${identity}, which #id= doesn't name`);
  }
  const { certificatePins } = url;
  if (certificatePins.length > 0 && !certificatePins.some((pin) => Buffer.from(pin).equals(binding))) {
    const text = 'no #sha256= pin matches; quinn has no relay certificate, so pin the identity with #id=';
    throw new TransportError('certificate_wrong_pin', text);
  }
}

function dialFailure(cause: unknown): never {
  const text = cause instanceof Error ? cause.message : String(cause);
  if (text === 'timed out') throw new TransportError('connect_timeout', 'no answer in time', { cause });
  throw TransportError.from(cause, 'handshake_failed');
}

/** Which of an endpoint's two sockets reaches an address. */
export function familyOf(host: string): 0 | 1 {
  return isIPv6(host) ? 1 : 0;
}
