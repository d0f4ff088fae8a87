import type { Attacher } from '../attach/attacher.js';
import type { Offsets } from '../attach/recovery.js';
import type { Tombstones } from '../attach/tombstones.js';
import type { Liveness } from '../flow/liveness.js';
import { RecordFlow } from '../flow/record-flow.js';
import { Lifecycle } from '../lifecycle.js';
import type { TunnelMetrics } from '../observations.js';
import { type RespondOptions, type TunnelLimits, type TunnelOptions, tunnelLimits } from '../options.js';
import { OutputQueue } from '../outputs.js';
import type { Path } from '../paths/path.js';
import { PathSet } from '../paths/path-set.js';
import type { TunnelState } from '../state.js';

/** What a tunnel is made of, and what can be seen from several parts of it at once. */
export class TunnelParts {
  /** Which side this is. */
  readonly role: 'initiator' | 'responder';
  /** The path of the first OPEN, also when it is gone. */
  readonly first: Path;
  /** What the shell has to do. */
  readonly outputs: OutputQueue = new OutputQueue();
  /** Both directions of the stream. */
  readonly flow: RecordFlow;
  /** The state, but for paths. */
  readonly life: Lifecycle;
  /** Active and pending. */
  readonly paths: PathSet;
  /** Complete. */
  readonly limits: TunnelLimits;
  /** Where a responder is buried. */
  readonly tombstones: Tombstones | undefined;
  /** The search for other paths; there once both sides have said that they resume. */
  attacher: Attacher | undefined;
  /** At the responder: whether the initiator has shown that it is up; before, it can't attach. */
  peerIsUp: boolean;

  /**
   * @param options - see {@link TunnelOptions} and {@link RespondOptions}.
   * @param path - the first.
   * @param nowMs - monotonic time.
   */
  constructor(options: TunnelOptions & Partial<RespondOptions>, path: Path, nowMs: number) {
    const limits = tunnelLimits(options.limits);
    const initiates = path.offer !== undefined;
    this.role = initiates ? 'initiator' : 'responder';
    this.first = path;
    this.paths = new PathSet(path);
    this.limits = limits;
    this.tombstones = options.tombstones;
    this.peerIsUp = initiates;
    this.flow = new RecordFlow({ ...limits, ringBudget: options.ringBudget }, this.outputs);
    this.life = new Lifecycle({
      state: initiates ? 'offering' : 'answering',
      deadlineMs: nowMs + (initiates ? limits.establishTimeoutMs : limits.confirmTimeoutMs),
      outputs: this.outputs,
    });
  }

  /** Where the tunnel stands. */
  get state(): TunnelState {
    const { state } = this.life;
    return state === 'open' && this.attacher?.isLooking === true ? 'detached' : state;
  }

  /** Counters, as of now. */
  get metrics(): TunnelMetrics {
    const { send, receive, liveness } = this.flow;
    return {
      state: this.state,
      bytesIn: receive.deliveredBytes,
      bytesOut: send.sentBytes,
      recordsIn: this.paths.recordsIn,
      recordsOut: this.paths.recordsOut,
      srttMs: liveness?.srttMs,
      unsentBytes: send.unsentBytes,
      ringBytes: send.ringBytes,
      waitingBytes: receive.waitingBytes,
      epoch: this.attacher?.epoch ?? 0,
      reattachments: this.attacher?.reattachments ?? 0,
      detachedSinceMs: this.attacher?.lookingSinceMs,
    };
  }

  /** Whether silence, or the loss of the path, leads to another one. */
  get mayResume(): boolean {
    const { state } = this.life;
    return this.attacher !== undefined && (state === 'open' || state === 'draining' || state === 'closing');
  }

  /** The silence watch, while silence on the path counts: records flow, or END waits for its answer behind data. */
  get watched(): Liveness | undefined {
    const { state, endSent } = this.life;
    const counts = state === 'open' || (state === 'draining' && (!endSent || this.attacher !== undefined));
    return counts && this.paths.active !== undefined ? this.flow.liveness : undefined;
  }

  /** When the state is over; while a path is looked for, the window alone decides. */
  get stateEndMs(): number {
    const { state, deadlineMs } = this.life;
    return state === 'open' || this.attacher?.isLooking ? Number.POSITIVE_INFINITY : deadlineMs;
  }

  /** How far both directions have come. */
  get offsets(): Offsets {
    return { acked: this.flow.send.ackedOffset, delivered: this.flow.receive.deliveredBytes };
  }
}
