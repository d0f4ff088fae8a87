import type { Cancel, SeededRandom, VirtualClock } from '@macula/testkit';
import { type RingBudget, Tombstones, type Tunnel, TunnelError, type TunnelOutput } from '@macula/tunnel';
import type { LocalNode } from './local-node.js';
import type { Item, Stream } from './stream.js';

/** An agent's shell of one tunnel, as simple as a shell can be: it opens what it is told to, and forgets nothing. */
export class Agent {
  readonly side: 0 | 1;
  readonly node: LocalNode;
  readonly budget: RingBudget;
  readonly tombstones: Tombstones = new Tombstones();
  bootId: Uint8Array;
  tunnel: Tunnel | undefined;
  /** Every output but deliveries, with its time. */
  readonly events: (readonly [number, TunnelOutput])[] = [];
  /** Called for `open_path`. */
  onOpenPath: (pathId: number, offer: Uint8Array) => void = () => undefined;
  onSendHint: () => void = () => undefined;
  readonly streams: Map<number, Stream> = new Map();
  readonly #clock: VirtualClock;
  #timer: Cancel | undefined;
  #asleepUntilMs = 0;
  readonly #missed: (() => void)[] = [];

  constructor({
    side,
    node,
    clock,
    random,
    budget,
  }: {
    readonly side: 0 | 1;
    readonly node: LocalNode;
    readonly clock: VirtualClock;
    readonly random: SeededRandom;
    readonly budget: RingBudget;
  }) {
    this.side = side;
    this.node = node;
    this.budget = budget;
    this.#clock = clock;
    this.bootId = random.bytes(16);
  }

  get isAwake(): boolean {
    return this.#clock.nowMs >= this.#asleepUntilMs;
  }

  get isClosed(): boolean {
    return this.events.some(([, { kind }]) => kind === 'closed');
  }

  ended(): Extract<TunnelOutput, { kind: 'ended' }> | undefined {
    for (const [, output] of this.events) if (output.kind === 'ended') return output;
    return undefined;
  }

  /** Whether each of the last 8 paths lived too shortly for an idle tunnel to be taken for stable. */
  hasFlapped(): boolean {
    const lives = this.events.flatMap(([fromMs, { kind }], index) => {
      if (kind !== 'resumed') return [];
      const next = this.events.slice(index + 1).find(([, later]) => lossKinds.includes(later.kind));
      return [next === undefined ? Number.POSITIVE_INFINITY : next[0] - fromMs];
    });
    return lives.length >= 8 && lives.slice(-8).every((ms) => ms <= unstableMsMax);
  }

