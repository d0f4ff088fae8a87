import type { Socket } from 'node:net';
import { type Tunnel, TunnelError, type TunnelMetrics, type TunnelOutput } from '@macula/tunnel';
import { codeSentence, encodeMessage, type WireCode } from '@macula/wire';
import { AttachExclusions } from './attach-exclusions.js';
import { describeFailure, wireCodeOf } from './errors.js';
import { localCloseDelayMs } from './limits.js';
import { LocalSocket } from './local-socket.js';
import type { MeshTunnelEnded, MeshTunnelHandlers, MeshTunnelOwner } from './mesh-tunnel-types.js';
import { OpenRetries } from './open-retries.js';
import type { StreamHandover } from './stream-handover.js';
import { StreamPath } from './stream-path.js';
import {
  type InitiatorOptions,
  initiatorCores,
  type ResponderOptions,
  responderCore,
} from './tunnel-cores.js';
import type { MeshTunnelDetached, MeshTunnelPath } from './tunnel-facts.js';
import { firstPath, type OpenPath, type PathHandlers, TunnelPaths } from './tunnel-paths.js';
import { squatterWarning, type TunnelWarning, ticktimeWarning } from './tunnel-warnings.js';
import { WakeTimer } from './wake-timer.js';

/**
 * The shell of one tunnel: connects the pure {@link Tunnel} with its paths (transport streams), a local socket and a timer.
 * Nothing is decided here; {@link OpenRetries} decides whether an initiator begins anew, with a handshake of its own each time.
 */
export class MeshTunnel {
  readonly peer: string;
  readonly role: 'initiator' | 'responder';
  /** Of the mesh that owns it. */
  owner: MeshTunnelOwner = {};
  #core: Tunnel;
  /** Initiator, until it is up or its owner has closed it. */
  #retries: { readonly decide: OpenRetries; readonly nextCore: () => Tunnel | undefined } | undefined;
  #isRetrying = false;
  /** Which session has answered. */
  #via: Uint8Array | undefined;
  readonly #netTicktime: number;
  #handlers: MeshTunnelHandlers | undefined;
  readonly #untold: ((handlers: MeshTunnelHandlers) => void)[] = [];
  readonly #paths = new TunnelPaths();
  #relays: readonly string[] = [];
  #activePath = firstPath;
  #resumes = false;
  #exclusions = new AttachExclusions();
  #detached: (MeshTunnelDetached & { readonly sinceMs: number }) | undefined;
  #openAttempt = 0;
  #giveUpOpen: ((code: WireCode, text: string) => void) | undefined;
  #local: LocalSocket | undefined;
  /** Came before the local socket; the tunnel's window bounds it. */
  #undelivered: Uint8Array[] = [];
  readonly #timer = new WakeTimer(() => this.#input(() => this.#core.handleTimeout(performance.now())));
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
  static initiate(options: InitiatorOptions): MeshTunnel {
    const nextCore = initiatorCores(options);
    const tunnel = new MeshTunnel(nextCore()!, options.to, options.netTicktime);
    tunnel.#retries = { decide: new OpenRetries(), nextCore };
    return tunnel;
  }

