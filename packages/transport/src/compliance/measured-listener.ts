/** A process with a QUIC listener that echoes. It prints its port, and then every 100 ms the MiB it has in memory (RSS). */
import { createQuicTransport } from '../quic/quic-transport.js';
import { echo } from './echo.js';
import { TestConnection, testCertificate } from './tools.js';

const transport = createQuicTransport();
const listener = await transport.listen({ host: '0.0.0.0', port: 0, certificate: await testCertificate });
listener.start({ onConnection: (connection) => echo(new TestConnection(connection)) });
process.stdout.write(`${listener.address.port}\n`);
setInterval(() => process.stdout.write(`${Math.round(process.memoryUsage.rss() / 2 ** 20)}\n`), 100);
