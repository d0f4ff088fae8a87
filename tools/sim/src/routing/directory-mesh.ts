import {
  Directory,
  type DirectoryMessage,
  type DirectoryOutput,
  messageBytes,
  type RecordSigner,
} from '@macula/directory';
import { EventQueue } from './event-queue.js';
import { type RoutingRun, streamDelayMs, type World } from './world.js';

/** Something that happens at a relay. */
type Event =
  | {
      readonly kind: 'arrives';
      readonly from: number;
      readonly to: number;
      readonly message: DirectoryMessage;
    }
  | { readonly kind: 'due'; readonly relay: number };

type Answered = Extract<DirectoryOutput, { kind: 'answered' }>;

/** Relays with the real directory, each driven as a shell would drive it, whose messages go over streams: late, in order, never lost. */
export class DirectoryMesh {
  nowMs = 0;
  /** Bytes sent to other relays since the last reset, by what they are for. */
  readonly bytes: { records: number; lookups: number; checks: number } = {
    records: 0,
    lookups: 0,
    checks: 0,
  };
  onPlaced: (owner: number, element: Uint8Array, relay: number) => void = () => {};
  onAnswered: (relay: number, answered: Answered) => void = () => {};
  readonly relays: Directory[];
  readonly ids: readonly string[];
  /** Of the rendezvous hash. */
  readonly seed: number;
  readonly #index = new Map<string, number>();
  readonly #world: World;
  readonly #run: RoutingRun;
  readonly #queue = new EventQueue<Event>();
  /** When the last message of one relay arrives at another: streams keep the order. */
  readonly #arrivesMs: Float64Array;
  /** When each relay's `handleTimeout` is planned. */
  readonly #dueMs: Float64Array;
  /** Messages take no time, while names are put in. */
  #isInstant = true;

  constructor(world: World, run: RoutingRun) {
    const { relays } = run;
    this.#world = world;
    this.#run = run;
    this.seed = run.seed;
    // As long as a key in hexadecimal.
    this.ids = Array.from({ length: relays }, (_, relay) => `relay-${relay}`.padEnd(64, '.'));
    for (const [relay, id] of this.ids.entries()) this.#index.set(id, relay);
    this.#arrivesMs = new Float64Array(relays ** 2);
    this.#dueMs = new Float64Array(relays).fill(Number.POSITIVE_INFINITY);
    this.relays = this.ids.map((id) => new Directory({ id, epoch: 1, seed: run.seed, signer }, 0));
    for (const relay of this.relays) for (const id of this.ids) relay.setMember(id, 1, 0);
  }

  /** The relay of an id. */
  indexOf(id: string): number {
    return this.#index.get(id) ?? -1;
  }

  /** Something is done at a relay. */
  act(relay: number, input: (directory: Directory) => void): void {
    input(this.relays[relay] as Directory);
    this.#drain(relay);
  }

  /** Ends the beginning: everything that was put in is with its owners. */
  settle(untilMs: number): void {
    this.advance(untilMs);
    this.#isInstant = false;
    this.resetBytes();
  }

  /** Begins to count anew. */
  resetBytes(): void {
    Object.assign(this.bytes, { records: 0, lookups: 0, checks: 0 });
  }

  /** Lets time pass. */
  advance(untilMs: number): void {
    while (this.#queue.nextMs <= untilMs) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.nowMs = next.atMs;
      this.#handle(next.event);
    }
    this.nowMs = untilMs;
  }

  #handle(event: Event): void {
    if (event.kind === 'arrives') {
      const { from, to, message } = event;
      this.relays[to]?.handleMessage(this.ids[from] as string, message, this.nowMs);
      if (message.kind === 'place')
        for (const { element } of message.records) this.onPlaced(to, element, from);
      this.#drain(to);
      return;
    }
    const { relay } = event;
    if (this.#dueMs[relay] !== this.nowMs) return;
    this.#dueMs[relay] = Number.POSITIVE_INFINITY;
    this.relays[relay]?.handleTimeout(this.nowMs);
    this.#drain(relay);
  }

  #drain(relay: number): void {
    const directory = this.relays[relay] as Directory;
    for (let output = directory.pollOutput(); output !== undefined; output = directory.pollOutput()) {
      if (output.kind === 'send') this.#send(relay, this.indexOf(output.to), output.message);
      else if (output.kind === 'answered') this.onAnswered(relay, output);
      else if (output.kind !== 'lost') throw new Error(`${this.ids[relay]} says ${output.kind}`);
    }
    const atMs = directory.pollTimeout()?.atMs ?? Number.POSITIVE_INFINITY;
    if (atMs >= (this.#dueMs[relay] as number)) return;
    this.#dueMs[relay] = atMs;
    this.#queue.push(atMs, { kind: 'due', relay });
  }

  #send(from: number, to: number, message: DirectoryMessage): void {
    this.bytes[purposeOf(message)] += messageBytes(message) + frameBytes;
    const link = from * this.#run.relays + to;
    const delayMs = this.#isInstant ? 0 : streamDelayMs(this.#world.random, this.#run.loss);
    const atMs = Math.max(this.#arrivesMs[link] as number, this.nowMs + delayMs);
    this.#arrivesMs[link] = atMs;
    this.#queue.push(atMs, { kind: 'arrives', from, to, message });
  }
}

/** Answers to records and checks are counted among records: half of a check is its answer. */
function purposeOf(message: DirectoryMessage): 'records' | 'lookups' | 'checks' {
  if (message.kind === 'ask' || message.kind === 'answer') return 'lookups';
  if (message.kind === 'place' && message.records.length + message.dropped.length === 0) return 'checks';
  return 'records';
}

const signer: RecordSigner = { sign: () => signature, verify: () => true };
/** As long as Ed25519's; making and checking them is not simulated. */
const signature = new Uint8Array(64);
/** Around a message: frame and packet head, as the filters count it. */
const frameBytes = 16;
