import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  establishTimeoutDefaultMs,
  Tunnel,
  TunnelError,
  type TunnelMetrics,
  type TunnelOutput,
} from '@macula/tunnel';
import { codeNumber, codeSentence, encodeMessage, type Open, type WireCode } from '@macula/wire';
import { describeFailure, MeshError } from './errors.js';
import { localCloseDelayMs } from './limits.js';
import { LocalSocket } from './local-socket.js';
import { type FailedAttempt, OpenRetries } from './open-retries.js';
import type { OpenHandlers } from './session.js';
import type { StreamHandover } from './stream-handover.js';
import { StreamPath } from './stream-path.js';
import type {
  MeshTunnelDetached,
  MeshTunnelLimits,
  MeshTunnelPath,
  MeshTunnelResumed,
} from './tunnel-facts.js';

/** What a tunnel tells its owner. */
export interface MeshTunnelHandlers {
  /** Something moved while the tunnel is being made. */
  onProgress?(): void;
  /** Responder: the peer has proven the key. Connect the local node, then `attachLocal`. */
  onConfirmed?(): void;
  /** Initiator: the peer's node is connected. `attachLocal` now. */
  onUp?(): void;
  /** Something odd that ends nothing, such as `ticktime_mismatch`. */
  onWarning?(kind: string, text: string): void;
  /**
   * The path is lost or doubted, and the tunnel looks for another one; the local socket stays. May come again before `onResumed`, to
   * prolong. Only between `attachLocal` and `onEnded`.
   */
  onDetached?(info: MeshTunnelDetached): void;
  /** It has a path again, the old one or another. */
  onResumed?(info: MeshTunnelResumed): void;
  /** Once; a local socket that was attached closes after this. `reason` is a code of the wire or of tunnels. */
  onEnded(info: MeshTunnelEnded): void;
}

/** Why a tunnel ended. */
export type MeshTunnelEnded = FailedAttempt;

/** What both roles need. */
export interface MeshTunnelOptions {
  readonly realm: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 16 bytes, of this process. */
  readonly bootId: Uint8Array;
  /** Seconds; 0 unknown. */
  readonly netTicktime: number;
  /** 2, or 1 where both ends are configured for the original envelope. */
  readonly protocol: 1 | 2;
  /** Default: none differs from the tunnel's own. */
  readonly limits?: MeshTunnelLimits;
}

/**
 * The shell of one tunnel: connects the pure {@link Tunnel} with a path (a transport stream), a local socket and a timer.
 * Nothing is decided here; {@link OpenRetries} decides whether an initiator begins anew, with a handshake of its own each time.
 */
export class MeshTunnel {
  readonly peer: string;
  readonly role: 'initiator' | 'responder';
  /** For the mesh that owns it: nothing of the tunnel is left. */
  onGone: () => void = () => undefined;
  /** For the mesh: the peer has proven the key. */
  onProven: () => void = () => undefined;
  /** Initiator, for the mesh: open another path, `excluded` has grown. */
  onRetry: () => void = () => undefined;
  /** Set by the mesh, which knows the session. */
  findPath: () => MeshTunnelPath | undefined = () => undefined;
  #core: Tunnel;
  /** Initiator, until it is up or its owner has closed it. */
  #retries: { readonly decide: OpenRetries; readonly nextCore: () => Tunnel | undefined } | undefined;
  #isRetrying = false;
  /** Which session has answered. */
  #via: Uint8Array | undefined;
  readonly #netTicktime: number;
  #handlers: MeshTunnelHandlers | undefined;
  readonly #untold: ((handlers: MeshTunnelHandlers) => void)[] = [];
  #path: StreamPath | undefined;
  #openAttempt = 0;
  #giveUpOpen: ((code: WireCode, text: string) => void) | undefined;
  #local: LocalSocket | undefined;
  /** Came before the local socket; the tunnel's window bounds it. */
  #undelivered: Uint8Array[] = [];
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #pumping = false;
  #ended = false;
  #gone = false;

  private constructor(core: Tunnel, peer: string, netTicktime: number) {
    this.#core = core;
    this.role = core.role;
    this.peer = peer;
    this.#netTicktime = netTicktime;
    this.#armTimer();
  }

