import { randomBytes } from 'node:crypto';
import { type Identity, identityFromSeed } from '@macula/crypto';
import type { Connection, RelayUrl, Stream, Transport } from '@macula/transport';
import {
  codeFromNumber,
  decodeMessage,
  encodeMessage,
  FrameReader,
  HelloDialer,
  hopLimitDefault,
  type Message,
  type NameClaim,
  namesAfter,
  signNameClaim,
  type WireCode,
} from '@macula/wire';

const realm = 'bench';

/** Who dials, and as whom. */
export interface WireAgentOptions {
  readonly transport: Transport;
  readonly url: RelayUrl;
  readonly identity: Identity;
  readonly names: readonly string[];
  readonly sessionSeq?: number;
  /** Proves something else than its identity. Default false. */
  readonly isForger?: boolean;
  /** Streams of others; default: reset. */
  readonly onStream?: (stream: Stream) => void;
  /** A code came: of GOODBYE, of a refused OPEN or a reset stream. */
  readonly onCode?: (code: WireCode) => void;
}

/** An identity of its own. */
export function newIdentity(): Identity {
  return identityFromSeed(randomBytes(32));
}

/** An agent reduced to its wire messages, which says what no honest one would. */
export class WireAgent {
  readonly connection: Connection;
  /** True when WELCOME has come, false when the session ended before. */
  readonly welcomed: Promise<boolean>;
  readonly #options: WireAgentOptions;
  readonly #control: Stream;
  readonly #dialer: HelloDialer;
  readonly #reader = new FrameReader();
  #claim: NameClaim;
  #request = 0;
  #isOver = false;
  #settle!: (isWelcome: boolean) => void;

  private constructor(connection: Connection, options: WireAgentOptions) {
    this.connection = connection;
    this.#options = options;
    this.welcomed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#dialer = new HelloDialer({
      role: 'agent',
      realm,
      names: options.names,
      identity: options.identity,
      bootId: randomBytes(16),
      sessionSeq: options.sessionSeq ?? 1,
      nonce: randomBytes(32),
      label: 'bench',
      certificateSha256: connection.certificateSha256,
      identityPin: undefined,
    });
    this.#claim = { ...this.#dialer.hello, claimSeq: 0, relay: new Uint8Array(32) };
    connection.start({
      onStream: options.onStream ?? ((stream) => stream.reset(0)),
      onClosed: (info) => this.#over(info.kind === 'peer' ? codeFromNumber(info.code) : 'relay_lost'),
    });
    this.#control = connection.openStream({ priority: 'control' });
    this.#control.start({
      onData: (bytes) => {
        this.#reader.push(bytes);
        for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
          const message = decodeMessage(frame);
          if (message !== undefined) this.#handleMessage(message);
        }
      },
      onEnd: () => {},
      onDrain: () => {},
      onClosed: () => {},
    });
    this.send(this.#dialer.hello);
  }

  static async dial(options: WireAgentOptions): Promise<WireAgent> {
    const { transport, url } = options;
    return new WireAgent(await transport.dial({ url, tlsVerify: 'none' }), options);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  send(message: Message): void {
    this.#control.write(encodeMessage(message));
  }

  /** Claims one more name. */
  addName(name: string): void {
    const { claimSeq, names } = this.#claim;
    const change = { add: [name], remove: [] };
    this.#claim = { ...this.#claim, claimSeq: claimSeq + 1, names: namesAfter(names, change) };
    const claim = signNameClaim(this.#options.identity, this.#claim);
    this.send({ kind: 'names', request: ++this.#request, ...change, claimSeq: this.#claim.claimSeq, claim });
  }

  /** A stream with an OPEN; it tells its codes, and is the caller's to start again after OPEN_OK. */
  open(to: string, onOk: (stream: Stream) => void = (stream) => stream.reset(0)): void {
    const stream = this.connection.openStream();
    const reader = new FrameReader();
    stream.start({
      onData: (bytes) => {
        reader.push(bytes);
        const frame = reader.next();
        const message = frame && decodeMessage(frame);
        if (message?.kind === 'open_ok') onOk(stream);
        if (message?.kind !== 'open_failed') return;
        this.#options.onCode?.(message.code);
        stream.start(silent);
        stream.reset(0);
      },
      onEnd: () => {},
      onDrain: () => {},
      onClosed: (reason) => {
        if (reason.kind === 'reset' && !reason.local) this.#options.onCode?.(codeFromNumber(reason.code));
      },
    });
    stream.write(
      encodeMessage({
        kind: 'open',
        pathId: randomBytes(16),
        realm,
        from: this.#options.names[0] ?? 'nobody@bench',
        to,
        visited: [],
        hopsLeft: hopLimitDefault,
        offer: randomBytes(100),
        exclude: [],
      }),
    );
  }

  /** A stream of one byte that never becomes an OPEN. */
  tinyStream(): Stream {
    const stream = this.connection.openStream();
    stream.start({
      ...silent,
      onClosed: (reason) => {
        if (reason.kind === 'reset' && !reason.local) this.#options.onCode?.(codeFromNumber(reason.code));
      },
    });
    stream.write(Uint8Array.of(0));
    return stream;
  }

  close(): void {
    this.#isOver = true;
    this.connection.close(0, 'done');
  }

  #handleMessage(message: Message): void {
    switch (message.kind) {
      case 'challenge': {
        this.#claim = { ...this.#claim, relay: message.identity };
        const proof = this.#dialer.handleChallenge(message);
        this.send(this.#options.isForger ? { ...proof, signature: randomBytes(64) } : proof);
        return;
      }
      case 'welcome':
        this.#settle(true);
        return;
      case 'ping':
        this.send({ kind: 'pong', number: message.number });
        return;
      case 'goodbye':
        this.#over(message.code);
        this.connection.close(0, 'goodbye');
        return;
    }
  }

  #over(code: WireCode): void {
    this.#settle(false);
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onCode?.(code);
  }
}

const silent = { onData: () => {}, onEnd: () => {}, onDrain: () => {}, onClosed: () => {} };
