import { createHash } from 'node:crypto';
import {
  type LinkOptions,
  SeededRandom,
  SimulatedNetwork,
  seedsOf,
  VirtualClock,
  withReplayHint,
} from '@macula/testkit';
import {
  Directory,
  type DirectoryMessage,
  type DirectoryOutput,
  type DirectoryRecord,
  decodeMessage,
  encodeMessage,
  type OwnName,
  type RecordSigner,
  Rendezvous,
  recordBytes,
  type UnsignedRecord,
} from '../src/index.js';

export const meshSeed = 7;

/** As good as a signature where nobody tries to forge one. */
export function signature(record: UnsignedRecord): Uint8Array {
  const hash = createHash('sha256').update('secret of ').update(record.relay).update(recordBytes(record));
  return new Uint8Array(hash.digest());
}

export const signer: RecordSigner = {
  sign: signature,
  verify: (record) => Buffer.from(signature(record)).equals(record.signature),
};

export function hashOf(text: string, length = 16): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text).digest().subarray(0, length));
}

/** An own name, by default of an identity and process of its own. */
export function nameOf(name: string, change: Partial<OwnName> = {}): OwnName {
  return {
    element: hashOf(name),
    identity: hashOf(`identity of ${name}`, 32),
    bootId: hashOf(`boot of ${name}`),
    sessionSeq: 1,
    sinceMs: 1_000,
    ...change,
  };
}

/** A relay's record, signed by it. */
export function recordOf(relay: string, name: string, change: Partial<UnsignedRecord> = {}): DirectoryRecord {
  const record = { ...nameOf(name), relay, epoch: 1, version: 1, ...change };
  return { ...record, signature: signature(record) };
}

export type Event = Exclude<DirectoryOutput, { kind: 'send' }> & {
  readonly at: string;
  readonly nowMs: number;
};
export interface Sent {
  readonly from: string;
  readonly to: string;
  readonly message: DirectoryMessage;
  readonly atMs: number;
}

/** Relays on a simulated network; each is driven exactly as a shell would, and messages travel as bytes. */
export class Mesh {
  readonly clock: VirtualClock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork<Uint8Array>;
  readonly relays: Map<string, Directory> = new Map();
  readonly epochs: Map<string, number> = new Map();
  readonly events: Event[] = [];
  /** Everything sent, also what got lost. */
  sent: Sent[] = [];
  readonly #cancels = new Map<string, () => void>();

  constructor(
    seed: number,
    options: Partial<LinkOptions> = {},
    readonly recordsMax = 65_536,
  ) {
    this.random = new SeededRandom(seed);
    this.network = new SimulatedNetwork(this.clock, this.random.fork(), {
      delayMs: 10,
      jitterMs: 20,
      ...options,
    });
  }

  /** Starts a relay that knows nobody. */
  start(id: string): Directory {
    const epoch = (this.epochs.get(id) ?? 0) + 1;
    this.epochs.set(id, epoch);
    const { recordsMax } = this;
    const relay = new Directory({ id, epoch, seed: meshSeed, signer, recordsMax }, this.clock.nowMs);
    this.relays.set(id, relay);
    this.network.attach(id, (from, bytes) =>
      this.act(id, (one) => one.handleMessage(from, decodeMessage(bytes), this.clock.nowMs)),
    );
    return relay;
  }

  /** Starts `r0`, `r1`, …, which all know each other, and lets them settle. */
  startMany(count: number): this {
    for (let index = 0; index < count; index++) this.start(`r${index}`);
    for (const id of this.relays.keys()) this.introduce(id);
    this.clock.advance(15_000);
    return this;
  }

  /** A relay and all others know of each other at once. */
  introduce(id: string): void {
    for (const other of this.relays.keys()) {
      if (other === id) continue;
      this.learn(other, id);
      this.learn(id, other);
    }
  }

  /** A relay's membership says that another one takes part. */
  learn(id: string, about: string): void {
    this.act(id, (relay) => relay.setMember(about, this.epochs.get(about) ?? 0, this.clock.nowMs));
  }

  /** A relay's membership says that another one is dead or has left. */
  unlearn(id: string, about: string): void {
    this.act(id, (relay) => relay.removeMember(about, this.clock.nowMs));
  }

  /** Ends a relay without a word. */
  kill(id: string): void {
    this.network.detach(id);
    this.#cancels.get(id)?.();
    this.relays.delete(id);
  }

