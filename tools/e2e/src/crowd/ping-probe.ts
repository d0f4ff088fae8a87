import { randomBytes } from 'node:crypto';
import { identityFromSeed } from '@macula/crypto';
import { parseRelayUrl, type Stream, type Transport } from '@macula/transport';
import { decodeMessage, encodeMessage, FrameReader, HelloDialer, type Message } from '@macula/wire';
import type { PingResult } from './commands.js';

/** Milliseconds between PINGs: 10 of the 20 a second that a relay allows. */
const everyMs = 100;

/** A session that does nothing but send PINGs, and looks how long the answers take. */
export class PingProbe {
  readonly #sent = new Map<number, number>();
  readonly #control: Stream;
  readonly #end: () => void;
  #timer: NodeJS.Timeout | undefined;
  #number = 0;
  #answered = 0;
  #longestMs = 0;
  #lost: string | null = null;

  private constructor(control: Stream, end: () => void) {
    this.#control = control;
    this.#end = end;
  }

  /** Resolves with the first answer. */
  static async start(transport: Transport, relay: string): Promise<PingProbe> {
    const connection = await transport.dial({ url: parseRelayUrl(relay), tlsVerify: 'none' });
    const dialer = new HelloDialer({
      ...{ role: 'agent', realm: 'io.macula', names: ['pings@probe.test'], sessionSeq: 1, label: 'pings' },
      ...{ identity: identityFromSeed(randomBytes(32)), bootId: randomBytes(16), nonce: randomBytes(32) },
      ...{ certificateSha256: connection.certificateSha256, identityPin: undefined },
    });
    const control = connection.openStream({ priority: 'control' });
    const probe = new PingProbe(control, () => connection.close(0, ''));
    return new Promise((resolve, reject) => {
      const lose = (why: string): void => {
        probe.#lost ??= why;
        clearInterval(probe.#timer);
        reject(new Error(why));
      };
      connection.start({
        onStream: (stream) => stream.reset(0),
        onClosed: (info) => lose(info.kind === 'lost' ? info.error.message : info.reason),
      });
      const frames = new FrameReader();
      const handle = (message: Message): void => {
        if (message.kind === 'challenge') probe.#send(dialer.handleChallenge(message));
        else if (message.kind === 'welcome') probe.#begin();
        else if (message.kind === 'ping') probe.#send({ kind: 'pong', number: message.number });
        else if (message.kind === 'goodbye') lose(message.text);
        else if (message.kind === 'pong') {
          probe.#handlePong(message.number);
          resolve(probe);
        }
      };
      control.start({
        onData: (bytes) => {
          frames.push(bytes);
          for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
            const message = decodeMessage(frame);
            if (message !== undefined) handle(message);
          }
        },
        onEnd: () => {},
        onDrain: () => {},
        onClosed: () => {},
      });
      probe.#send(dialer.hello);
    });
  }

  /** Ends it; a PING without an answer counts as one that waited until now. */
  stop(): PingResult {
    clearInterval(this.#timer);
    for (const sentMs of this.#sent.values()) this.#note(sentMs);
    const result = { answered: this.#answered, longestMs: Math.round(this.#longestMs), lost: this.#lost };
    this.#end();
    return result;
  }

  #begin(): void {
    const ping = (): void => {
      this.#number += 1;
      this.#sent.set(this.#number, performance.now());
      this.#send({ kind: 'ping', number: this.#number });
    };
    ping();
    this.#timer = setInterval(ping, everyMs);
  }

  #handlePong(number: number): void {
    const sentMs = this.#sent.get(number);
    if (sentMs === undefined) return;
    this.#sent.delete(number);
    this.#answered += 1;
    this.#note(sentMs);
  }

  #note(sentMs: number): void {
    this.#longestMs = Math.max(this.#longestMs, performance.now() - sentMs);
  }

  #send(message: Message): void {
    this.#control.write(encodeMessage(message));
  }
}
