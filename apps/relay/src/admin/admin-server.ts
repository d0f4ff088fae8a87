import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SocketAddress } from '@macula/transport';
import type { HostPort } from '../config.js';
import { RelayError } from '../errors.js';

/** What the admin server shows. */
export interface AdminPages {
  /** Whether new sessions are taken. */
  isReady(): boolean;
  metrics(): string;
  /** JSON-able. */
  status(): unknown;
}

/** A running admin server. */
export interface AdminServer {
  readonly address: SocketAddress;
  close(): Promise<void>;
}

/**
 * The operator's HTTP server: `/health`, `/ready`, `/metrics`, `/status`. Everywhere but on loopback it demands a bearer token;
 * on loopback it answers only requests that name a loopback host, so that no web page can read it through a browser.
 * @throws RelayError `bad_config`, `bad_listen_address` or `port_in_use`
 */
export async function startAdmin(
  at: HostPort,
  token: string | undefined,
  pages: AdminPages,
): Promise<AdminServer> {
  const isLocal = isLoopback(at.host);
  if (!isLocal && token === undefined) {
    throw new RelayError(
      'bad_config',
      `the admin server on ${at.host} would be open to everybody`,
      'Give a token (adminTokenFile, --admin-token-file: a 0600 file), or listen on 127.0.0.1.',
    );
  }
  const server = createServer({ maxHeaderSize: 8192, requestTimeout: 10_000 }, (request, response) => {
    if (isLocal && !isLoopback(hostOf(request)))
      return answer(response, 403, 'the Host header is not loopback\n');
    if (token !== undefined && !hasToken(request, token)) {
      response.setHeader('WWW-Authenticate', 'Bearer');
      return answer(response, 401, 'a bearer token is needed\n');
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'only GET\n');
    respond(request, response, pages);
  });
  server.maxConnections = 64;
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(at, cause)));
    server.listen({ host: at.host, port: at.port }, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    address: { host: address, port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function respond(request: IncomingMessage, response: ServerResponse, pages: AdminPages): void {
  switch ((request.url ?? '').split('?', 1)[0]) {
    case '/health':
      answer(response, 200, 'ok\n');
      return;
    case '/ready':
      pages.isReady() ? answer(response, 200, 'ready\n') : answer(response, 503, 'draining\n');
      return;
    case '/metrics':
      answer(response, 200, pages.metrics(), 'text/plain; version=0.0.4; charset=utf-8');
      return;
    case '/status':
      answer(response, 200, `${JSON.stringify(pages.status())}\n`, 'application/json');
      return;
    default:
      answer(response, 404, 'known are /health /ready /metrics /status\n');
      return;
  }
}

function answer(
  response: ServerResponse,
  status: number,
  body: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(body);
}

function hostOf(request: IncomingMessage): string {
  const host = request.headers.host ?? '';
  return host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Compares hashes, so that neither content nor length shows in the time it takes. */
function hasToken(request: IncomingMessage, token: string): boolean {
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(sha256(given), sha256(token));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function listenError({ host, port }: HostPort, cause: Error): RelayError {
  if ((cause as NodeJS.ErrnoException).code === 'EADDRINUSE') {
    const text = `the admin port ${port} on ${host} is in use`;
    return new RelayError('port_in_use', text, 'Stop the other process, or choose another port.', { cause });
  }
  return RelayError.from(cause, 'bad_listen_address', 'Give an address of this machine for admin.');
}