  /** Stands still, as under SIGSTOP: what comes waits, timers too. */
  sleep(ms: number): void {
    if (!this.isAwake) return;
    this.#asleepUntilMs = this.#clock.nowMs + ms;
    this.#clock.schedule(ms, () => {
      for (const input of this.#missed.splice(0)) this.run(input);
    });
  }

  /** The process is killed, and another one takes its place: nothing is left of the tunnel. */
  restart(random: SeededRandom): void {
    for (const stream of this.streams.values()) stream.reset(this.side, 'relay_lost');
    this.streams.clear();
    this.#timer?.();
    this.tunnel = undefined;
    this.node.isClosed = true;
    this.bootId = random.bytes(16);
    this.tombstones.clear();
  }

  /** Every input goes through here: then outputs, path bytes and the timer follow. */
  run(input: (tunnel: Tunnel) => void): void {
    if (!this.isAwake) {
      this.#missed.push(() => this.run(input));
      return;
    }
    const { tunnel } = this;
    if (tunnel === undefined) return;
    input(tunnel);
    this.#drain(tunnel);
    for (const [pathId, stream] of [...this.streams]) {
      while (stream.writable(this.side)) {
        const pieces = tunnel.pollPath(pathId, this.#clock.nowMs);
        if (pieces !== undefined) {
          for (const bytes of pieces)
            stream.send(this.side, { kind: 'bytes', bytes: Uint8Array.from(bytes) });
        }
        this.#drain(tunnel);
        if (pieces === undefined) break;
      }
    }
    this.#arm(tunnel);
  }

  /** Uses a stream as a path. */
  addPath(pathId: number, stream: Stream): void {
    this.streams.set(pathId, stream);
    stream.use(this.side, {
      onItem: (item) => this.run((tunnel) => this.#handleItem(tunnel, pathId, item)),
      onClosed: (closed) =>
        this.run((tunnel) => {
          this.streams.delete(pathId);
          const seen = 'code' in closed ? { ...closed, via: `relay ${stream.relay}` } : closed;
          tunnel.handlePathClosed(pathId, seen, this.#clock.nowMs);
        }),
      onWritable: () => this.run(() => undefined),
    });
  }

  /** An OPEN with an attach offer: answers it on its stream, whatever there is to answer. */
  handleAttach(offer: Uint8Array, stream: Stream): void {
    if (!this.isAwake) {
      this.#missed.push(() => this.handleAttach(offer, stream));
      return;
    }
    try {
      if (this.tunnel !== undefined && this.tunnel.state !== 'closed') {
        const { pathId, answer } = this.tunnel.respondAttach(offer, this.#clock.nowMs);
        stream.send(this.side, { kind: 'answer', answer });
        this.addPath(pathId, stream);
        this.run(() => undefined);
        return;
      }
      const gone = this.tombstones.respondAttach(offer, this.#clock.nowMs);
      if (gone === undefined) {
        stream.reset(this.side, 'unknown_tunnel', this.bootId);
        return;
      }
      stream.send(this.side, { kind: 'answer', answer: gone.answer });
      for (const bytes of gone.records) stream.send(this.side, { kind: 'bytes', bytes });
      stream.send(this.side, { kind: 'end' });
    } catch (thrown) {
      stream.reset(this.side, TunnelError.from(thrown).pathCode);
    }
  }

  #handleItem(tunnel: Tunnel, pathId: number, item: Item): void {
    const { nowMs } = this.#clock;
    if (item.kind === 'bytes') tunnel.handlePathData(pathId, item.bytes, nowMs);
    else if (item.kind === 'end') tunnel.handlePathEnd(pathId, nowMs);
    else tunnel.handleAnswer(pathId, item.answer, nowMs);
  }

  #drain(tunnel: Tunnel): void {
    for (let output = tunnel.pollOutput(); output !== undefined; output = tunnel.pollOutput()) {
      if (output.kind === 'deliver') {
        this.node.deliver(output.bytes);
        continue;
      }
      this.events.push([this.#clock.nowMs, output]);
      this.#act(output);
    }
  }

  #act(output: TunnelOutput): void {
    switch (output.kind) {
      case 'pause_local':
        this.node.isPaused = true;
        return;
      case 'resume_local':
        this.node.isPaused = false;
        return;
      case 'deliver_end':
        this.node.sawEnd = true;
        return;
      case 'confirmed':
        this.#clock.schedule(1, () => this.run((tunnel) => tunnel.localReady(this.#clock.nowMs)));
        return;
      case 'ended':
        this.node.isClosed = true;
        return;
      case 'open_path':
        this.onOpenPath(output.pathId, output.offer);
        return;
      case 'send_hint':
        this.onSendHint();
        return;
      case 'end_path':
        this.streams.get(output.pathId)?.send(this.side, { kind: 'end' });
        return;
      case 'reset_path':
        this.streams.get(output.pathId)?.reset(this.side, output.code);
        this.streams.delete(output.pathId);
        return;
    }
  }

  #arm(tunnel: Tunnel): void {
    this.#timer?.();
    const due = tunnel.pollTimeout();
    if (due === undefined) return;
    this.#timer = this.#clock.scheduleAt(due.atMs, () =>
      this.run((same) => same.handleTimeout(this.#clock.nowMs)),
    );
  }
}

const lossKinds: readonly string[] = ['detached', 'resumed', 'ended'];

/** PING 2 s after the commit, and 2 s in which nothing answers it; and some delay. */
const unstableMsMax = 4500;
