import { drainTimeoutMs, endLingerMs } from './limits.js';
import type { OutputQueue } from './outputs.js';
import { type EndReason, type PathCode, reasonSentence } from './reasons.js';
import { endRecord, type TunnelRecord } from './record-codec.js';
import { isEnded, type TunnelState } from './state.js';

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
  /** Called once data will not be sent any more: `ending`, and once nothing will: `closed`. */
  readonly release: (stage: 'ending' | 'closed') => void;
}

/** A tunnel's state, its deadline, and the way from the end of the stream to the end of the path. */
export class Lifecycle {
  readonly #outputs: OutputQueue;
  readonly #release: (stage: 'ending' | 'closed') => void;
  #state: TunnelState;
  #deadlineMs: number;
  /** END to be sent: at once in `closing`, behind the data in `draining`. */
  #endDue: TunnelRecord | undefined;
  #ownHalfEnded = false;
  #peerHalfEnded = false;

  /**
   * @param options - see {@link LifecycleOptions}.
   */
  constructor({ state, deadlineMs, outputs, release }: LifecycleOptions) {
    this.#state = state;
    this.#deadlineMs = deadlineMs;
    this.#outputs = outputs;
    this.#release = release;
  }

  /** Where the tunnel stands. */
  get state(): TunnelState {
    return this.#state;
  }

  /** When the state is over unless something happens; means nothing in `open`. */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  /** END to be sent, or `undefined`. */
  get endDue(): TunnelRecord | undefined {
    return this.#endDue;
  }

  /** Whether `end_path` was put out: nothing can be sent any more. */
  get ownHalfEnded(): boolean {
    return this.#ownHalfEnded;
  }

  /** Whether the peer has not yet shown that it has the key. */
  get isUnproven(): boolean {
    return this.#state === 'offering' || this.#state === 'answering' || this.#state === 'confirming';
  }

  /** Whether silence on the path counts: records flow, and PING can still be sent. */
  get watchesPath(): boolean {
    return this.#state === 'open' || (this.#state === 'draining' && !this.#ownHalfEnded);
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

  /**
   * The local socket closed in `open`: data, then END.
   *
   * @param ending - told to the peer.
   * @param nowMs - monotonic time.
   */
  drain(ending: Ending, nowMs: number): void {
    this.#putOutEnded(ending);
    this.#state = 'draining';
    this.#deadlineMs = nowMs + drainTimeoutMs;
    this.#endDue = endRecord(ending.reason, ending.text);
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
   * The tunnel ends now: END goes before everything else, unless the peer has sent one.
   *
   * @param ending - told to the peer.
   * @param nowMs - monotonic time.
   */
  close(ending: Ending, nowMs: number): void {
    this.#putOutEnded(ending);
    this.#endNow(ending.byPeer ? undefined : endRecord(ending.reason, ending.text), nowMs);
  }

  /**
   * The tunnel ends now, and the path is given up with it.
   *
   * @param ending - not told to the peer.
   * @param code - for `reset_path`.
   */
  abort(ending: Ending, code: PathCode): void {
    this.#putOutEnded(ending);
    this.#outputs.push({ kind: 'reset_path', code });
    this.#close();
  }

  /**
   * The path is gone.
   *
   * @param ending - what it means when the tunnel had not ended.
   */
  handlePathGone(ending: Ending): void {
    this.#putOutEnded(ending);
    this.#close();
  }

  /** The peer's half of the path ended. Without an END before it, either way, that is loss. */
  handlePathEnd(): void {
    this.#peerHalfEnded = true;
    if (this.#ownHalfEnded) this.#close();
    else if (this.#state !== 'closing') {
      this.abort({ reason: 'relay_lost', text: 'the path ended without END' }, 'ok');
    }
  }

  /** END was sealed, or the peer's has come: this half of the path is over. */
  endOwnHalf(): void {
    this.#endDue = undefined;
    this.#ownHalfEnded = true;
    this.#outputs.push({ kind: 'end_path' });
    if (this.#peerHalfEnded) this.#close();
  }

  /**
   * The deadline of the state has passed.
   *
   * @param nowMs - monotonic time.
   */
  handleDeadline(nowMs: number): void {
    switch (this.#state) {
      case 'offering':
      case 'answering':
      case 'confirming':
        this.abort({ reason: 'timeout', text: '' }, 'timeout');
        return;
      case 'confirmed':
        this.close({ reason: 'timeout', text: '' }, nowMs);
        return;
      case 'draining':
        if (this.#ownHalfEnded) this.abort({ reason: 'timeout', text: '' }, 'ok');
        else this.#endNow(this.#endDue, nowMs);
        return;
      case 'closing':
        this.abort({ reason: 'timeout', text: '' }, 'ok');
        return;
      case 'open':
      case 'closed':
        return;
    }
  }

  #endNow(endDue: TunnelRecord | undefined, nowMs: number): void {
    this.#state = 'closing';
    this.#deadlineMs = nowMs + endLingerMs;
    this.#release('ending');
    this.#endDue = this.#ownHalfEnded ? undefined : endDue;
    if (endDue === undefined && !this.#ownHalfEnded) this.endOwnHalf();
  }

  /** Once: later endings change nothing for the local side. The caller leaves the state. */
  #putOutEnded({ reason, text, byPeer = false }: Ending): void {
    if (isEnded(this.#state)) return;
    this.#outputs.push({
      kind: 'ended',
      reason,
      text: text === '' ? reasonSentence(reason) : text,
      byPeer,
    });
  }

  #close(): void {
    this.#state = 'closed';
    this.#release('closed');
    this.#outputs.push({ kind: 'closed' });
  }
}
