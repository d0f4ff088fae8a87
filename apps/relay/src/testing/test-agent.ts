import { randomBytes } from 'node:crypto';
import { type Identity, identityFromSeed } from '@macula/crypto';
import {
  type Connection,
  type ConnectionClosed,
  parseRelayUrl,
  type Stream,
  type Transport,
} from '@macula/transport';
import {
  type Challenge,
  encodeMessage,
  type Hello,
  HelloDialer,
  type Message,
  type NameClaim,
  namesAfter,
  type Open,
  type Proof,
  type SessionRole,
  signNameClaim,
} from '@macula/wire';
import { ControlChannel } from '../session/control-channel.js';
import { TestStream } from './test-stream.js';
import { until } from './until.js';

/** How a {@link TestAgent} joins. */
export interface TestAgentOptions {
  readonly names?: readonly string[];
  readonly realm?: string;
  readonly identity?: Identity;
  readonly sessionSeq?: number;
  /** Default: random, as of another process. */
  readonly bootId?: Uint8Array;
  readonly role?: SessionRole;
  readonly token?: string;
  readonly meshSecret?: Uint8Array;
  /** Changes the HELLO after it was made: what is signed no longer fits. */
  readonly forge?: (hello: Hello) => Hello;
}

/** An agent reduced to its wire messages. */
export class TestAgent {
  readonly messages: Message[] = [];
  readonly streams: TestStream[] = [];
  closed: ConnectionClosed | undefined;
  readonly connection: Connection;
  readonly control: Stream;
  readonly #channel: ControlChannel;
  readonly #realm: string;
  readonly #name: string;
  readonly #identity: Identity;
  #claim: NameClaim;
  /** Whether PING is answered. */
  isAnswering = true;

  private constructor(connection: Connection, options: TestAgentOptions) {
    this.connection = connection;
    this.#realm = options.realm ?? 'io.macula';
    this.#name = options.names?.[0] ?? 'dialer@host';
    this.#identity = options.identity ?? identityFromSeed(randomBytes(32));
    const dialer = new HelloDialer({
      role: options.role ?? 'agent',
      realm: options.role === 'relay' ? '' : this.#realm,
      names: options.names ?? [],
      identity: this.#identity,
      bootId: options.bootId ?? randomBytes(16),
      sessionSeq: options.sessionSeq ?? 1,
      nonce: randomBytes(32),
      label: 'test',
      certificateSha256: connection.certificateSha256,
      identityPin: undefined,
      token: options.token,
      meshSecret: options.meshSecret,
    });
    this.#claim = { ...dialer.hello, claimSeq: 0, relay: new Uint8Array(32) };
    this.control = connection.openStream({ priority: 'control' });
    this.#channel = new ControlChannel(this.control, {
      onMessage: (message) => {
        if (message.kind === 'challenge') {
          this.#claim = { ...this.#claim, relay: message.identity };
          this.send(proofOf(dialer, message));
        } else if (message.kind === 'ping' && this.isAnswering)
          this.send({ kind: 'pong', number: message.number });
        this.messages.push(message);
      },
      onBroken: () => {},
    });
    connection.start({
      onStream: (stream) => this.streams.push(new TestStream(stream)),
      onClosed: (info) => {
        this.closed = info;
      },
    });
    this.send(options.forge?.(dialer.hello) ?? dialer.hello);
  }

  /** Dials and says HELLO; resolves with WELCOME or when it was turned away. */
  static async join(transport: Transport, port: number, options: TestAgentOptions = {}): Promise<TestAgent> {
    const connection = await transport.dial({ url: relayUrl(port), tlsVerify: 'none' });
    const agent = new TestAgent(connection, options);
    await until(
      () => agent.message('welcome') ?? agent.message('goodbye') ?? agent.closed,
      'WELCOME or GOODBYE',
    );
    return agent;
  }

  send(message: Message): void {
    this.#channel.send(message);
  }

  /** Adds and withdraws names, signed. */
  changeNames(change: { request: number; add: readonly string[]; remove: readonly string[] }): void {
    const { claimSeq, names } = this.#claim;
    this.#claim = { ...this.#claim, claimSeq: claimSeq + 1, names: namesAfter(names, change) };
    const claim = signNameClaim(this.#identity, this.#claim);
    this.send({ kind: 'names', ...change, claimSeq: this.#claim.claimSeq, claim });
  }

  /** The last message of a kind. */
  message<K extends Message['kind']>(kind: K): Extract<Message, { kind: K }> | undefined {
    return this.messages.findLast((message) => message.kind === kind) as
      | Extract<Message, { kind: K }>
      | undefined;
  }

  /** Opens a stream with OPEN, and bytes right behind it. */
  open(to: string, more: Partial<Open> = {}, behind: Uint8Array = new Uint8Array(0)): TestStream {
    const stream = new TestStream(this.connection.openStream());
    const fields = { realm: this.#realm, from: this.#name, to, visited: [], hopsLeft: 2, exclude: [] };
    const message: Open = {
      kind: 'open',
      pathId: randomBytes(16),
      offer: randomBytes(100),
      ...fields,
      ...more,
    };
    stream.stream.write(Buffer.concat([encodeMessage(message), behind]));
    return stream;
  }

  /** The next stream another agent opened, with its OPEN read. */
  async accept(): Promise<TestStream> {
    const stream = await until(() => this.streams.shift(), 'an incoming stream');
    await stream.first('open');
    return stream;
  }

  async gone(): Promise<ConnectionClosed> {
    return until(() => this.closed, 'the end of the connection');
  }
}

/** A forged HELLO doesn't fit the relay's signature; the forger goes on with a proof of nothing. */
function proofOf(dialer: HelloDialer, challenge: Challenge): Proof {
  try {
    return dialer.handleChallenge(challenge);
  } catch {
    return { kind: 'proof', signature: randomBytes(64) };
  }
}

/** The URL of a relay in a memory network. */
export function relayUrl(port: number): ReturnType<typeof parseRelayUrl> {
  return parseRelayUrl(`https://relay:${port}`);
}
