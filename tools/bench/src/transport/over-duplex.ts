import type { Duplex } from 'node:stream';
import { bulkPieces, checkCount, EchoClock, echoByte, echoMessage } from './contestant.js';

/** Serves one stream of bytes. */
export function serveDuplex(stream: Duplex): void {
  let first: number | undefined;
  let total = 0;
  stream.on('data', (bytes: Buffer) => {
    first ??= bytes[0];
    total += bytes.length;
    if (first === echoByte && !stream.write(bytes)) stream.pause();
  });
  stream.on('drain', () => stream.resume());
  stream.on('end', () => stream.end(first === echoByte ? '' : String(total)));
  stream.on('error', () => stream.destroy());
}

/** See {@link Contestant}; the stream is ended. */
export function bulkOver(stream: Duplex, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const pieces = bulkPieces(bytes);
    const answer: Buffer[] = [];
    const startedMs = performance.now();
    const write = (): void => {
      for (let next = pieces.next(); !next.done; next = pieces.next()) if (!stream.write(next.value)) return;
      stream.end();
    };
    stream.on('data', (piece: Buffer) => answer.push(piece));
    stream.on('drain', write);
    stream.on('error', reject);
    stream.on('end', () => {
      const elapsedMs = performance.now() - startedMs;
      try {
        checkCount(Buffer.concat(answer), bytes);
        resolve(elapsedMs);
      } catch (error) {
        reject(error);
      }
    });
    write();
  });
}

/** See {@link Contestant}. */
export function echoOver(stream: Duplex, count: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const clock = new EchoClock(count);
    const send = (): void => {
      clock.start();
      stream.write(echoMessage);
    };
    stream.on('error', reject);
    stream.on('data', (bytes: Buffer) => {
      if (!clock.handleBytes(bytes.length)) return;
      if (clock.isDone) resolve(clock.timesMs);
      else send();
    });
    send();
  });
}
