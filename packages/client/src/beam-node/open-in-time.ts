import type { Duplex } from 'node:stream';
import { BeamError } from './beam-error.js';
import { waitFor } from './patience.js';

/**
 * Opens a byte stream to a node. Where that takes too long or is aborted it is told so, and a stream that comes after all is destroyed.
 *
 * @param open what may take no notice of its signal, or bind the stream to it, as `net.connect` does: it is not aborted any more once the
 * stream is there
 * @throws {BeamError} `noconnection`, `aborted`; or what `open` throws
 */
export async function openInTime(
  open: (signal: AbortSignal) => Promise<Duplex>,
  node: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Duplex> {
  const opening = new AbortController();
  try {
    return await waitFor<Duplex>(
      { timeoutMs, signal },
      `${node} was not reached`,
      (resolve, reject) => {
        new Promise<Duplex>((done) => done(open(opening.signal))).then((duplex) => {
          if (opening.signal.aborted) duplex.destroy();
          else resolve(duplex);
        }, reject);
      },
      { abandon: () => opening.abort() },
    );
  } catch (error) {
    // `timeout` is for who waits for a connection, and has set the time himself.
    if (!(error instanceof BeamError) || error.code !== 'timeout') throw error;
    throw new BeamError('noconnection', error.message, { cause: error });
  }
}
