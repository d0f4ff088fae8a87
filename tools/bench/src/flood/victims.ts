import { setTimeout as delay } from 'node:timers/promises';
import type { RelayUrl, Stream, Transport } from '@macula/transport';
import { decodeMessage, encodeMessage, FrameReader } from '@macula/wire';
import { newIdentity, WireAgent } from './wire-agent.js';

const messageBytes = 64;

/** Pairs of agents with a tunnel each through one relay; one end sends 64 bytes every so often, the other sends them back. */
export class Victims {
  readonly #tunnels: Stream[] = [];

  /** Makes so many pairs. */
  async meet(transport: Transport, url: RelayUrl, pairs: number): Promise<void> {
    for (let pair = 0; pair < pairs; pair++) {
      const party = { transport, url, identity: newIdentity() };
      const far = await WireAgent.dial({ ...party, names: [`far-${pair}@bench`], onStream: echo });
      const near = await WireAgent.dial({ ...party, identity: newIdentity(), names: [`near-${pair}@bench`] });
      if (!(await far.welcomed) || !(await near.welcomed)) throw new Error('a victim was refused');
      this.#tunnels.push(await new Promise<Stream>((resolve) => near.open(`far-${pair}@bench`, resolve)));
    }
  }

  /** Sends on every tunnel each `everyMs`, for `ms`; milliseconds of each round trip. What is unanswered a second later took infinite. */
  async echoes(ms: number, everyMs: number): Promise<number[]> {
    const times: number[] = [];
    const untilMs = performance.now() + ms;
    await Promise.all(
      this.#tunnels.map(async (tunnel, index) => {
        const sentMs: number[] = [];
        let answered = 0;
        let bytes = 0;
        tunnel.start({
          onData: (chunk) => {
            bytes += chunk.length;
            for (; (answered + 1) * messageBytes <= bytes; answered++)
              times.push(performance.now() - sentMs[answered]!);
          },
          onEnd: () => {},
          onDrain: () => {},
          onClosed: () => {},
        });
        // Not all at the same moment.
        await delay((everyMs * index) / this.#tunnels.length);
        while (performance.now() < untilMs) {
          sentMs.push(performance.now());
          tunnel.write(new Uint8Array(messageBytes));
          await delay(everyMs);
        }
        for (let wait = 0; wait < 100 && answered < sentMs.length; wait++) await delay(10);
        for (let missing = answered; missing < sentMs.length; missing++) times.push(Number.POSITIVE_INFINITY);
      }),
    );
    return times;
  }
}

function echo(stream: Stream): void {
  const reader = new FrameReader();
  stream.start({
    onData: (bytes) => {
      reader.push(bytes);
      const frame = reader.next();
      if (frame === undefined || decodeMessage(frame)?.kind !== 'open') return;
      stream.start({
        onData: (chunk) => stream.write(chunk),
        onEnd: () => {},
        onDrain: () => {},
        onClosed: () => {},
      });
      stream.write(encodeMessage({ kind: 'open_ok', answer: Uint8Array.of(0) }));
    },
    onEnd: () => {},
    onDrain: () => {},
    onClosed: () => {},
  });
}
