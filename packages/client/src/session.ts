import {
  type Connection,
  type ConnectionClosed,
  type RelayUrl,
  type Stream,
  type StreamClosed,
  TransportError,
} from '@macula/transport';
import {
  codeFromNumber,
  codeNumber,
  decodeMessage,
  encodeMessage,
  FrameReader,
  type Goodbye,
  HelloDialer,
  type Message,
  namesAfter,
  type Open,
  type Presence,
  signNameClaim,
  type WireCode,
  WireError,
  watchMinor,
} from '@macula/wire';
import { describeFailure, MeshError, withRemedy } from './errors.js';
import { readFirstMessage } from './first-message.js';
import {
  acceptingStreamsMax,
  acceptTimeoutMs,
  controlBufferBytesMax,
  goodbyeGraceMs,
  openTimeoutMs,
  pingTimeoutMs,
} from './limits.js';
import { Liveness } from './liveness.js';
import { OpenPause } from './open-pause.js';
import type { StreamHandover } from './stream-handover.js';

/** What a session needs to know to say HELLO. */
export interface SessionOptions {
  readonly connection: Connection;
  readonly url: RelayUrl;
  /** Without certificate and pin, which come from the connection and the URL. */
  readonly hello: Omit<ConstructorParameters<typeof HelloDialer>[0], 'certificateSha256' | 'identityPin'>;
  readonly onOpen: (open: Open, handover: StreamHandover) => void;
  readonly onNamesTaken: (names: readonly string[]) => void;
  /** Our proof was sent: from now on the relay may give our names to this session, whether or not its WELCOME arrives. */
  readonly onProof: () => void;
  /** Who is in the realm, after {@link Session.watch}. */
  readonly onPresence: (presence: Presence) => void;
  /** The relay asks for another connection beside this one. */
  readonly onRenew: () => void;
  /** The relay will stop soon: another one should be found meanwhile. */
  readonly onDraining: () => void;
  /** The relay ends the session; true: what was written in here needs a moment to leave. */
  readonly onGoodbye: (code: WireCode) => boolean;
  /** A PING is overdue. */
  readonly onDoubt: () => void;
  /** It was answered after all. */
  readonly onTrust: () => void;
  /** A PING was answered. */
  readonly onAnswer: () => void;
  /** Once: the session is over. */
  readonly onEnded: (error: MeshError) => void;
}

/**
 * One session with one relay, dialer's side. States: greeting (HELLO under way) → up (`welcomed` resolves) → ended
 * (`onEnded`, once; from either state).
 */
export class Session {
  readonly url: RelayUrl;
  readonly welcomed: Promise<void>;
  #relayId: Uint8Array | undefined;
  #relayMinor = 0;
  readonly #options: SessionOptions;
  readonly #connection: Connection;
  readonly #control: Stream;
  readonly #frames: FrameReader = new FrameReader();
  readonly #dialer: HelloDialer;
  readonly #liveness: Liveness;
  readonly #openPause = new OpenPause();
  #request = 0;
  /** What the relay was told last, and how often. */
  #claimedNames: readonly string[];
  #claimSeq = 0;
  readonly #nameChanges = new Map<number, (taken: readonly string[] | undefined) => void>();
  #accepting = 0;
  #isDraining = false;
  #isStandby: boolean;
  #sessionSeq: number;
  #state: 'greeting' | 'up' | 'ended' = 'greeting';
  #settleWelcome!: { resolve: () => void; reject: (error: MeshError) => void };