  /** @throws TunnelError `bad_offer`, `version_unsupported`, `decrypt_failed`, `bad_option` */
  static respond(options: ResponderOptions): MeshTunnel {
    return new MeshTunnel(responderCore(options), options.open.from, options.netTicktime);
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

  /** Sessions that shall not answer. */
  get excluded(): readonly Uint8Array[] {
    return this.#retries?.decide.excluded ?? this.#exclusions.excluded;
  }

  /** Initiator: the offer was sent and not answered yet. */
  get isOpening(): boolean {
    return this.#giveUpOpen !== undefined;
  }

  /** Initiator: sends the offer by `open`, a session's; an earlier attempt that wasn't answered yet is given up. */
  openPath(open: OpenPath): void {
    if (this.#ended) return;
    const attempt = ++this.#openAttempt;
    this.#giveUpOpen?.('ok', '');
    this.#tell((handlers) => handlers.onProgress?.());
    const handlers: PathHandlers = {
      onAnswer: (answer, handover, via) => {
        this.#giveUpOpen = undefined;
        this.#via = via;
        this.#tell((handlers) => handlers.onProgress?.());
        this.#usePath(firstPath, handover, () =>
          this.#core.handleAnswer(firstPath, answer, performance.now()),
        );
      },
      onFailed: (error, via) => {
        if (attempt !== this.#openAttempt) return;
        this.#giveUpOpen = undefined;
        const reason = wireCodeOf(error);
        this.#via = via;
        if (this.#mayRetry({ reason, text: error.message, byPeer: false })) this.#retry();
        else this.fail(reason, error.message);
      },
    };
    this.#giveUpOpen = open(this.#core.offer, handlers, []);
  }

  /** Initiator: a path that `onAttachWanted` asked for; nothing when it isn't wanted any more. */
  openAttach(pathId: number, open: OpenPath): void {
    const handlers: PathHandlers = {
      onAnswer: (answer, handover) =>
        this.#usePath(pathId, handover, () => this.#core.handleAnswer(pathId, answer, performance.now())),
      onFailed: (error, via, relay) => {
        const closed = { code: this.#exclusions.handleRefused(wireCodeOf(error), via), via: relay };
        this.#paths.handleAnswered(pathId);
        this.#input(() => this.#core.handlePathClosed(pathId, closed, performance.now()));
      },
    };
    this.#paths.ask(pathId, (offer, hints) => open(offer, handlers, hints));
  }

  /** Responder: the answer to a hint, of the session `tag`, over a relay. */
  handleHintRefused(refused: WireCode, tag: Uint8Array | undefined, relay: string): void {
    const code = this.#exclusions.handleRefused(refused, tag);
    this.#input(() => this.#core.handleHintRefused({ code, via: relay }, performance.now()));
  }

  /** Tells the peer which relays this side can be reached over. */
  setRelays(relays: readonly string[]): void {
    this.#relays = relays;
    this.#input(() => this.#core.setRelays(relays));
  }

  /** It has no path that is known to work. */
  get isDetached(): boolean {
    return this.#detached !== undefined;
  }

  /** A session has come, or the peer waits: an initiator makes its next try now, a responder asks for one. */
  handleHint(): void {
    if (this.role === 'initiator') this.#input(() => this.#core.handleHint(performance.now()));
    else if (this.isDetached) this.owner.onHintWanted?.(this.#core.hintOffer);
  }

  /** Goes on over another path though this one works, since what carries it is about to stop; a tunnel that can't stays on it. */
  leavePath(): void {
    if (!this.#resumes) return;
    const pathId = this.#activePath;
    this.#paths.reset(pathId, 'superseded');
    this.#input(() => this.#core.handlePathClosed(pathId, { lost: true }, performance.now()));
  }

  /** Responder: answers on the stream the OPEN came on. */
  acceptPath(handover: StreamHandover): void {
    handover.stream.write(encodeMessage({ kind: 'open_ok', answer: this.#core.answer }));
    this.#usePath(firstPath, handover, () => undefined);
  }

  /**
   * Responder: an OPEN that attaches to this tunnel; answers on its stream.
   * @throws TunnelError - refuse the OPEN with its `pathCode`; the tunnel is as before
   */
  acceptAttach(offer: Uint8Array, handover: StreamHandover): void {
    const { pathId, answer } = this.#core.respondAttach(offer, performance.now());
    handover.stream.write(encodeMessage({ kind: 'open_ok', answer }));
    this.#usePath(pathId, handover, () => undefined);
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
    if (this.#detached !== undefined) this.#handleDetached(this.#detached);
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
    this.#paths.resetStanding(reason);
    this.#disappear();
  }

  /** Where its path begins; undefined: nowhere now. */
  get path(): MeshTunnelPath | undefined {
    return this.#paths.beginsAt(this.#activePath) ?? (this.isOpening ? this.owner.findPath?.() : undefined);
  }

  metrics(): TunnelMetrics {
    return this.#core.metrics;
  }

  #usePath(pathId: number, handover: StreamHandover, before: () => void): void {
    const core = this.#core;
    // A path belongs to its attempt: what comes late must not reach the next one.
    const input = (handle: () => void): void => {
      if (this.#core === core) this.#input(handle);
    };
    const path = new StreamPath(handover, {
      onData: (bytes) => input(() => core.handlePathData(pathId, bytes, performance.now())),
      onEnd: () => input(() => core.handlePathEnd(pathId, performance.now())),
      onWritable: () => input(() => undefined),
      onClosed: (closed) => input(() => core.handlePathClosed(pathId, closed, performance.now())),
      onOver: () => this.#paths.remove(pathId, path),
    });
    this.#paths.add(pathId, path);
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
      this.#paths.resetStanding('tunnel_error');
      this.#disappear();
      return;
    }
    if (this.#pumping) return; // an output's effect came back at once; the loop below goes on with it
    this.#pumping = true;
    this.#local?.cork();
    this.#drainOutputs();
    this.#paths.pump((pathId) => this.#nextPieces(pathId));
    this.#drainOutputs();
    this.#local?.uncork();
    this.#pumping = false;
    this.#armTimer();
  }

  #nextPieces(pathId: number): readonly Uint8Array[] | undefined {
    this.#drainOutputs();
    return this.#gone ? undefined : this.#core.pollPath(pathId, performance.now());
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
        this.owner.onProven?.();
        this.#warn(ticktimeWarning(this.peer, this.#netTicktime, output.peerTicktimeSeconds));
        this.#tell((handlers) => handlers.onConfirmed?.());
        return;
      case 'up':
        this.#resumes = output.resumes;
        if (this.role === 'responder') return;
        this.owner.onProven?.();
        this.#warn(squatterWarning(this.excluded.length));
        this.#exclusions = new AttachExclusions(this.excluded);
        this.#retries = undefined;
        this.#warn(ticktimeWarning(this.peer, this.#netTicktime, output.peerTicktimeSeconds));
        this.#tell((handlers) => handlers.onUp?.());
        return;
      case 'ended':
        this.#isRetrying = this.#mayRetry(output);
        if (!this.#isRetrying) this.#endWith(output);
        return;
      case 'detached':
        this.#handleDetached({ reason: output.reason, untilMs: output.deadlineMs });
        return;
      case 'resumed':
        this.#handleResumed(output.pathId);
        return;
      case 'open_path':
        this.#paths.want(output.pathId, output.offer, output.hints);
        this.owner.onAttachWanted?.(output.pathId);
        return;
      case 'end_path':
        this.#paths.end(output.pathId);
        return;
      case 'reset_path':
        this.#paths.reset(output.pathId, output.code);
        if (output.pathId === firstPath) this.#giveUpOpen?.(output.code, '');
        return;
      case 'peer_relays': // they come with `open_path`
        return;
      case 'send_hint':
        this.owner.onHintWanted?.(this.#core.hintOffer);
        return;
      case 'closed':
        if (this.#isRetrying) this.#retry();
        else this.#disappear();
        return;
    }
  }

  #handleDetached(info: MeshTunnelDetached): void {
    const { sinceMs } = this.#detached ?? { sinceMs: performance.now() };
    this.#detached = { ...info, sinceMs };
    if (this.#local !== undefined) this.#tell((handlers) => handlers.onDetached?.(info));
  }

  #handleResumed(pathId: number): void {
    const afterMs = this.#detached === undefined ? 0 : performance.now() - this.#detached.sinceMs;
    this.#detached = undefined;
    this.#activePath = pathId;
    this.#exclusions.handleResumed();
    const { reattachments } = this.#core.metrics;
    if (this.#local !== undefined) this.#tell((handlers) => handlers.onResumed?.({ afterMs, reattachments }));
  }

  /** Whether this attempt failed at a session that had not proven the key, and there may be another. */
  #mayRetry(attempt: MeshTunnelEnded): boolean {
    if (this.#ended || this.#retries === undefined) return false;
    const isUnproven = this.#core.tunnelId === undefined || attempt.reason === 'decrypt_failed';
    return this.#retries.decide.handleFailed(attempt, isUnproven ? this.#via : undefined);
  }

  /** Begins anew, with nothing of the attempt before. */
  #retry(): void {
    this.#isRetrying = false;
    this.#via = undefined;
    this.#paths.clear();
    this.#core.end('ok', '', performance.now());
    const core = this.#retries?.nextCore();
    if (core === undefined) {
      this.fail('timeout', '');
      return;
    }
    this.#core = core;
    this.#core.setRelays(this.#relays);
    this.#timer.clear();
    this.#armTimer();
    this.owner.onRetry?.();
  }

  #warn(warning: TunnelWarning | undefined): void {
    if (warning !== undefined) this.#tell((handlers) => handlers.onWarning?.(warning.kind, warning.text));
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
    this.#timer.clear();
    this.#giveUpOpen?.('ok', '');
    this.#paths.giveUpAsked();
    this.owner.onGone?.();
  }

  #tell(tell: (handlers: MeshTunnelHandlers) => void): void {
    if (this.#handlers === undefined) this.#untold.push(tell);
    else tell(this.#handlers);
  }

  #armTimer(): void {
    const due = this.#gone ? undefined : this.#core.pollTimeout();
    if (due !== undefined) this.#timer.arm(due.atMs);
  }
}
