import type { Duplex } from 'node:stream';
import { BeamError } from './beam-error.js';

/**
 * Opens a byte stream to a node. Where that takes too long or is aborted it is told so, and a stream that comes after all is destroyed.
 *
 * @param open what may take no notice of its signal, or bind the stream to it, as `net.connect` does: it is not aborted any more once the
 * stream is there
 * @throws {BeamError} `noconnection`, `aborted`; or what `open` throws
 */
export function openInTime(
  open: (signal: AbortSignal) => Promise<Duplex>,
  node: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Duplex> {
  const opening = new AbortController();
  return new Promise((resolve, reject) => {
    let isOver = false;
    const settle = () => {
      isOver = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    const giveUp = (error: BeamError) => {
      settle();
      opening.abort(error);
      reject(error);
    };
    const onAbort = () => giveUp(new BeamError('aborted', `${node} was given up`, { cause: signal.reason }));
    const timer = setTimeout(
      () => giveUp(new BeamError('noconnection', `${node} was not reached within ${timeoutMs} ms`)),
      timeoutMs,
    );
    signal.addEventListener('abort', onAbort);
    new Promise<Duplex>((done) => done(open(opening.signal))).then(
      (duplex) => {
        if (isOver) duplex.destroy();
        else settle();
        resolve(duplex);
      },
      (error: unknown) => {
        settle();
        reject(error);
      },
    );
  });
}
