import { BlockList, isIP, isIPv6, type Socket } from 'node:net';
import { TransportError } from '../errors.js';
import type { RelayUrl } from '../relay-url.js';

/** Variables such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An HTTP proxy. */
export interface HttpProxy {
  readonly host: string;
  readonly port: number;
  /** Value of `Proxy-Authorization`. */
  readonly authorization: string | undefined;
}

/** Longest head of a proxy's answer, bytes. */
const answerBytesMax = 16 * 1024;

/**
 * The proxy that the environment names for a URL: `https_proxy`, then `HTTPS_PROXY`, both `http://[USER:PASSWORD@]HOST[:PORT]`.
 * None for this machine itself (`localhost`, loopback addresses), and for what `no_proxy` or `NO_PROXY` lists: names with
 * everything below them, addresses, networks (`10.0.0.0/8`), each with `:PORT` if wanted; `*` for all.
 * @throws TransportError with code `bad_url` when the proxy's URL is malformed or not `http:`
 */
export function proxyFor(url: RelayUrl, environment: Environment): HttpProxy | undefined {
  const text = environment.https_proxy || environment.HTTPS_PROXY;
  if (!text || isLoopback(url.host)) return undefined;
  const exceptions = environment.no_proxy || environment.NO_PROXY || '';
  if (exceptions.split(/[\s,]+/).some((entry) => entry !== '' && matches(entry.toLowerCase(), url)))
    return undefined;
  return parseProxy(text);
}

/**
 * Has the proxy at the other end of the socket connect to host and port; the socket then belongs to these.
 * Resolves when the proxy has answered; the caller watches the time, and destroys the socket when it is up.
 * @throws TransportError with code `proxy_refused`
 */
export function connectThrough(socket: Socket, proxy: HttpProxy, url: RelayUrl): Promise<void> {
  const target = `${isIPv6(url.host) ? `[${url.host}]` : url.host}:${url.port}`;
  const authorization = proxy.authorization ? `Proxy-Authorization: ${proxy.authorization}\r\n` : '';
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization}\r\n`);
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const settle = (error?: Error): void => {
      socket.off('data', onData).off('error', settle).off('close', onClose);
      socket.pause();
      if (error) reject(error);
      else resolve();
    };
    const refuse = (what: string): void => {
      const at = `${isIPv6(proxy.host) ? `[${proxy.host}]` : proxy.host}:${proxy.port}`;
      settle(new TransportError('proxy_refused', `the proxy ${at} ${what}`));
    };
    const onData = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) {
        if (head.length > answerBytesMax) refuse('gives no HTTP answer');
        return;
      }
      const status = /^HTTP\/1\.[01] (\d{3})([\x20-\x7e]{0,100})/.exec(head.toString('latin1', 0, end));
      if (!status) refuse('gives no HTTP answer');
      else if (!status[1]!.startsWith('2')) refuse(`does not connect to ${target}: ${status[1]}${status[2]}`);
      else {
        settle();
        if (end + 4 < head.length) socket.unshift(head.subarray(end + 4));
      }
    };
    const onClose = (): void => refuse('closed the connection');
    socket.on('data', onData).on('error', settle).on('close', onClose);
  });
}

function parseProxy(text: string): HttpProxy {
  let url: URL;
  try {
    url = new URL(text.includes('://') ? text : `http://${text}`);
  } catch {
    // Not the cause, nor the text: these hold the password.
    throw new TransportError('bad_url', "the proxy's URL in HTTPS_PROXY is malformed");
  }
  if (url.protocol !== 'http:' || url.hostname === '')
    throw new TransportError('bad_url', "the proxy's URL in HTTPS_PROXY must begin with http://");
  const { username, password } = url;
  const user = `${decode(username)}:${decode(password)}`;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 80 : Number(url.port),
    authorization: username || password ? `Basic ${Buffer.from(user).toString('base64')}` : undefined,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isLoopback(host: string): boolean {
  return (
    host === 'localhost' || host.endsWith('.localhost') || isInNetwork(host, '127.0.0.0/8') || host === '::1'
  );
}

function matches(entry: string, { host, port }: RelayUrl): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return isInNetwork(host, entry);
  const match = /^(?:\[(.+)\]|([^:]+|.*:.*:.*))(?::(\d+))?$/.exec(entry);
  if (!match) return false;
  if (match[3] !== undefined && Number(match[3]) !== port) return false;
  const name = match[1] ?? match[2]!;
  if (isIP(host)) return host === name;
  const suffix = name.replace(/^\*?\.?/, '');
  return host === suffix || host.endsWith(`.${suffix}`);
}

function isInNetwork(host: string, network: string): boolean {
  const [address = '', bits = ''] = network.split('/');
  const family = isIP(address);
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(bits)) return false;
  const type = family === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  try {
    list.addSubnet(address, Number(bits), type);
  } catch {
    return false;
  }
  return list.check(host, type);
}