  /** @throws TunnelError `bad_option` */
  static initiate(options: MeshTunnelOptions & { readonly from: string; readonly to: string }): MeshTunnel {
    const { establishTimeoutMs = establishTimeoutDefaultMs } = options.limits ?? {};
    const deadlineMs = performance.now() + establishTimeoutMs;
    const makeCore = (nowMs: number): Tunnel =>
      Tunnel.initiate(
        {
          protocol: options.protocol,
          realm: options.realm,
          ownName: options.from,
          peerName: options.to,
          tunnelKey: options.key,
          random: randomBytes,
          ticktimeSeconds: options.netTicktime,
          resumes: false,
          limits: { ...options.limits, establishTimeoutMs: Math.ceil(deadlineMs - nowMs) },
        },
        nowMs,
      );
    const tunnel = new MeshTunnel(makeCore(performance.now()), options.to, options.netTicktime);
    const nextCore = (): Tunnel | undefined => {
      const nowMs = performance.now();
      return nowMs < deadlineMs ? makeCore(nowMs) : undefined;
    };
    tunnel.#retries = { decide: new OpenRetries(), nextCore };
    return tunnel;
  }

  /** @throws TunnelError `bad_offer`, `version_unsupported`, `decrypt_failed`, `bad_option` */
  static respond(options: MeshTunnelOptions & { readonly open: Open }): MeshTunnel {
    const core = Tunnel.respond(
      {
        protocol: options.protocol,
        realm: options.realm,
        ownName: options.open.to,
        peerName: options.open.from,
        tunnelKey: options.key,
        random: randomBytes,
        ticktimeSeconds: options.netTicktime,
        bootId: options.bootId,
        resumes: false,
        limits: { ...options.limits },
      },
      options.open.offer,
      performance.now(),
    );
    return new MeshTunnel(core, options.open.from, options.netTicktime);
  }

  /** 32 bytes; undefined until the handshake is through. */
  get tunnelId(): Uint8Array | undefined {
    return this.#core.tunnelId;
  }

