import { concatBytes } from '../src/bytes.js';
import type { TunnelOutput } from '../src/index.js';
import type { End, EndOptions } from './pair.js';
import { Pair } from './pair.js';

type OpenPath = Extract<TunnelOutput, { kind: 'open_path' }>;

/** A pair whose first path may be lost, and what attaches to it. */
export class Attaching extends Pair {
  static attached(initiator: EndOptions = {}, responder: EndOptions = {}): Attaching {
    const pair = new Attaching(initiator, responder);
    pair.answer();
    pair.settle();
    pair.responder.tunnel.localReady(pair.nowMs);
    pair.settle();
    pair.pass(20); // what is due of acknowledgements and round trips
    return pair;
  }

  /** Path 0 is gone at both ends, or at one. */
  lose(ends: readonly End[] = this.ends): void {
    for (const end of ends) {
      end.tunnel.handlePathClosed(0, { lost: true }, this.nowMs);
      end.drainOutputs();
      end.takeWire(Number.POSITIVE_INFINITY);
    }
  }

  /** All paths that the initiator wanted so far. */
  get wanted(): OpenPath[] {
    this.initiator.drainOutputs();
    return this.initiator.events.filter((event): event is OpenPath => event.kind === 'open_path');
  }

  /** The last of them. */
  get lastWanted(): OpenPath {
    return this.wanted.at(-1)!;
  }

  /** The responder answers an offer and the initiator takes the answer. */
  open(
    wanted: OpenPath = this.lastWanted,
    alter: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
  ): Line {
    const { pathId, answer } = this.responder.tunnel.respondAttach(wanted.offer, this.nowMs);
    this.initiator.tunnel.handleAnswer(wanted.pathId, alter(answer), this.nowMs);
    this.initiator.drainOutputs();
    return new Line(this, wanted.pathId, pathId);
  }

  /** Lets time pass at both ends, one timer after the other; nothing is carried. */
  wait(ms: number, ends: readonly End[] = this.ends): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const due = ends.map(({ tunnel }) => tunnel.pollTimeout()?.atMs ?? Number.POSITIVE_INFINITY);
      const nextMs = Math.max(this.nowMs, Math.min(...due));
      if (nextMs > untilMs) break;
      this.nowMs = nextMs;
      for (const end of ends) end.tunnel.handleTimeout(this.nowMs);
      for (const end of ends) end.drainOutputs();
    }
    this.nowMs = untilMs;
  }
}

/** One attached path, by its number at each end. */
export class Line {
  readonly #pair: Attaching;
  readonly #ids: ReadonlyMap<End, number>;

  constructor(pair: Attaching, initiatorId: number, responderId: number) {
    this.#pair = pair;
    this.#ids = new Map([
      [pair.initiator, initiatorId],
      [pair.responder, responderId],
    ]);
  }

  id(end: End): number {
    return this.#ids.get(end)!;
  }

  /** All that an end has to send on it. */
  poll(end: End): Uint8Array {
    const pieces: Uint8Array[] = [];
    for (;;) {
      const more = end.tunnel.pollPath(this.id(end), this.#pair.nowMs);
      end.drainOutputs();
      if (more === undefined) return concatBytes(pieces);
      pieces.push(...more);
    }
  }

  give(end: End, bytes: Uint8Array): void {
    end.tunnel.handlePathData(this.id(end), Uint8Array.from(bytes), this.#pair.nowMs);
    end.drainOutputs();
  }

  /** Carries what one end sends to the other. */
  carry(from: End): void {
    const bytes = this.poll(from);
    if (bytes.length > 0) this.give(this.#pair.peerOf(from), bytes);
  }

  /** Carries both ways and accepts until nothing moves; then the halves that have ended. */
  settle(): void {
    const { initiator, responder } = this.#pair;
    for (let round = 0; round < 20; round++) {
      this.carry(responder);
      this.carry(initiator);
      for (const end of this.#pair.ends) this.#pair.accept(end);
    }
    for (const end of this.#pair.ends) {
      const id = this.id(end);
      if (!end.events.some((event) => event.kind === 'end_path' && event.pathId === id)) continue;
      const peer = this.#pair.peerOf(end);
      peer.tunnel.handlePathEnd(this.id(peer), this.#pair.nowMs);
      peer.drainOutputs();
    }
  }
}
