import { drainTimeoutMs, endLingerMs } from './limits.js';
import type { OutputQueue } from './outputs.js';
import { type EndReason, reasonSentence } from './reasons.js';
import { endRecord, type TunnelRecord } from './record-codec.js';
import { isEnded, type LifeState, type ReceivingState } from './state.js';

/** Why a tunnel ends. */
export interface Ending {
  readonly reason: EndReason;
  /** For people; empty: the reason's sentence. */
  readonly text: string;
  /** Whether the peer said so, sealed. Default: false. */
  readonly byPeer?: boolean;
}

/** What a {@link Lifecycle} begins with. */
export interface LifecycleOptions {
  readonly state: 'offering' | 'answering';
  readonly deadlineMs: number;
  readonly outputs: OutputQueue;
}

/** A tunnel's state but for its paths, the deadline of the state, and the exchange of END. */
export class Lifecycle {
  readonly #outputs: OutputQueue;
  #state: LifeState;
  #deadlineMs: number;
  /** Whether END is answered by END; so the sender knows that it has arrived. */
  #answersEnd = false;
  #ended: Ending | undefined;
  /** END to be sent: at once in `closing`, behind the data in `draining`. */
  #end: TunnelRecord | undefined;
  #endSent = false;
  #peerEnded = false;

  /**
   * @param options - see {@link LifecycleOptions}.
   */
  constructor({ state, deadlineMs, outputs }: LifecycleOptions) {
    this.#state = state;
    this.#deadlineMs = deadlineMs;
    this.#outputs = outputs;
  }

  /** Where the tunnel stands. */
  get state(): LifeState {
    return this.#state;
  }

  /** When the state is over unless something happens; means nothing in `open`. */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  /** What was put out as `ended`. */
  get ended(): Ending | undefined {
    return this.#ended;
  }

  /** END to be sent, or `undefined`. */
  get endDue(): TunnelRecord | undefined {
    return this.#endSent ? undefined : this.#end;
  }

  /** Whether END was sent over the present path. */
  get endSent(): boolean {
    return this.#endSent;
  }

  /** Whether END has come. */
  get peerEnded(): boolean {
    return this.#peerEnded;
  }

  /** Whether END has gone in both directions: nothing is left to be said. */
  get isOver(): boolean {
    return this.#endSent && this.#peerEnded;
  }

  /** Whether the peer has not yet shown that it has the key. */
  get isUnproven(): boolean {
    return this.#state === 'offering' || this.#state === 'answering' || this.#state === 'confirming';
  }

  /** The state, when records are opened in it. */
  get receivingState(): ReceivingState | undefined {
    switch (this.#state) {
      case 'confirming':
      case 'confirmed':
      case 'open':
      case 'draining':
        return this.#state;
      case 'closing':
        return this.#answersEnd && !this.#peerEnded ? 'closing' : undefined;
      default:
        return undefined;
    }
  }

  /**
   * Goes on to the next state of a tunnel that comes up.
   *
   * @param state - the state.
   * @param deadlineMs - its deadline; left out: the one before goes on.
   */
  advance(state: 'confirming' | 'confirmed' | 'open', deadlineMs: number = this.#deadlineMs): void {
    this.#state = state;
    this.#deadlineMs = deadlineMs;
  }

  /** The tunnel resumes, at both ends: from now on END is answered by END. */
  answerEnd(): void {
    this.#answersEnd = true;
  }

  /**
   * The local socket closed in `open`: data, then END.
   *
   * @param ending - told to the peer.
   * @param nowMs - monotonic time.
   */
  drain(ending: Ending, nowMs: number): void {
    this.putOutEnded(ending);
    this.#state = 'draining';
    this.#deadlineMs = nowMs + drainTimeoutMs;
    this.#end = endRecord(ending.reason, ending.text);
  }

  /**
   * Draining goes on: its deadline moves.
   *
   * @param nowMs - monotonic time.
   */
  handleProgress(nowMs: number): void {
    if (this.#state === 'draining') this.#deadlineMs = nowMs + drainTimeoutMs;
  }

  /**
   * Draining has taken too long: END goes before the rest.
   *
   * @param nowMs - monotonic time.
   */
  giveUpDraining(nowMs: number): void {
    this.#beginClosing(nowMs);
  }

  /**
   * The tunnel ends now, or the peer's END has come: END goes before everything else. The peer's is answered where it
   * wants an answer, and nothing is due otherwise.
   *
   * @param ending - told to the peer.
   * @param nowMs - monotonic time.
   */
  close(ending: Ending, nowMs: number): void {
    const { byPeer = false, reason, text } = ending;
    this.putOutEnded(ending);
    this.#peerEnded ||= byPeer;
    const wasClosing = this.#state === 'closing';
    this.#beginClosing(nowMs);
    if (this.#endSent || (byPeer && wasClosing)) return;
    this.#end = byPeer && !this.#answersEnd ? undefined : endRecord(reason, byPeer ? '' : text);
  }

  /**
   * END was sealed.
   *
   * @param nowMs - monotonic time.
   */
  handleEndSent(nowMs: number): void {
    this.#endSent = true;
    if (this.#answersEnd && this.#state === 'closing') this.#deadlineMs = nowMs + endLingerMs;
  }

  /**
   * Another path carries the tunnel: an END that was sent over the one before may not have arrived.
   *
   * @param nowMs - monotonic time.
   */
  handleNewPath(nowMs: number): void {
    this.#endSent = false;
    this.renewDeadline(nowMs);
  }

  /**
   * There is a path again: while there was none, the deadline of an ending tunnel meant nothing.
   *
   * @param nowMs - monotonic time.
   */
  renewDeadline(nowMs: number): void {
    if (this.#state === 'closing') this.#deadlineMs = nowMs + endLingerMs;
    this.handleProgress(nowMs);
  }

  /**
   * Puts `ended` out, once: later endings change nothing for the local side. The caller leaves the state.
   *
   * @param ending - why.
   */
  putOutEnded(ending: Ending): void {
    if (isEnded(this.#state)) return;
    const { reason, byPeer = false } = ending;
    const text = ending.text === '' ? reasonSentence(reason) : ending.text;
    this.#ended = { reason, text, byPeer };
    this.#outputs.push({ kind: 'ended', reason, text, byPeer });
  }

  /** Nothing is left. */
  finish(): void {
    this.#state = 'closed';
    this.#outputs.push({ kind: 'closed' });
  }

  #beginClosing(nowMs: number): void {
    this.#state = 'closing';
    this.#deadlineMs = nowMs + endLingerMs;
  }
}