  /** … and all others hear of it. */
  killAndTell(id: string): void {
    this.kill(id);
    for (const other of this.relays.keys()) this.unlearn(other, id);
  }

  relay(id: string): Directory {
    const relay = this.relays.get(id);
    if (relay === undefined) throw new Error(`there is no ${id}`);
    return relay;
  }

  publish(id: string, name: OwnName): void {
    this.act(id, (relay) => relay.publish(name, this.clock.nowMs));
  }

  withdraw(id: string, element: Uint8Array): void {
    this.act(id, (relay) => relay.withdraw(element, this.clock.nowMs));
  }

  /** What a relay is told of an element, within the 3 s that it may take. */
  find(
    id: string,
    element: Uint8Array,
    except: readonly DirectoryRecord[] = [],
  ): Event & { kind: 'answered' } {
    const before = this.events.length;
    this.act(id, (relay) => relay.lookup(element, this.clock.nowMs, except));
    for (let waited = 0; waited <= 3_000; waited += 10) {
      const answer = this.answers(id, element, before)[0];
      if (answer !== undefined) return answer;
      this.clock.advance(10);
    }
    throw new Error('a lookup did not end');
  }

  /** Answers that a relay got from that event on. */
  answers(id: string, element: Uint8Array, fromEvent = 0): (Event & { kind: 'answered' })[] {
    return this.events
      .slice(fromEvent)
      .flatMap((event) =>
        event.kind === 'answered' && event.at === id && Buffer.from(event.element).equals(element)
          ? [event]
          : [],
      );
  }

  eventsOf<Kind extends Event['kind']>(kind: Kind): Extract<Event, { kind: Kind }>[] {
    return this.events.flatMap((event) =>
      event.kind === kind ? [event as Extract<Event, { kind: Kind }>] : [],
    );
  }

  /** Drives a relay, as a shell does: input, outputs, timeout. */
  act(id: string, input: (relay: Directory) => void): void {
    const relay = this.relays.get(id);
    if (relay === undefined) return;
    input(relay);
    this.drain(id);
  }

  drain(id: string): void {
    const relay = this.relay(id);
    for (let output = relay.pollOutput(); output !== undefined; output = relay.pollOutput()) {
      if (output.kind === 'send') {
        const { to, message } = output;
        this.sent.push({ from: id, to, message, atMs: this.clock.nowMs });
        this.network.send(id, to, encodeMessage(message));
      } else this.events.push({ ...output, at: id, nowMs: this.clock.nowMs });
    }
    this.#cancels.get(id)?.();
    const timeout = relay.pollTimeout();
    if (timeout === undefined) return;
    this.#cancels.set(
      id,
      this.clock.scheduleAt(timeout.atMs, () => {
        this.act(id, (one) => one.handleTimeout(this.clock.nowMs));
      }),
    );
  }

  /** Messages of a kind that were sent, from one relay if it is named. */
  sentOf<Kind extends DirectoryMessage['kind']>(
    kind: Kind,
    from?: string,
  ): (Sent & { readonly message: Extract<DirectoryMessage, { kind: Kind }> })[] {
    return this.sent.flatMap((one) =>
      one.message.kind === kind && (from === undefined || one.from === from)
        ? [{ ...one, message: one.message as Extract<DirectoryMessage, { kind: Kind }> }]
        : [],
    );
  }

  /** The owners of an element among the relays that run, or among these. */
  ownersOf(element: Uint8Array, ids: Iterable<string> = this.relays.keys()): string[] {
    const rendezvous = new Rendezvous(meshSeed);
    for (const id of ids) rendezvous.add(id);
    return rendezvous.top(element, 3);
  }
}

/** Runs a test with several seeds; a failure says which one. */
export function withSeeds(count: number, test: (seed: number) => void): void {
  const command = 'npx vitest run --project unit packages/directory';
  for (const seed of seedsOf(process.env, count)) withReplayHint(seed, command, () => test(seed));
}

/** What a relay wants sent, and nothing else. */
export function sentBy(relay: Directory): { to: string; message: DirectoryMessage }[] {
  const sent: { to: string; message: DirectoryMessage }[] = [];
  for (let output = relay.pollOutput(); output !== undefined; output = relay.pollOutput())
    if (output.kind === 'send') sent.push(output);
  return sent;
}
