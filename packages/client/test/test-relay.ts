import { randomBytes } from 'node:crypto';
import { type Identity, identityFromSeed } from '@macula/crypto';
import type { Connection, ConnectionClosed, Listener, Stream, Transport } from '@macula/transport';
import {
  codeNumber,
  decodeMessage,
  encodeMessage,
  FrameReader,
  HelloListener,
  type Message,
  type Open,
  type WireCode,
  wireMinor,
} from '@macula/wire';

/** The least relay that sessions can be tested against: one process, local names only, no limits. The real one is apps/relay. */
export class TestRelay {
  readonly identity: Identity = identityFromSeed(randomBytes(32));
  readonly sessions = new Set<TestSession>();
  /** Refuse every HELLO with this code. */
  refuseWith: WireCode | undefined;
  /** What it says beside that. */
  refusalText = 'test';
  /** When it may be tried again, milliseconds. */
  retryMs: number | undefined;
  /** Names that others have. */
  readonly taken = new Set<string>();
  /** Takes proofs and never says WELCOME. */
  isSlow = false;
  /** Called with every session that is about to be welcomed. */
  onSession: (session: TestSession) => void = () => undefined;
  /** Sent in one piece with WELCOME. */
  behindWelcome: readonly Message[] = [];
  /** Called right behind WELCOME. */
  onWelcomed: (session: TestSession) => void = () => undefined;
  /** Called with every OPEN before it is routed; return false to leave it unanswered. */
  onOpen: (open: Open) => boolean = () => true;
  /** Makes frames of what is said on control streams: another version's, perhaps. */
  encode: (message: Message) => Uint8Array = encodeMessage;
  /** Minor version to name. */
  minor = wireMinor;
  /** May change bytes on their way. */
  tamper: (bytes: Uint8Array, direction: 'forward' | 'backward') => Uint8Array = (bytes) => bytes;
  readonly #listener: Listener;

  private constructor(listener: Listener) {
    this.#listener = listener;
    listener.start({ onConnection: (connection) => void new TestSession(this, connection) });
  }

  static async start(transport: Transport, options: Parameters<Transport['listen']>[0]): Promise<TestRelay> {
    return new TestRelay(await transport.listen(options));
  }

  get url(): string {
    const { host, port } = this.#listener.address;
    return `quic://${host}:${port}`;
  }

  async close(): Promise<void> {
    await this.#listener.close(codeNumber('shutdown'));
  }

  /** The first that has the name and is not excluded: several identities may have it. */
  route(open: Open): TestSession | undefined {
    const isExcluded = (tag: Uint8Array) =>
      open.exclude?.some((excluded) => Buffer.from(excluded).equals(tag));
    return [...this.sessions].find(
      ({ names, realm, tag }) => names.has(open.to) && realm === open.realm && !isExcluded(tag),
    );
  }
}

/** One agent's session. */
export class TestSession {
  readonly names = new Set<string>();
  /** What came over the control stream. */
  readonly messages: Message[] = [];
  readonly tag: Uint8Array = randomBytes(16);
  realm = '';
  process = '';
  identity: Uint8Array | undefined;
  closed: ConnectionClosed | undefined;
  readonly connection: Connection;
  readonly #relay: TestRelay;
  readonly #hello: HelloListener;
  #control: Stream | undefined;

