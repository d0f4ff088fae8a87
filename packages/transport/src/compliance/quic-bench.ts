import { createQuicTransport, type QuicTransportOptions } from '../quic/quic-transport.js';
import type { Connection, Listener, SocketAddress, Transport } from '../transport.js';
import { dialOptions, Inbox, TestConnection, testCertificate } from './tools.js';

/** A QUIC transport that listens on loopback, and dials itself. */
export class QuicBench {
  readonly accepted: Inbox<Connection> = new Inbox();
  /** Connections accepted so far. */
  acceptedCount = 0;

  private constructor(
    readonly transport: Transport,
    readonly listener: Listener,
  ) {
    listener.start({
      onConnection: (connection) => {
        this.acceptedCount++;
        this.accepted.push(connection);
      },
    });
  }

  static async open(options: QuicTransportOptions = {}): Promise<QuicBench> {
    const transport = createQuicTransport(options);
    const certificate = await testCertificate;
    return new QuicBench(transport, await transport.listen({ host: '127.0.0.1', port: 0, certificate }));
  }

  /** Both ends of a new connection; `address` is a way to the listener. */
  async connect(
    address: SocketAddress = this.listener.address,
  ): Promise<{ near: TestConnection; far: TestConnection }> {
    const near = new TestConnection(await this.transport.dial(dialOptions(address)));
    return { near, far: new TestConnection(await this.accepted.next()) };
  }

  close(): Promise<void> {
    return this.transport.close();
  }
}