  /** Begins to tell; what happened before is told now. */
  start(handlers: MeshTunnelHandlers): void {
    this.#handlers = handlers;
    for (const tell of this.#untold.splice(0)) tell(handlers);
  }

  /** Initiator: sessions that shall not answer. */
  get excluded(): readonly Uint8Array[] {
    return this.#retries?.decide.excluded ?? [];
  }

  /** Initiator: the offer was sent and not answered yet. */
  get isOpening(): boolean {
    return this.#giveUpOpen !== undefined;
  }

  /** Initiator: sends the offer by `open`, a session's; an earlier attempt that wasn't answered yet is given up. */
  openPath(
    open: (offer: Uint8Array, handlers: OpenHandlers) => (code: WireCode, text: string) => void,
  ): void {
    if (this.#ended) return;
    const attempt = ++this.#openAttempt;
    this.#giveUpOpen?.('ok', '');
    this.#tell((handlers) => handlers.onProgress?.());
    this.#giveUpOpen = open(this.#core.offer, {
      onAnswer: (answer, handover, via) => {
        this.#giveUpOpen = undefined;
        this.#via = via;
        this.#tell((handlers) => handlers.onProgress?.());
        this.#usePath(handover, () => this.#core.handleAnswer(firstPath, answer, performance.now()));
      },
      onFailed: (error, via) => {
        if (attempt !== this.#openAttempt) return;
        this.#giveUpOpen = undefined;
        const reason = error instanceof MeshError ? error.wireCode : error.closeCode;
        this.#via = via;
        if (this.#mayRetry({ reason, text: error.message, byPeer: false })) this.#retry();
        else this.fail(reason, error.message);
      },
    });
  }

  /** Responder: answers on the stream the OPEN came on. */
  acceptPath(handover: StreamHandover): void {
    handover.stream.write(encodeMessage({ kind: 'open_ok', answer: this.#core.answer }));
    this.#usePath(handover, () => undefined);
  }

  /** Takes the local socket over: raw bytes in both directions until the tunnel's end. */
  attachLocal(socket: Socket, alreadyRead?: Uint8Array): void {
    this.#local = new LocalSocket(socket, {
      onData: (bytes) => this.#input(() => this.#core.handleLocalData(bytes, performance.now())),
      onAccepted: (byteCount) =>
        this.#input(() => this.#core.handleLocalAccepted(byteCount, performance.now())),
      onClosed: () => this.#input(() => this.#core.handleLocalClosed(performance.now())),
    });
    if (this.#ended) {
      this.#local.write(this.#undelivered);
      this.#local.closeAfterDelivery(localCloseDelayMs);
      return;
    }
    if (this.role === 'responder') this.#input(() => this.#core.localReady(performance.now()));
    this.#local.write(this.#undelivered);
    this.#undelivered = [];
    this.#local.start(alreadyRead);
  }

  /** Ends the tunnel and tells the peer why. */
  close(reason: WireCode, text: string): void {
    this.#retries = undefined;
    this.#input(() => this.#core.end(reason, text, performance.now()));
  }

  /** Ends the tunnel without its path: there is none, or it doesn't matter any more. */
  fail(reason: WireCode, text: string): void {
    this.#endWith({ reason, text: text === '' ? codeSentence(reason) : text, byPeer: false });
    this.#input(() => this.#core.end(reason, text, performance.now()));
    this.#path?.reset(codeNumber(reason));
    this.#disappear();
  }

  /** Where its path begins; undefined: nowhere now. */
  get path(): MeshTunnelPath | undefined {
    return this.findPath();
  }

  metrics(): TunnelMetrics {
    return this.#core.metrics;
  }

  #usePath(handover: StreamHandover, before: () => void): void {
    const core = this.#core;
    // A path belongs to its attempt: what comes late must not reach the next one.
    const input = (handle: () => void): void => {
      if (this.#core === core) this.#input(handle);
    };
    const path = new StreamPath(handover, {
      onData: (bytes) => input(() => core.handlePathData(firstPath, bytes, performance.now())),
      onEnd: () => input(() => core.handlePathEnd(firstPath, performance.now())),
      onWritable: () => input(() => undefined),
      onClosed: (closed) => input(() => core.handlePathClosed(firstPath, closed, performance.now())),
    });
    this.#path = path;
    this.#input(before);
    path.start();
  }

  /** Every input goes through here: then outputs, path bytes and the timer follow. */
  #input(handle: () => void): void {
    if (this.#gone) return;
    try {
      handle();
    } catch (thrown) {
      // The core throws for our own mistakes only; the tunnel can't be trusted any more, the process can.
      const { text } = describeFailure(thrown);
      this.#endWith({
        reason: thrown instanceof TunnelError ? thrown.endReason : 'tunnel_error',
        text,
        byPeer: false,
      });
      this.#path?.reset(codeNumber('tunnel_error'));
      this.#disappear();
      return;
    }
    if (this.#pumping) return; // an output's effect came back at once; the loop below goes on with it
    this.#pumping = true;
    this.#local?.cork();
    this.#drainOutputs();
    while (!this.#gone && this.#path?.writable === true) {
      const pieces = this.#core.pollPath(firstPath, performance.now());
      if (pieces === undefined) break;
      this.#path.write(pieces);
      this.#drainOutputs();
    }
    this.#local?.uncork();
    this.#pumping = false;
    this.#armTimer();
  }

  #drainOutputs(): void {
    for (let output = this.#core.pollOutput(); output !== undefined; output = this.#core.pollOutput()) {
      this.#handleOutput(output);
    }
  }

  #handleOutput(output: TunnelOutput): void {
    switch (output.kind) {
      case 'deliver':
        if (this.#local === undefined) this.#undelivered.push(...output.bytes);
        else this.#local.write(output.bytes);
        return;
      case 'deliver_end':
        this.#local?.end();
        return;
      case 'pause_local':
        this.#local?.pause();
        return;
      case 'resume_local':
        this.#local?.resume();
        return;
      case 'confirmed':
        this.onProven();
        this.#compareTicktimes(output.peerTicktimeSeconds);
        this.#tell((handlers) => handlers.onConfirmed?.());
        return;
      case 'up':
        if (this.role === 'responder') return;
        this.onProven();
        this.#warnOfSquatters(this.excluded.length);
        this.#retries = undefined;
        this.#compareTicktimes(output.peerTicktimeSeconds);
        this.#tell((handlers) => handlers.onUp?.());
        return;
      case 'ended':
        this.#isRetrying = this.#mayRetry(output);
        if (!this.#isRetrying) this.#endWith(output);
        return;
      case 'end_path':
        this.#path?.end();
        return;
      case 'reset_path':
        this.#path?.reset(codeNumber(output.code));
        this.#giveUpOpen?.(output.code, '');
        return;
      // A tunnel that doesn't resume puts none of these out.
      case 'detached':
      case 'open_path':
      case 'resumed':
      case 'send_hint':
      case 'peer_relays':
        return;
      case 'closed':
        if (this.#isRetrying) this.#retry();
        else this.#disappear();
        return;
    }
  }

  /** Whether this attempt failed at a session that had not proven the key, and there may be another. */
  #mayRetry(attempt: FailedAttempt): boolean {
    if (this.#ended || this.#retries === undefined) return false;
    const isUnproven = this.#core.tunnelId === undefined || attempt.reason === 'decrypt_failed';
    return this.#retries.decide.handleFailed(attempt, isUnproven ? this.#via : undefined);
  }

  /** Begins anew, with nothing of the attempt before. */
  #retry(): void {
    this.#isRetrying = false;
    this.#via = undefined;
    this.#path = undefined;
    this.#core.end('ok', '', performance.now());
    const core = this.#retries?.nextCore();
    if (core === undefined) {
      this.#endWith({ reason: 'timeout', text: codeSentence('timeout'), byPeer: false });
      this.#disappear();
      return;
    }
    this.#core = core;
    clearTimeout(this.#timer);
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    this.#armTimer();
    this.onRetry();
  }

  #warnOfSquatters(count: number): void {
    if (count === 0) return;
    const text = `${count} other ${count === 1 ? 'session' : 'sessions'} of this name could not prove the cookie and had to be passed over`;
    this.#tell((handlers) => handlers.onWarning?.('passed_over', text));
  }

  #compareTicktimes(peerSeconds: number): void {
    const own = this.#netTicktime;
    if (own === 0 || peerSeconds === 0 || own === peerSeconds) return;
    const text = `net_ticktime is ${own} here and ${peerSeconds} at ${this.peer}; set the same everywhere, or idle links may die`;
    this.#tell((handlers) => handlers.onWarning?.('ticktime_mismatch', text));
  }

  #endWith(end: MeshTunnelEnded): void {
    if (this.#ended) return;
    this.#ended = true;
    const { reason, text, byPeer } = this.#retries?.decide.outcome(end) ?? end;
    this.#retries = undefined;
    this.#tell((handlers) => handlers.onEnded({ reason, text, byPeer }));
    this.#local?.closeAfterDelivery(localCloseDelayMs);
  }

  #disappear(): void {
    if (this.#gone) return;
    this.#gone = true;
    clearTimeout(this.#timer);
    this.#giveUpOpen?.('ok', '');
    this.onGone();
  }

  #tell(tell: (handlers: MeshTunnelHandlers) => void): void {
    if (this.#handlers === undefined) this.#untold.push(tell);
    else tell(this.#handlers);
  }

  /** One timer; moved only to an earlier time, since a late look at `pollTimeout` is as good. */
  #armTimer(): void {
    if (this.#gone) return;
    const due = this.#core.pollTimeout();
    if (due === undefined || due.atMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = due.atMs;
    this.#timer = setTimeout(
      () => {
        this.#timerAtMs = Number.POSITIVE_INFINITY;
        this.#input(() => this.#core.handleTimeout(performance.now()));
      },
      Math.max(0, Math.ceil(due.atMs - performance.now())),
    );
  }
}

/** The only one of a tunnel that doesn't resume. */
const firstPath = 0;
