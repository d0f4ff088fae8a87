import type { Connection } from '../transport.js';
import { type TestConnection, TestStream } from './tools.js';

/** Echoes every stream of the connection. */
export function echo(connection: TestConnection): void {
  void (async () => {
    for (;;) {
      const far: TestStream = new TestStream(await connection.streams.next(), (bytes) =>
        far.stream.write(bytes),
      );
      void far.ended.then(() => far.stream.end());
    }
  })();
}

/** What an {@link echo} answers on a stream of its own. */
export async function ask(connection: Connection, text: string): Promise<string> {
  const stream = new TestStream(connection.openStream({ priority: 'control' }));
  stream.stream.write(Buffer.from(text));
  stream.stream.end();
  await stream.ended;
  return stream.text();
}
