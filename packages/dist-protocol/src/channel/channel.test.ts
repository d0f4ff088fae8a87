import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anySignal } from '../../test/arbitrary-signals.js';
import {
  atom,
  type ChannelOptions,
  type ChannelOutput,
  DistChannel,
  encodeTerm,
  fragmentBytes,
  NativeRecord,
  OpaqueFun,
  Pid,
  Reference,
  type Signal,
  type Term,
  TermMap,
  termEquals,
  tuple,
} from '../index.js';

const styles: ChannelOptions[] = [
  { distributionHeader: false, fragments: false },
  { distributionHeader: true, fragments: false },
  { distributionHeader: true, fragments: true },
];
const pid = (id: number) => new Pid({ node: atom('a@host'), id, serial: 0, creation: 1 });
const message = (from: number, payload: Term): Signal => ({
  kind: 'send',
  from: pid(from),
  to: pid(99),
  message: payload,
});

function transmitted(channel: DistChannel): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let some = channel.pollTransmit(); some !== undefined; some = channel.pollTransmit())
    parts.push(...some);
  return Buffer.concat(parts);
}

/** Everything that comes out when `bytes` go in, cut where `cuts` says. */
function outputs(channel: DistChannel, bytes: Uint8Array, cuts: readonly number[] = []): ChannelOutput[] {
  const found: ChannelOutput[] = [];
  let at = 0;
  for (let index = 0; at < bytes.length; index++) {
    const end =
      cuts.length === 0 ? bytes.length : Math.min(bytes.length, at + (cuts[index % cuts.length] ?? 1));
    channel.handleBytes(bytes.subarray(at, end));
    at = end;
    for (let one = channel.pollOutput(); one !== undefined; one = channel.pollOutput()) found.push(one);
  }
  return found;
}

function signalsOf(found: readonly ChannelOutput[]): Signal[] {
  return found.map((one) => {
    if (one.kind !== 'signal') throw new Error(`${one.kind}: ${one.error.message}`);
    return one.signal;
  });
}

/** A signal's parts as one term, so that they compare as Erlang compares. */
function asTerm(signal: Signal): Term {
  const parts = Object.entries(signal)
    .sort()
    .map(([key, value]: [string, unknown]) => {
      if (typeof value === 'boolean' || value === undefined || typeof value === 'string')
        return tuple(atom(key), atom(String(value)));
      return tuple(atom(key), value as Term);
    });
  return tuple(...parts);
}

describe.each(styles)('a channel with %o', (options) => {
  it('brings every signal over, in order, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(anySignal, { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (signals, cuts) => {
          const sender = new DistChannel(options, 0);
          for (const signal of signals) sender.send(signal);
          const came = signalsOf(outputs(new DistChannel(options, 0), transmitted(sender), cuts));
          expect(came.length).toBe(signals.length);
          for (const [index, signal] of signals.entries())
            expect(termEquals(asTerm(came[index]!), asTerm(signal))).toBe(true);
        },
      ),
      { numRuns: runsOf(process.env, 300) },
    );
  });

  it('brings messages over that are larger than a fragment, and keeps the order of each sender', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.nat({ max: 2 }), fc.constantFrom(1, fragmentBytes - 5, fragmentBytes, 200_000)),
          {
            minLength: 1,
            maxLength: 12,
          },
        ),
        fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1 }),
        (sends, cuts) => {
          const sender = new DistChannel(options, 0);
          const wanted: string[][] = [[], [], []];
          for (const [index, [from, bytes]] of sends.entries()) {
            sender.send(message(from, tuple(index, new Uint8Array(bytes).fill(index))));
            wanted[from]?.push(`${index}: ${bytes}`);
          }
          const came: string[][] = [[], [], []];
          const bytes = transmitted(sender);
          expect(sender.queuedBytes).toBe(0);
          for (const signal of signalsOf(outputs(new DistChannel(options, 0), bytes, cuts))) {
            if (signal.kind !== 'send') throw new Error(signal.kind);
            const [index, body] = signal.message as unknown as [number, Uint8Array];
            expect(body.every((byte) => byte === index)).toBe(true);
            came[signal.from?.id ?? -1]?.push(`${index}: ${body.length}`);
          }
          expect(came).toEqual(wanted);
        },
      ),
      { numRuns: runsOf(process.env, 40) },
    );
  });
});

