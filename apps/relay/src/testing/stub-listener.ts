import { randomBytes } from 'node:crypto';
import { identityFromSeed } from '@macula/crypto';
import type { Connection, Transport } from '@macula/transport';
import { decodeMessage, encodeMessage, FrameReader, HelloListener, type Message } from '@macula/wire';

/** How a {@link stubListener} differs from a relay of this version. */
export interface StubListenerOptions {
  readonly minor?: number;
  /** Makes frames of what it says; default as this version does. */
  readonly encode?: (message: Message) => Uint8Array;
}

/** Listens at `relay:PORT` as a relay that takes every HELLO and then says nothing more. */
export async function stubListener(
  transport: Transport,
  port: number,
  options: StubListenerOptions = {},
): Promise<void> {
  const certificate = { certPem: `stub certificate of ${port}`, keyPem: '' };
  const listener = await transport.listen({ host: 'relay', port, certificate });
  const identity = identityFromSeed(randomBytes(32));
  listener.start({
    onConnection: (connection) => {
      const hello = new HelloListener({
        identity,
        bootId: randomBytes(16),
        nonce: randomBytes(32),
        certificateSha256: connection.certificateSha256,
        ...(options.minor === undefined ? {} : { minor: options.minor }),
      });
      serve(connection, hello, options.encode ?? encodeMessage);
    },
  });
}

function serve(
  connection: Connection,
  hello: HelloListener,
  encode: NonNullable<StubListenerOptions['encode']>,
): void {
  connection.start({
    onStream: (stream) => {
      const frames = new FrameReader();
      stream.start({
        onData: (bytes) => {
          frames.push(bytes);
          for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
            const message = decodeMessage(frame);
            if (message?.kind === 'hello') stream.write(encode(hello.handleHello(message)));
            if (message?.kind !== 'proof') continue;
            hello.handleProof(message);
            stream.write(encode({ kind: 'welcome', label: 'stub' }));
          }
        },
        onEnd: () => {},
        onDrain: () => {},
        onClosed: () => {},
      });
    },
    onClosed: () => {},
  });
}
