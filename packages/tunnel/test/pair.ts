import { deriveTunnelKey } from '@macula/crypto';
import { concatBytes } from '../src/bytes.js';
import { type RespondOptions, Tunnel, type TunnelOutput } from '../src/index.js';

/** Seeded bytes (xorshift32): not secure, repeatable. */
export function seededRandom(seed: number): (length: number) => Uint8Array {
  let state = (seed * 2654435761 + 1) >>> 0 || 1;
  return (length) =>
    Uint8Array.from({ length }, () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      state >>>= 0;
      return state & 0xff;
    });
}

/** Options of one end; the pair fills in the rest. */
export type EndOptions = Partial<RespondOptions> & { readonly cookie?: string };

/** One tunnel with what its shell would hold. */
export class End {
  readonly tunnel: Tunnel;
  /** Every output but deliveries, in order. */
  readonly events: TunnelOutput[] = [];
  /** Everything delivered, in order. */
  readonly delivered: Uint8Array[] = [];
  deliveredBytes = 0;
  acceptedBytes = 0;
  paused = false;
  /** Path bytes sent and not yet carried to the peer. */
  wire: Uint8Array[] = [];
  wireBytes = 0;
  pathEnded = false;

  constructor(tunnel: Tunnel) {
    this.tunnel = tunnel;
  }

  /** Puts out what the tunnel wants to do, and seals while less than `wireBytesMax` are on the wire. */
  flush(nowMs: number, wireBytesMax: number = Number.POSITIVE_INFINITY): void {
    this.drainOutputs();
    while (this.wireBytes < wireBytesMax) {
      const pieces = this.tunnel.pollPath(0, nowMs);
      this.drainOutputs();
      if (pieces === undefined) return;
      for (const piece of pieces) this.putOnWire(piece);
    }
  }

  putOnWire(bytes: Uint8Array): void {
    this.wire.push(bytes);
    this.wireBytes += bytes.length;
  }

  /** Takes at most so many bytes from the wire. */
  takeWire(bytesMax: number): Uint8Array {
    const joined = concatBytes(this.wire);
    const taken = joined.slice(0, bytesMax);
    const rest = joined.slice(taken.length);
    this.wire = rest.length === 0 ? [] : [rest];
    this.wireBytes = rest.length;
    return taken;
  }

  event<K extends TunnelOutput['kind']>(kind: K): Extract<TunnelOutput, { kind: K }> | undefined {
    return this.events.find((event): event is Extract<TunnelOutput, { kind: K }> => event.kind === kind);
  }

  get kinds(): string[] {
    return this.events.map((event) => event.kind);
  }

  get received(): Uint8Array {
    return concatBytes(this.delivered);
  }

  drainOutputs(): void {
    for (let output = this.tunnel.pollOutput(); output !== undefined; output = this.tunnel.pollOutput()) {
      if (output.kind === 'deliver') {
        for (const piece of output.bytes) this.deliveredBytes += piece.length;
        this.delivered.push(...output.bytes);
        continue;
      }
      this.events.push(output);
      if (output.kind === 'pause_local') this.paused = true;
      if (output.kind === 'resume_local') this.paused = false;
      if (output.kind === 'end_path') this.pathEnded = true;
    }
  }
}

/** Two tunnels and the path between them, under a clock of their own. */
export class Pair {
  readonly initiator: End;
  readonly responder: End;
  nowMs = 1000;

  constructor(
    initiator: EndOptions = {},
    responder: EndOptions = {},
    alter: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
  ) {
    const a = endOptions({ ownName: 'a@x', peerName: 'b@y', random: seededRandom(1), ...initiator });
    const b = endOptions({ ownName: 'b@y', peerName: 'a@x', random: seededRandom(2), ...responder });
    this.initiator = new End(Tunnel.initiate(a, this.nowMs));
    this.responder = new End(Tunnel.respond(b, alter(this.initiator.tunnel.offer), this.nowMs));
  }

  /** Up at both ends, all records of the handshake carried. */
  static up(initiator: EndOptions = {}, responder: EndOptions = {}): Pair {
    const pair = new Pair(initiator, responder);
    pair.answer();
    pair.settle();
    pair.responder.tunnel.localReady(pair.nowMs);
    pair.settle();
    return pair;
  }

  get ends(): readonly [End, End] {
    return [this.initiator, this.responder];
  }

  peerOf(end: End): End {
    return end === this.initiator ? this.responder : this.initiator;
  }

  answer(alter: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): void {
    this.initiator.tunnel.handleAnswer(0, alter(this.responder.tunnel.answer), this.nowMs);
    this.initiator.drainOutputs();
  }

  /** Carries at most so many bytes from one end to the other, in one piece. */
  carry(from: End, bytesMax: number = Number.POSITIVE_INFINITY): void {
    const bytes = from.takeWire(bytesMax);
    const to = this.peerOf(from);
    if (bytes.length > 0) to.tunnel.handlePathData(0, bytes, this.nowMs);
    to.drainOutputs();
    if (from.pathEnded && from.wireBytes === 0) {
      to.tunnel.handlePathEnd(0, this.nowMs);
      to.drainOutputs();
    }
  }

  /** The local socket of an end takes delivered bytes. */
  accept(end: End, bytesMax: number = Number.POSITIVE_INFINITY): void {
    const bytes = Math.min(bytesMax, end.deliveredBytes - end.acceptedBytes);
    end.acceptedBytes += bytes;
    end.tunnel.handleLocalAccepted(bytes, this.nowMs);
  }

  /** Flushes, carries and accepts until nothing moves; the clock stands still. */
  settle({ accepting = true }: { readonly accepting?: boolean } = {}): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const end of this.ends) {
        end.flush(this.nowMs);
        if (end.wireBytes > 0 || (end.pathEnded && this.peerOf(end).tunnel.state !== 'closed')) moved = true;
        const before = this.peerOf(end).tunnel.state;
        this.carry(end);
        if (end.wireBytes === 0 && end.pathEnded && this.peerOf(end).tunnel.state === before) moved = false;
        if (accepting) for (const one of this.ends) this.accept(one);
      }
    }
  }

  /** Lets time pass, firing timers when they are due and carrying what they send. */
  pass(ms: number, carrying = true): void {
    const untilMs = this.nowMs + ms;
    if (carrying) this.settle();
    for (;;) {
      const due = this.ends.map((end) => end.tunnel.pollTimeout()?.atMs ?? Number.POSITIVE_INFINITY);
      const nextMs = Math.max(this.nowMs, Math.min(...due));
      if (nextMs > untilMs) break;
      this.nowMs = nextMs;
      for (const end of this.ends) {
        end.tunnel.handleTimeout(this.nowMs);
        end.flush(this.nowMs);
      }
      if (carrying) this.settle();
    }
    this.nowMs = untilMs;
  }
}

/** Options of one end, complete. */
export function endOptions({
  cookie = 'MYSECRET',
  ...options
}: EndOptions & Pick<RespondOptions, 'ownName' | 'peerName' | 'random'>): RespondOptions {
  return {
    realm: 'io.macula',
    tunnelKey: deriveTunnelKey(new TextEncoder().encode(cookie)),
    bootId: new Uint8Array(16).fill(7),
    ...options,
  };
}