describe('fragments', () => {
  const options = { distributionHeader: true, fragments: true };

  it('let small messages of others pass, a round at a time', () => {
    const sender = new DistChannel(options, 0);
    const receiver = new DistChannel(options, 0);
    sender.send(message(1, new Uint8Array(10 * fragmentBytes)));
    sender.send(message(1, atom('behind')));
    const order: string[] = [];
    for (let round = 0; round < 3; round++) {
      for (const part of sender.pollTransmit() ?? []) order.push(...told(outputs(receiver, part)));
    }
    sender.send(message(2, atom('beside')));
    order.push(...told(outputs(receiver, transmitted(sender))));
    expect(order).toEqual(['beside', 'large', 'behind']);

    function told(found: readonly ChannelOutput[]): string[] {
      return signalsOf(found).map((signal) =>
        signal.kind === 'send' && !(signal.message instanceof Uint8Array) ? String(signal.message) : 'large',
      );
    }
  });

  it('do not copy a large binary on its way out', () => {
    const sender = new DistChannel(options, 0);
    const large = new Uint8Array(fragmentBytes * 3);
    sender.send(message(1, large));
    const parts: Uint8Array[] = [];
    for (let some = sender.pollTransmit(); some !== undefined; some = sender.pollTransmit())
      parts.push(...some);
    const borrowed = parts.filter(({ buffer }) => buffer === large.buffer);
    expect(borrowed.reduce((sum, { length }) => sum + length, 0)).toBe(large.length);
  });

  it('keep the order of a process that is named by its name behind a message of its own', () => {
    const sender = new DistChannel(options, 0);
    const reference = {
      kind: 'monitor_exit',
      from: atom('server'),
      to: pid(99),
      reason: atom('normal'),
    } as const;
    sender.send(message(1, new Uint8Array(3 * fragmentBytes)));
    sender.send(
      { ...reference, reference: new Reference({ node: atom('b@host'), creation: 1, words: [1, 2, 3] }) },
      pid(1),
    );
    const kinds = signalsOf(outputs(new DistChannel(options, 0), transmitted(sender))).map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual(['send', 'monitor_exit']);
  });
});

describe.each(styles)('a peer without native records, %o', (style) => {
  it('gets none, wherever they are; what is sent next arrives', () => {
    const record = new NativeRecord({ module: atom('m'), name: atom('r'), flags: 0, fields: [] });
    const fun = new OpaqueFun({
      ...{ module: atom('m'), arity: 0, index: 0, uniq: new Uint8Array(16), oldIndex: 0, oldUniq: 0 },
      ...{ creator: pid(1), freeVariables: [record] },
    });
    const sending = new DistChannel({ ...style, nativeRecords: false }, 0);
    for (const term of [record, tuple(1, [record]), new TermMap([[record, 1]]), fun])
      expect(() => sending.send(message(1, term))).toThrow(expect.objectContaining({ code: 'invalid_term' }));
    sending.send(message(1, 2));
    const received = outputs(new DistChannel(style, 0), transmitted(sending));
    expect(received).toMatchObject([{ kind: 'signal', signal: { message: 2 } }]);
  });
});

describe('ticks', () => {
  const options = { distributionHeader: true, fragments: true, tickTimeMs: 8_000 };
  const tick = Uint8Array.of(0, 0, 0, 0);

  it('go out in each quarter in which nothing was sent', () => {
    const channel = new DistChannel(options, 0);
    expect(channel.pollTimeout()?.atMs).toBe(2_000);
    channel.handleTimeout(1_999);
    expect(transmitted(channel).length).toBe(0);
    channel.handleTimeout(2_000);
    expect([...transmitted(channel)]).toEqual([...tick]);
    channel.send(message(1, 1));
    transmitted(channel);
    channel.handleTimeout(4_000);
    // The tick itself counts as sent in the quarter it went out in.
    channel.handleBytes(tick);
    channel.handleTimeout(6_000);
    expect([...transmitted(channel)]).toEqual([...tick]);
  });

  it('fail the channel after four quarters without a byte, and not before', () => {
    const channel = new DistChannel(options, 0);
    for (const atMs of [2_000, 4_000, 6_000]) channel.handleTimeout(atMs);
    expect(outputs(channel, tick)).toEqual([]);
    for (const atMs of [8_000, 10_000, 12_000, 14_000]) channel.handleTimeout(atMs);
    expect(channel.pollOutput()).toBeUndefined();
    channel.handleTimeout(16_000);
    expect(channel.pollOutput()).toMatchObject({ kind: 'failed', error: { code: 'tick_timeout' } });
    expect(channel.pollOutput()).toBeUndefined();
    expect(channel.pollTimeout()).toBeUndefined();
    expect(() => channel.send(message(1, 1))).toThrow(expect.objectContaining({ code: 'failed_before' }));
  });

  it('take a clock that stood still for one quarter', () => {
    const channel = new DistChannel(options, 0);
    channel.handleTimeout(1_000_000);
    expect(channel.pollOutput()).toBeUndefined();
  });
});

