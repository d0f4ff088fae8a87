import { runsOf, SeededRandom, seedsOf, withReplayHint } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type End, Pair } from '../test/pair.js';

const limits = { ringBytesMax: 5000, unsentBytesMax: 2000, windowBytesMax: 3000, rekeyEveryRecords: 5 };
const chunkBytesMax = 4000;

const side = fc.constantFrom(0 as const, 1 as const);
const step = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), side, size: fc.integer({ min: 1, max: chunkBytesMax }) }),
  fc.record({ kind: fc.constant('write' as const), side, size: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constant('carry' as const), side, size: fc.nat(6000) }),
  fc.record({ kind: fc.constant('carry' as const), side, size: fc.nat(30) }),
  fc.record({ kind: fc.constant('accept' as const), side, size: fc.nat(4000) }),
  fc.record({ kind: fc.constant('seal' as const), side, size: fc.nat(8000) }),
  fc.record({ kind: fc.constant('pass' as const), side, size: fc.nat(30) }),
);

/** What each side wrote, as a count: byte n of side s is (7n + s) modulo 251. */
class Model {
  readonly pair: Pair;
  readonly written: [number, number] = [0, 0];
  readonly #checked: [number, number] = [0, 0];
  readonly #pieces: [number, number] = [0, 0];

  constructor(protocol: 1 | 2) {
    this.pair = Pair.up({ protocol, limits }, { protocol, limits });
  }

  end(index: 0 | 1): End {
    return this.pair.ends[index];
  }

  run(one: { readonly kind: string; readonly side: 0 | 1; readonly size: number }): void {
    const end = this.end(one.side);
    if (one.kind === 'write' && !end.paused) this.write(one.side, one.size);
    if (one.kind === 'carry') this.pair.carry(end, one.size);
    if (one.kind === 'accept') this.pair.accept(end, one.size);
    if (one.kind === 'seal') end.flush(this.pair.nowMs, one.size);
    if (one.kind === 'pass') {
      this.pair.nowMs += one.size;
      for (const each of this.pair.ends) each.tunnel.handleTimeout(this.pair.nowMs);
    }
    this.check();
  }

  write(index: 0 | 1, size: number): void {
    const from = this.written[index];
    const bytes = Uint8Array.from({ length: size }, (_, at) => ((from + at) * 7 + index) % 251);
    this.end(index).tunnel.handleLocalData(bytes, this.pair.nowMs);
    this.written[index] += size;
    this.end(index).drainOutputs();
  }

  /** Delivered is a prefix of what was written, and every bound holds. */
  check(): void {
    for (const index of [0, 1] as const) {
      const source = (1 - index) as 0 | 1;
      const { delivered, tunnel, deliveredBytes } = this.end(index);
      for (; this.#pieces[index] < delivered.length; this.#pieces[index]++) {
        for (const byte of delivered[this.#pieces[index]]!) {
          const at = this.#checked[index]++;
          if (byte !== (at * 7 + source) % 251) throw new Error(`side ${index}: wrong byte at ${at}`);
        }
      }
      const { ringBytes, waitingBytes, unsentBytes } = tunnel.metrics;
      if (deliveredBytes > this.written[source]) throw new Error('delivered more than was written');
      if (waitingBytes > limits.windowBytesMax) throw new Error(`window: ${waitingBytes}`);
      if (ringBytes >= limits.ringBytesMax + chunkBytesMax) throw new Error(`ring: ${ringBytes}`);
      if (unsentBytes >= limits.unsentBytesMax + chunkBytesMax) throw new Error(`unsent: ${unsentBytes}`);
      if (tunnel.state !== 'open') throw new Error(`state ${tunnel.state}`);
    }
  }

  /** With a path and readers that go on, everything arrives. */
  finish(): void {
    for (let round = 0; round < 50; round++) {
      this.pair.pass(20);
      this.check();
    }
    for (const index of [0, 1] as const) {
      expect(this.end(index).deliveredBytes).toBe(this.written[1 - index]);
      expect(this.end(index).tunnel.metrics).toMatchObject({ ringBytes: 0, waitingBytes: 0 });
      expect(this.end(index).paused).toBe(false);
    }
  }
}

describe('two tunnels over a path', () => {
  it('deliver exactly a prefix at every step, within their bounds, and all of it in the end', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1 as const, 2 as const),
        fc.array(step, { maxLength: 150 }),
        (protocol, steps) => {
          const model = new Model(protocol);
          for (const one of steps) model.run(one);
          model.finish();
        },
      ),
      { numRuns: runsOf(process.env, 60) },
    );
  });

  it('do so over thousands of steps', () => {
    for (const seed of seedsOf(process.env, 4)) {
      withReplayHint(seed, 'npx vitest run --project unit packages/tunnel', () => {
        const random = new SeededRandom(seed);
        const model = new Model(2);
        for (let count = 0; count < 4000; count++) {
          const kind = random.pick(['write', 'carry', 'carry', 'accept', 'accept', 'seal', 'seal', 'pass']);
          const size = random.integer(kind === 'pass' ? 20 : random.pick([10, 300, chunkBytesMax])) + 1;
          model.run({ kind, side: random.integer(2) as 0 | 1, size });
        }
        model.finish();
        expect(model.written[0] + model.written[1]).toBeGreaterThan(100_000);
      });
    }
  });

  it('hold no more than ring and window for a reader that stands still, and complete when it goes on', () => {
    const pair = Pair.up();
    const { initiator, responder } = pair;
    let written = 0;
    for (let round = 0; round < 200; round++) {
      for (let chunks = 0; chunks < 20 && !initiator.paused; chunks++) {
        initiator.tunnel.handleLocalData(new Uint8Array(65_536), pair.nowMs);
        initiator.drainOutputs();
        written += 65_536;
      }
      pair.settle({ accepting: false });
      pair.nowMs += 50;
      for (const end of pair.ends) end.tunnel.handleTimeout(pair.nowMs);
    }
    expect(responder.tunnel.metrics.waitingBytes).toBe(256 * 1024);
    expect(initiator.tunnel.metrics.ringBytes).toBeLessThan(256 * 1024 + 65_536);
    expect(written).toBeLessThan(2 * 256 * 1024 + 65_536);
    expect(initiator.paused).toBe(true);
    expect(initiator.tunnel.state).toBe('open');
    pair.pass(200);
    expect(responder.deliveredBytes).toBe(written);
    expect(initiator.paused).toBe(false);
  });

  it('seal nothing the path does not take', () => {
    const pair = Pair.up();
    const { initiator } = pair;
    while (!initiator.paused) {
      initiator.tunnel.handleLocalData(new Uint8Array(10_000), pair.nowMs);
      initiator.drainOutputs();
    }
    initiator.flush(pair.nowMs, 1);
    expect(initiator.tunnel.metrics.bytesOut).toBe(65_536);
    expect(initiator.wireBytes).toBe(65_536 + 9 + 20);
    expect(() => {
      for (;;) initiator.tunnel.handleLocalData(new Uint8Array(65_536), pair.nowMs);
    }).toThrow('pause_local');
  });
});
