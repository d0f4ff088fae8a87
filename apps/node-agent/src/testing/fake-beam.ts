import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import {
  atom,
  atomMap,
  binary,
  decodeTerm,
  encodeTerm,
  isTagged,
  mapGet,
  type Term,
  type Tuple,
  textOf,
  tuple,
} from '@macula/dist-protocol';
import { FrameReader, frame } from '../control/frame-reader.js';

/** The BEAM's end of a control channel: sends terms, keeps what comes back. */
export class FakeBeam {
  readonly #output: Writable;
  readonly #reader = new FrameReader({ prefixBytes: 4, bodyBytesMax: 1 << 20 });
  readonly messages: Tuple[] = [];
  readonly #waiters = new Set<() => void>();
  closed = false;

  constructor({ input, output }: { input: Readable; output: Writable }) {
    this.#output = output;
    output.on('error', () => undefined);
    input.on('error', () => undefined);
    input.on('data', (bytes: Uint8Array) => {
      this.#reader.push(bytes);
      for (let body = this.#reader.next(); body !== undefined; body = this.#reader.next())
        this.messages.push(decodeTerm(body) as Tuple);
      this.#wake();
    });
    for (const event of ['end', 'close']) {
      input.on(event, () => {
        this.closed = true;
        this.#wake();
      });
    }
  }

  /** Sends one message. */
  send(...elements: Term[]): void {
    this.#output.write(frame(4, encodeTerm(tuple(...elements))));
  }

  /** Sends bytes as they are. */
  sendRaw(bytes: Uint8Array): void {
    this.#output.write(bytes);
  }

  /** Ends the channel, as a BEAM that dies. */
  die(): void {
    this.#output.end();
  }

  /** Takes the first message with this tag, now or later. */
  async take(tag: string): Promise<Tuple> {
    for (;;) {
      const index = this.messages.findIndex((message) => isTagged(message, tag));
      if (index >= 0) return this.messages.splice(index, 1)[0]!;
      if (this.closed) throw new Error(`the channel closed before ${tag}`);
      await new Promise<void>((resolve) => this.#waiters.add(resolve));
    }
  }

  /** Whether a message with this tag has come. */
  has(tag: string): boolean {
    return this.messages.some((message) => isTagged(message, tag));
  }

  /** Says hello and returns the agent's address. */
  async hello(): Promise<{ path?: string; port?: number }> {
    this.send(atom('hello'), helloMap());
    const [, map] = await this.take('hello');
    const [family, where] = mapGet(map, 'address') as Tuple;
    return family === atom('local') ? { path: textOf(where)! } : { port: where as number };
  }

  /** Joins and returns the reply's result. */
  async join(ref: number, options: Readonly<Record<string, Term>> = {}): Promise<Term> {
    this.send(atom('join'), ref, joinMap(options));
    return this.reply(ref);
  }

  /** The result of the reply with this reference; replies come in any order. */
  async reply(ref: number): Promise<Term> {
    const skipped: Tuple[] = [];
    for (;;) {
      const message = await this.take('reply');
      if (message.elements[1] === ref) {
        this.messages.push(...skipped);
        return message.elements[2]!;
      }
      skipped.push(message);
    }
  }

  #wake(): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const wake of waiters) wake();
  }
}

/** A right hello. */
export function helloMap(changes: Readonly<Record<string, Term>> = {}): Term {
  return atomMap({
    protocol: 1,
    app_version: binary('0.1.0'),
    otp_release: binary('27'),
    net_ticktime: 120,
    os_pid: binary('4711'),
    ...changes,
  });
}

/** Right join options. */
export function joinMap(changes: Readonly<Record<string, Term>> = {}): Term {
  return atomMap({
    relays: [binary('https://relay.example.org:4433')],
    realm: binary('io.macula'),
    identity: binary('a@host'),
    tls_verify: atom('none'),
    connect_timeout: 10_000,
    persistent: atom('false'),
    ...changes,
  });
}

/** A local socket as the BEAM sees it: `{packet,2}` frames first, then bytes. */
export class BeamSocket {
  readonly socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  ended = false;
  readonly #waiters = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#wake();
    });
    socket.on('close', () => {
      this.ended = true;
      this.#wake();
    });
  }

  /** Dials the agent and shows a token. */
  static async dial(address: { path?: string; port?: number }, token?: Uint8Array): Promise<BeamSocket> {
    const socket = address.path === undefined ? connect(address.port!, '127.0.0.1') : connect(address.path);
    const beam = new BeamSocket(socket);
    await once(socket, 'connect');
    if (token !== undefined) socket.write(frame(2, token));
    return beam;
  }

  /** The next frame; undefined when the socket closed instead. */
  async frame(): Promise<Buffer | undefined> {
    for (;;) {
      if (this.#bytes.length >= 2) {
        const end = 2 + this.#bytes.readUInt16BE(0);
        if (this.#bytes.length >= end) {
          const body = this.#bytes.subarray(2, end);
          this.#bytes = this.#bytes.subarray(end);
          return body;
        }
      }
      if (this.ended) return undefined;
      await this.#more();
    }
  }

  /** The next frame that is not `"p"`, and how many of those came before. */
  async answer(): Promise<{ body: Buffer | undefined; progress: number }> {
    for (let progress = 0; ; progress++) {
      const body = await this.frame();
      if (body?.toString() !== 'p') return { body, progress };
    }
  }

  /** Exactly so many raw bytes. */
  async bytes(length: number): Promise<Buffer> {
    while (this.#bytes.length < length) {
      if (this.ended) throw new Error('the socket closed');
      await this.#more();
    }
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  /** Resolves when the socket has closed. */
  async closed(): Promise<void> {
    while (!this.ended) await this.#more();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#waiters.add(resolve));
  }

  #wake(): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const wake of waiters) wake();
  }
}
