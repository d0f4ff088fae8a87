import {
  type CertificatePair,
  type Connection,
  parseRelayUrl,
  type Stream,
  type StreamClosed,
  type Transport,
} from '@macula/transport';
import {
  bulkPieces,
  type Contestant,
  checkCount,
  type Dialed,
  EchoClock,
  echoByte,
  echoMessage,
  resetByte,
} from './contestant.js';

/** Code of the listener's resets. */
const resetCode = 7;

/** A contestant that is one of our transports; the two ends may be different ones that speak the same protocol. */
export function overTransport(dialer: () => Transport, listener: () => Transport = dialer): Contestant {
  let dialing: Transport | undefined;
  return {
    listen: (certificate) => listenOn(listener(), certificate),
    dial: async (port, certificate) => {
      dialing ??= dialer();
      return dialed(await dialTo(dialing, port, certificate));
    },
  };
}

/** Listens on 127.0.0.1 and serves every stream of every connection. Resolves with the port. */
export async function listenOn(transport: Transport, certificate: CertificatePair): Promise<number> {
  const listener = await transport.listen({ host: '127.0.0.1', port: 0, certificate });
  listener.start({
    onConnection: (connection) => connection.start({ onStream: serve, onClosed: () => {} }),
  });
  return listener.address.port;
}

/** Dials a listener of {@link listenOn}. */
export function dialTo(
  transport: Transport,
  port: number,
  certificate: CertificatePair,
): Promise<Connection> {
  const url = parseRelayUrl(`${transport.name}://127.0.0.1:${port}`);
  // quinn knows identities only, and nobody pins one here.
  if (transport.name === 'quinn') return transport.dial({ url, tlsVerify: 'none' });
  return transport.dial({ url, tlsVerify: 'verify_peer', caPem: [certificate.certPem] });
}

function serve(stream: Stream): void {
  let first: number | undefined;
  let total = 0;
  stream.start({
    onData: (bytes) => {
      first ??= bytes[0];
      total += bytes.length;
      if (first === resetByte) stream.reset(resetCode);
      else if (first === echoByte && !stream.write(bytes)) stream.pause();
    },
    onDrain: () => stream.resume(),
    onEnd: () => {
      if (first !== echoByte) stream.write(Buffer.from(String(total)));
      stream.end();
    },
    onClosed: () => {},
  });
}

function dialed(connection: Connection): Dialed {
  connection.start({ onStream: () => {}, onClosed: () => {} });
  return {
    bulk: (bytes) => bulk(connection.openStream(), bytes),
    echo: (count) => echo(connection.openStream(), count),
    close: () => connection.close(0, ''),
  };
}

function bulk(stream: Stream, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const pieces = bulkPieces(bytes);
    const answer: Uint8Array[] = [];
    const startedMs = performance.now();
    const write = (): void => {
      for (let next = pieces.next(); !next.done; next = pieces.next()) if (!stream.write(next.value)) return;
      stream.end();
    };
    stream.start({
      onData: (piece) => answer.push(piece),
      onDrain: write,
      onEnd: () => {
        const elapsedMs = performance.now() - startedMs;
        try {
          checkCount(Buffer.concat(answer), bytes);
          resolve(elapsedMs);
        } catch (error) {
          reject(error);
        }
      },
      onClosed: (reason) => reject(broken(reason)),
    });
    write();
  });
}

function echo(stream: Stream, count: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const clock = new EchoClock(count);
    const send = (): void => {
      clock.start();
      stream.write(echoMessage);
    };
    stream.start({
      onData: (bytes) => {
        if (!clock.handleBytes(bytes.length)) return;
        if (!clock.isDone) return send();
        stream.end();
        resolve(clock.timesMs);
      },
      onDrain: () => {},
      onEnd: () => {},
      onClosed: (reason) => reject(broken(reason)),
    });
    send();
  });
}

/** Why a stream that should have gone on is over. */
export function broken(reason: StreamClosed): Error {
  const cause = reason.kind === 'lost' ? { cause: reason.error } : {};
  return new Error(`the stream is over too early: ${reason.kind}`, cause);
}