  constructor(options: SessionOptions) {
    this.#options = options;
    this.url = options.url;
    this.#claimedNames = options.hello.names;
    this.#isStandby = options.hello.standby === true;
    this.#sessionSeq = options.hello.sessionSeq;
    this.#connection = options.connection;
    this.#dialer = new HelloDialer({
      ...options.hello,
      certificateSha256: options.connection.certificateSha256,
      identityPin: options.url.identityPin,
    });
    this.#liveness = new Liveness({
      onPing: (number) => this.#send({ kind: 'ping', number }),
      onDoubt: () => options.onDoubt(),
      onTrust: () => options.onTrust(),
      onAnswer: () => options.onAnswer(),
      onLost: () => this.#handleSilence(),
    });
    this.welcomed = new Promise((resolve, reject) => {
      this.#settleWelcome = { resolve, reject };
    });
    this.welcomed.catch(() => undefined); // whoever cares awaits it; onEnded tells in any case
    this.#connection.start({
      onStream: (stream) => this.#handleStream(stream),
      onClosed: (info) => this.#end(closedError(info)),
    });
    this.#control = this.#connection.openStream({ priority: 'control' });
    this.#control.start({
      onData: (bytes) => this.#handleControlBytes(bytes),
      onEnd: () => this.#end(new MeshError('relay_lost', 'relay_lost', 'the relay ended the control stream')),
      onDrain: () => undefined,
      onClosed: (reason) => this.#end(streamError(reason)),
    });
    this.#send(this.#dialer.hello);
  }

  /** The relay's Ed25519 key, once proven. */
  get relayId(): Uint8Array | undefined {
    return this.#relayId;
  }

  /** Advertised with HELLO. */
  get helloNames(): readonly string[] {
    return this.#options.hello.names;
  }

  /** Last measured round trip in milliseconds. */
  get rttMs(): number | undefined {
    return this.#liveness.rttMs;
  }

  /** A PING is overdue. */
  get isDoubted(): boolean {
    return this.#liveness.isDoubted;
  }

  /** The relay has announced its end. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** It stands by for another one of this process. */
  get isStandby(): boolean {
    return this.#isStandby;
  }

  /** Asks the relay whether it lives: `onAnswer`, or `onDoubt` soon. */
  ask(): void {
    this.#liveness.ask();
  }

  get transport(): string {
    return this.#connection.transport;
  }

  /**
   * Advertises and withdraws names; resolves with those that are taken when the relay has done it, with undefined when the session
   * ends before. Taken names are reported by `onNamesTaken` as well.
   */
  changeNames(change: {
    readonly add: readonly string[];
    readonly remove: readonly string[];
  }): Promise<readonly string[] | undefined> {
    return this.#sendNames(change, {});
  }

  /** Makes a session that stood by the primary one of its process, with this number, and advertises these names beside those it has. */
  promote(sessionSeq: number, names: readonly string[]): void {
    this.#isStandby = false;
    this.#sessionSeq = sessionSeq;
    void this.#sendNames({ add: names, remove: [] }, { sessionSeq });
  }

  /**
   * Opens a path; returns how to give up. Exactly one of the handlers is called, once; the stream must be taken over
   * within `onAnswer`.
   */
  open(open: Open, handlers: OpenHandlers): (code: WireCode, text: string) => void {
    if (this.#state !== 'up') {
      queueMicrotask(() => handlers.onFailed(new MeshError('relay_lost', 'relay_lost')));
      return () => undefined;
    }
    const refusal = this.#openPause.refusal(performance.now());
    if (refusal !== undefined) {
      queueMicrotask(() => handlers.onFailed(refusal));
      return () => undefined;
    }
    const failed: OpenHandlers['onFailed'] = (error, via) => {
      this.#openPause.note(error, performance.now());
      handlers.onFailed(error, via);
    };
    let stream: Stream;
    try {
      stream = this.#connection.openStream();
    } catch (thrown) {
      // The connection is over, and is just telling everybody.
      const text = describeFailure(thrown).text;
      queueMicrotask(() => failed(new MeshError('relay_lost', 'relay_lost', text, { cause: thrown })));
      return () => undefined;
    }
    const giveUp = readFirstMessage(stream, openTimeoutMs, {
      onMessage: (message, handover) => {
        if (message.kind === 'open_ok')
          return handlers.onAnswer(message.answer, this.#watched(handover), message.via);
        stream.start(ignoreEverything);
        stream.reset(codeNumber('ok'));
        failed(
          message.kind === 'open_failed'
            ? new MeshError('open_failed', message.code, message.text || undefined)
            : new WireError('unexpected_message', `${message.kind} instead of OPEN_OK`),
          message.kind === 'open_failed' ? message.via : undefined,
        );
      },
      onFailed: (error) => failed(error),
    });
    stream.write(encodeMessage(open));
    this.#liveness.noteUse();
    return giveUp;
  }

  /** Tells the relay that no older session of this process is left there. */
  tellFormerGone(): void {
    if (this.#state === 'up') this.#send({ kind: 'former_gone' });
  }

  /** Asks the relay who is in the realm, and who comes and goes, or no more; false: it is too old to tell. */
  watch(on: boolean): boolean {
    const canTell = this.#relayMinor >= watchMinor;
    if (this.#state === 'up' && canTell) this.#send({ kind: 'watch', on });
    return canTell;
  }

  /** Says why and closes. */
  close(code: WireCode, text: string): void {
    if (this.#state === 'ended') return;
    this.#send({ kind: 'goodbye', code, text });
    this.#connection.close(codeNumber(code), text);
    this.#end(new MeshError('closed', code, text));
  }

  #sendNames(
    change: { readonly add: readonly string[]; readonly remove: readonly string[] },
    more: { readonly sessionSeq?: number },
  ): Promise<readonly string[] | undefined> {
    if (this.#state !== 'up') return Promise.resolve(undefined);
    this.#request += 1;
    const request = this.#request;
    this.#send({ kind: 'names', request, ...change, ...this.#claim(change), ...more });
    return new Promise((resolve) => this.#nameChanges.set(request, resolve));
  }

  #claim(change: { readonly add: readonly string[]; readonly remove: readonly string[] }): {
    readonly claimSeq: number;
    readonly claim: Uint8Array;
  } {
    const { realm, identity, bootId } = this.#options.hello;
    const sessionSeq = this.#sessionSeq;
    this.#claimedNames = namesAfter(this.#claimedNames, change);
    this.#claimSeq += 1;
    const claimSeq = this.#claimSeq;
    const of = { realm, identity: identity.publicKey, bootId, sessionSeq, relay: this.#relayId! };
    const standby = this.#isStandby ? { standby: true } : {};
    const claim = { ...of, ...standby, claimSeq, names: this.#claimedNames };
    return { claimSeq, claim: signNameClaim(identity, claim) };
  }

  #send(message: Message): void {
    if (this.#state === 'ended') return;
    this.#control.write(encodeMessage(message));
    if (this.#control.bufferedBytes <= controlBufferBytesMax) return;
    this.#connection.close(codeNumber('protocol_error'), 'the control stream is not read');
    this.#end(new MeshError('relay_lost', 'protocol_error', 'the relay does not read its control stream'));
  }

  #handleControlBytes(bytes: Uint8Array): void {
    this.#frames.push(bytes);
    try {
      for (;;) {
        const frame = this.#state === 'ended' ? undefined : this.#frames.next();
        if (frame === undefined) return;
        const message = decodeMessage(frame);
        if (message !== undefined) this.#handleMessage(message);
      }
    } catch (thrown) {
      const error =
        thrown instanceof WireError ? thrown : new WireError('bad_body', String(thrown), { cause: thrown });
      this.#fail(error);
    }
  }

  #handleMessage(message: Message): void {
    switch (message.kind) {
      case 'challenge':
        if (this.#state !== 'greeting' || this.#relayId !== undefined) break;
        this.#send(this.#dialer.handleChallenge(message));
        this.#relayId = message.identity;
        this.#relayMinor = message.minor;
        this.#options.onProof();
        return;
      case 'welcome':
        if (this.#state !== 'greeting' || this.#relayId === undefined) break;
        this.#state = 'up';
        this.#liveness.start();
        this.#settleWelcome.resolve();
        return;
      case 'names_done':
        this.#nameChanges.get(message.request)?.(message.taken);
        this.#nameChanges.delete(message.request);
        if (message.taken.length > 0) this.#options.onNamesTaken(message.taken);
        return;
      case 'ping':
        this.#send({ kind: 'pong', number: message.number });
        return;
      case 'pong':
        this.#liveness.handlePong(message.number);
        return;
      case 'presence':
        if (this.#state !== 'up') break;
        this.#options.onPresence(message);
        return;
      case 'renew':
        if (this.#state !== 'up') break;
        this.#options.onRenew();
        return;
      case 'draining':
        if (this.#isDraining) return;
        this.#isDraining = true;
        this.#options.onDraining();
        return;
      case 'goodbye':
        if (this.#state === 'up' && this.#options.onGoodbye(message.code))
          setTimeout(() => this.#handleGoodbye(message), goodbyeGraceMs).unref();
        else this.#handleGoodbye(message);
        return;
      default:
        break;
    }
    throw new WireError('unexpected_message', `${message.kind} while ${this.#state}`);
  }

  #handleGoodbye({ code, text, retryMs }: Goodbye): void {
    this.#connection.close(codeNumber('ok'), 'goodbye');
    const kind = this.#state === 'greeting' ? 'refused' : 'relay_lost';
    this.#end(new MeshError(kind, code, withRemedy(code, text), { retryMs }));
  }

  #handleSilence(): void {
    this.#connection.close(codeNumber('timeout'), 'no answer to PING');
    const text = `the relay has not answered a PING for ${pingTimeoutMs} ms`;
    this.#end(new MeshError('relay_lost', 'relay_lost', text));
  }

  /** The handover of a stream whose writes count as use of the session. */
  #watched(handover: StreamHandover): StreamHandover {
    return { ...handover, noteUse: () => this.#liveness.noteUse() };
  }

  #handleStream(stream: Stream): void {
    if (this.#state !== 'up' || this.#accepting >= acceptingStreamsMax) {
      stream.start(ignoreEverything);
      stream.reset(codeNumber('busy'));
      return;
    }
    this.#accepting += 1;
    readFirstMessage(stream, acceptTimeoutMs, {
      onMessage: (message, handover) => {
        this.#accepting -= 1;
        if (message.kind === 'open') return this.#options.onOpen(message, this.#watched(handover));
        stream.start(ignoreEverything);
        stream.reset(codeNumber('protocol_error'));
      },
      // The stream alone is at fault; the session and its other streams go on.
      onFailed: () => {
        this.#accepting -= 1;
      },
    });
  }

  #fail(error: WireError): void {
    this.#send({ kind: 'goodbye', code: error.closeCode, text: error.message });
    this.#connection.close(codeNumber(error.closeCode), error.message);
    const text = withRemedy(error.closeCode, error.message);
    this.#end(
      new MeshError(this.#state === 'greeting' ? 'refused' : 'relay_lost', error.closeCode, text, {
        cause: error,
      }),
    );
  }

  #end(error: MeshError): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#liveness.stop();
    this.#settleWelcome.reject(error);
    for (const done of this.#nameChanges.values()) done(undefined);
    this.#connection.close(codeNumber('ok'), '');
    this.#options.onEnded(error);
  }
}

/** Who waits for the answer to an OPEN. */
export interface OpenHandlers {
  /** `via`: which session answers; undefined where the relay doesn't say. */
  onAnswer(answer: Uint8Array, handover: StreamHandover, via?: Uint8Array): void;
  /** `via`: the session that said so or did not answer; undefined when the way there failed. */
  onFailed(error: MeshError | WireError, via?: Uint8Array): void;
}

const ignoreEverything = {
  onData: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClosed: () => undefined,
};

function closedError(info: ConnectionClosed): MeshError {
  switch (info.kind) {
    case 'lost':
      return new MeshError('relay_lost', 'relay_lost', info.error.message, { cause: info.error });
    default: {
      const code = codeFromNumber(info.code);
      if (code === 'ok') return new MeshError('relay_lost', 'relay_lost', info.reason || undefined);
      return new MeshError('relay_lost', code, withRemedy(code, info.reason));
    }
  }
}

function streamError(reason: StreamClosed): MeshError {
  if (reason.kind === 'reset') return new MeshError('relay_lost', codeFromNumber(reason.code));
  const cause =
    reason.kind === 'lost' ? reason.error : new TransportError('closed', 'the control stream ended');
  return new MeshError('relay_lost', 'relay_lost', cause.message, { cause });
}