describe('what cannot be read', () => {
  const options = { distributionHeader: true, fragments: true };
  const packet = (...bytes: number[]) => Uint8Array.of(0, 0, 0, bytes.length, ...bytes);
  /** `{22, <0.1.0>, <0.99.0>}` behind a header without atoms. */
  const sendHead = [131, 68, 0, ...encodeTerm(tuple(22, pid(1), pid(99))).subarray(1)];

  it.each([
    ['another beginning', 'malformed_packet', packet(112, 131, 97, 1)],
    ['another header', 'malformed_packet', packet(131, 71, 0)],
    ['a header that ends early', 'malformed_header', packet(131, 68)],
    ['a header without its flags', 'malformed_header', packet(131, 68, 2)],
    ['an atom that the cache does not hold', 'malformed_header', packet(131, 68, 1, 0, 5)],
    ['an atom longer than the packet', 'malformed_header', packet(131, 68, 1, 8, 5, 9, 97)],
    ['an atom that is not UTF-8', 'malformed_header', packet(131, 68, 1, 8, 5, 1, 255)],
    ['a control message that is no tuple', 'malformed_control', packet(131, 68, 0, 97, 1)],
    ['an unknown control message', 'malformed_control', packet(131, 68, 0, 104, 1, 97, 200)],
    ['a link without pids', 'malformed_control', packet(131, 68, 0, 104, 3, 97, 1, 97, 1, 97, 1)],
    ['a link with too few parts', 'malformed_control', packet(131, 68, 0, 104, 1, 97, 1)],
    [
      'a fragment that continues nothing',
      'malformed_fragment',
      packet(131, 70, ...Array<number>(16).fill(1)),
    ],
    ['a fragment without numbers', 'malformed_fragment', packet(131, 70, 1)],
    [
      'a first fragment with the number 0',
      'malformed_fragment',
      packet(131, 69, ...Array<number>(17).fill(0)),
    ],
  ])('%s: %s', (_, code, bytes) => {
    expect(outputs(new DistChannel(options, 0), bytes)).toEqual([
      { kind: 'failed', error: expect.objectContaining({ name: 'ChannelError', code }) },
    ]);
  });

  it('a message is left out and told, and the channel goes on', () => {
    const good = packet(...sendHead, 97, 7);
    const bad = packet(...sendHead, 1, 2, 3);
    const found = outputs(new DistChannel(options, 0), Buffer.concat([bad, good]));
    expect(found).toMatchObject([
      { kind: 'unreadable', signal: { kind: 'send', from: { id: 1 } }, error: { code: 'unknown_tag' } },
      { kind: 'signal', signal: { message: 7 } },
    ]);
  });

  it('an exit comes all the same', () => {
    const head = [131, 68, 0, ...encodeTerm(tuple(24, pid(1), pid(99))).subarray(1)];
    const found = outputs(new DistChannel(options, 0), packet(...head, 1, 2, 3));
    expect(found).toMatchObject([
      { kind: 'signal', signal: { kind: 'exit', reason: { name: 'unreadable' } } },
    ]);
  });

  it('a packet beyond the limit fails before it has come', () => {
    const channel = new DistChannel({ ...options, limits: { packetBytesMax: 1_000 } }, 0);
    expect(outputs(channel, Uint8Array.of(0, 0, 3, 233))).toMatchObject([
      { kind: 'failed', error: { code: 'packet_too_large' } },
    ]);
  });

  it('unfinished messages hold no more than the limit', () => {
    const limits = { assemblyBytesMax: 300_000, assembliesMax: 3 };
    const sender = new DistChannel(options, 0);
    for (let from = 0; from < 4; from++) sender.send(message(from, new Uint8Array(90_000)));
    expect(outputs(new DistChannel({ ...options, limits }, 0), transmitted(sender)).at(-1)).toMatchObject({
      error: { code: 'message_too_large' },
    });
    sender.send(message(1, new Uint8Array(400_000)));
    expect(outputs(new DistChannel({ ...options, limits }, 0), transmitted(sender)).at(-1)).toMatchObject({
      error: { code: 'message_too_large' },
    });
  });

  it('unfinished messages count with their control messages, until they are finished', () => {
    const limits = { assemblyBytesMax: 1_000_000 };
    const spawn = (id: number): Signal => ({
      kind: 'spawn_request',
      requestId: new Reference({ node: atom('a@host'), creation: 1, words: [id] }),
      from: pid(id),
      groupLeader: pid(id),
      module: atom('m'),
      functionName: atom('f'),
      options: [new Uint8Array(400_000)],
      args: [new Uint8Array(100_000)],
    });
    const sender = new DistChannel(options, 0);
    for (let id = 1; id <= 3; id++) sender.send(spawn(id));
    expect(outputs(new DistChannel({ ...options, limits }, 0), transmitted(sender)).at(-1)).toMatchObject({
      error: { code: 'message_too_large' },
    });
    const receiver = new DistChannel({ ...options, limits }, 0);
    for (let id = 1; id <= 5; id++) {
      sender.send(spawn(id));
      expect(outputs(receiver, transmitted(sender))).toMatchObject([{ kind: 'signal' }]);
    }
  });

  it('a claim of 2^64 fragments takes no memory', () => {
    const first = [
      131,
      69,
      ...Array<number>(8).fill(1),
      ...Array<number>(8).fill(255),
      0,
      ...sendHead.slice(3),
    ];
    const channel = new DistChannel(options, 0);
    const before = process.memoryUsage().arrayBuffers;
    expect(outputs(channel, packet(...first, 109, 0))).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });
});