  constructor(relay: TestRelay, connection: Connection) {
    this.#relay = relay;
    this.connection = connection;
    this.#hello = new HelloListener({
      identity: relay.identity,
      bootId: randomBytes(16),
      nonce: randomBytes(32),
      certificateSha256: connection.certificateSha256,
      minor: relay.minor,
    });
    connection.start({
      onStream: (stream) =>
        this.#control === undefined ? this.#startControl(stream) : this.#startTunnel(stream),
      onClosed: (info) => {
        this.closed = info;
        relay.sessions.delete(this);
      },
    });
  }

  send(...messages: readonly Message[]): void {
    this.#control?.write(Buffer.concat(messages.map((message) => this.#relay.encode(message))));
  }

  /** Brings it an OPEN, and gives the answer. */
  openTo(open: Open, onAnswer: (message: Message) => void): void {
    const stream = this.connection.openStream();
    readMessages(stream, (message) => {
      onAnswer(message);
      return false;
    });
    stream.write(encodeMessage(open));
  }

  /** Nothing of the control stream is read any more. */
  stopReading(): void {
    this.#control?.pause();
  }

  #startControl(stream: Stream): void {
    this.#control = stream;
    readMessages(stream, (message) => {
      this.messages.push(message);
      if (message.kind === 'hello') this.send(this.#hello.handleHello(message));
      else if (message.kind === 'proof') this.#welcome(message);
      else if (message.kind === 'ping') this.send({ kind: 'pong', number: message.number });
      else if (message.kind === 'former_gone') this.#endFormer();
      else if (message.kind === 'names') {
        const taken = message.add.filter((name) => this.#relay.taken.has(name));
        for (const name of message.add) if (!taken.includes(name)) this.names.add(name);
        for (const name of message.remove) this.names.delete(name);
        this.send({ kind: 'names_done', request: message.request, taken });
      }
      return true;
    });
  }

  #endFormer(): void {
    for (const other of this.#relay.sessions)
      if (other !== this && other.process === this.process && other.names.size === 0)
        other.connection.close(codeNumber('replaced'), '');
  }

  #welcome(proof: Extract<Message, { kind: 'proof' }>): void {
    const { hello } = this.#hello.handleProof(proof);
    if (this.#relay.refuseWith !== undefined) {
      const { refuseWith: code, refusalText: text, retryMs } = this.#relay;
      this.send({ kind: 'goodbye', code, text, ...(retryMs === undefined ? {} : { retryMs }) });
      return;
    }
    if (this.#relay.isSlow) return;
    this.realm = hello.realm;
    this.identity = hello.identity;
    this.process = Buffer.concat([hello.identity, hello.bootId]).toString('hex');
    for (const other of this.#relay.sessions) if (other.process === this.process) other.names.clear();
    for (const name of hello.names) this.names.add(name);
    this.#relay.sessions.add(this);
    this.#relay.onSession(this);
    this.send({ kind: 'welcome', label: 'test' }, ...this.#relay.behindWelcome);
    this.#relay.onWelcomed(this);
  }

  #startTunnel(stream: Stream): void {
    readMessages(stream, (message) => {
      if (message.kind !== 'open' || !this.#relay.onOpen(message)) return false;
      const target = this.#relay.route(message);
      if (target === undefined) {
        stream.write(encodeMessage({ kind: 'open_failed', code: 'not_found', text: '' }));
        stream.end();
        return false;
      }
      const onward = target.connection.openStream();
      onward.write(encodeMessage({ ...message, ...(this.identity && { source: this.identity }) }));
      const answer = withVia(target.tag);
      splice(stream, onward, (bytes) => this.#relay.tamper(bytes, 'forward'));
      splice(onward, stream, (bytes) => this.#relay.tamper(answer(bytes), 'backward'));
      return false;
    });
  }
}

function readMessages(stream: Stream, onMessage: (message: Message) => boolean): void {
  const frames = new FrameReader();
  stream.start({
    onData: (bytes) => {
      frames.push(bytes);
      for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
        const message = decodeMessage(frame);
        if (message !== undefined && !onMessage(message)) return;
      }
    },
    onEnd: () => undefined,
    onDrain: () => undefined,
    onClosed: () => undefined,
  });
}

/** Puts the tag of the session that answers into the first message. */
function withVia(via: Uint8Array): (bytes: Uint8Array) => Uint8Array {
  const frames = new FrameReader();
  let isAnswered = false;
  return (bytes) => {
    if (isAnswered) return bytes;
    frames.push(bytes);
    const frame = frames.next();
    if (frame === undefined) return new Uint8Array(0);
    isAnswered = true;
    const message = decodeMessage(frame);
    if (message?.kind !== 'open_ok' && message?.kind !== 'open_failed')
      throw new Error(`${message?.kind} instead of an answer to OPEN`);
    return Buffer.concat([encodeMessage({ ...message, via }), frames.takeRest()]);
  };
}

function splice(from: Stream, to: Stream, change: (bytes: Uint8Array) => Uint8Array): void {
  from.start({
    onData: (bytes) => {
      if (!to.write(change(bytes))) from.pause();
    },
    onEnd: () => to.end(),
    onDrain: () => to.resume(),
    onClosed: (reason) => {
      if (reason.kind !== 'done') to.reset(reason.kind === 'reset' ? reason.code : codeNumber('relay_lost'));
    },
  });
}
