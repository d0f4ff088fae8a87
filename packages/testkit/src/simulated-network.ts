import type { SeededRandom } from './seeded-random.js';
import type { VirtualClock } from './virtual-clock.js';

/** How a link behaves. */
export interface LinkOptions {
  /** Probability that a message is lost, 0 to 1. Default 0. */
  readonly loss: number;
  /** One-way delay in milliseconds. Default 1. */
  readonly delayMs: number;
  /** Up to this many milliseconds are added at random, so messages overtake each other. Default 0. */
  readonly jitterMs: number;
  /** Probability that a message arrives a second time, 0 to 1. Default 0. */
  readonly duplication: number;
}

/** What {@link SimulatedNetwork} did so far. */
export interface NetworkCounters {
  /** Messages given to `send`. */
  readonly sent: number;
  /** Messages handed to an endpoint, duplicates counted. */
  readonly delivered: number;
  /** Messages lost by chance. */
  readonly lost: number;
  /** Messages that met a partition or an endpoint that is not there. */
  readonly unreachable: number;
}

/** Takes what arrives at an endpoint. */
export type Receive<Message> = (from: string, message: Message) => void;

/**
 * Messages between named endpoints on a virtual clock, with seeded loss, delay, jitter, duplication and partitions.
 * Messages are passed by reference: don't change one after sending it. A message meets a partition when it is sent, and
 * again when it would arrive.
 */
export class SimulatedNetwork<Message> {
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #options: LinkOptions;
  readonly #links = new Map<string, Partial<LinkOptions>>();
  readonly #endpoints = new Map<string, Receive<Message>>();
  #groups: readonly ReadonlySet<string>[] = [];
  readonly #counters = { sent: 0, delivered: 0, lost: 0, unreachable: 0 };

  constructor(clock: VirtualClock, random: SeededRandom, options: Partial<LinkOptions> = {}) {
    this.#clock = clock;
    this.#random = random;
    this.#options = { loss: 0, delayMs: 1, jitterMs: 0, duplication: 0, ...options };
  }

  /** A copy of the counters. */
  get counters(): NetworkCounters {
    return { ...this.#counters };
  }

  /** Connects an endpoint; one of the same name is replaced. */
  attach(name: string, receive: Receive<Message>): void {
    this.#endpoints.set(name, receive);
  }

  /** Takes an endpoint away; what is under way to it is lost. */
  detach(name: string): void {
    this.#endpoints.delete(name);
  }

  /** Changes the link from one endpoint to another, in this direction only. */
  configureLink(link: { readonly from: string; readonly to: string }, options: Partial<LinkOptions>): void {
    this.#links.set(linkKey(link.from, link.to), options);
  }

  /**
   * Splits the network: endpoints reach each other only inside their group. Those in no group form one of their own.
   * Replaces an earlier partition.
   */
  partition(...groups: readonly (readonly string[])[]): void {
    this.#groups = groups.map((group) => new Set(group));
  }

  /** Ends the partition. */
  heal(): void {
    this.#groups = [];
  }

  /** Sends a message. Draws the same number of random numbers for every message, so one change does not shift all others. */
  send(from: string, to: string, message: Message): void {
    const link = { ...this.#options, ...this.#links.get(linkKey(from, to)) };
    const [lost, jitter, doubled, secondJitter] = [0, 0, 0, 0].map(this.#random.next) as [
      number,
      number,
      number,
      number,
    ];
    this.#counters.sent += 1;
    if (!this.#reachable(from, to)) this.#counters.unreachable += 1;
    else if (lost < link.loss) this.#counters.lost += 1;
    else {
      this.#deliverAfter(link.delayMs + jitter * link.jitterMs, from, to, message);
      if (doubled < link.duplication)
        this.#deliverAfter(link.delayMs + secondJitter * link.jitterMs, from, to, message);
    }
  }

  #deliverAfter(delayMs: number, from: string, to: string, message: Message): void {
    this.#clock.schedule(delayMs, () => {
      const receive = this.#endpoints.get(to);
      if (receive === undefined || !this.#reachable(from, to)) {
        this.#counters.unreachable += 1;
        return;
      }
      this.#counters.delivered += 1;
      receive(from, message);
    });
  }

  #reachable(from: string, to: string): boolean {
    const groupOf = (name: string) => this.#groups.findIndex((group) => group.has(name));
    return groupOf(from) === groupOf(to);
  }
}

function linkKey(from: string, to: string): string {
  return `${from.length}:${from}${to}`;
}
