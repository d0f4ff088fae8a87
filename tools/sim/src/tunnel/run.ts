import { SeededRandom, SimulatedNetwork, VirtualClock } from '@macula/testkit';
import { type EndReason, RingBudget, Tunnel } from '@macula/tunnel';
import { Agent } from './agent.js';
import { LocalNode } from './local-node.js';
import { Stream } from './stream.js';

/**
 * What goes wrong in a run.
 *
 * - `paths`: paths break in every way, OPENs are lost, doubled and overtake each other, relays fail for a while.
 * - `sleep`: agents stand still for up to 20 s beside that.
 * - `replay`: every attach that was ever offered comes again, in storms, beside that.
 * - `outage`: no relay for longer than the window.
 * - `flapping`: every path breaks as soon as it carries anything.
 * - `restart`: one agent, or both, are killed and come back without the tunnel.
 */
export const faults = ['paths', 'sleep', 'replay', 'outage', 'flapping', 'restart'] as const;

/** See {@link faults}. */
export type Fault = (typeof faults)[number];

/** What a run came to. */
export interface RunResult {
  readonly seed: number;
  readonly fault: Fault;
  /** Attaches committed, at the initiator. */
  readonly attaches: number;
  /** Bytes delivered, both sides. */
  readonly bytes: number;
  readonly reason: EndReason | 'restarted';
}

/** @throws {Error} what the tunnel did wrong, by the reference model */
export function runTunnel(seed: number): RunResult {
  return new World(seed).run();
}

/** Two agents, three relays and a fate, all of one seed. */
class World {
  readonly #seed: number;
  readonly #clock = new VirtualClock(1_000_000);
  readonly #random: SeededRandom;
  readonly #fault: Fault;
  readonly #agents: readonly [Agent, Agent];
  readonly #opens: SimulatedNetwork<{ readonly offer: Uint8Array; readonly stream: Stream }>;
  readonly #streams: Stream[] = [];
  /** Every attach offer that was sent. */
  readonly #offers: Uint8Array[] = [];
  readonly #relayIsDown = [false, false, false];
  readonly #delayMs: number;
  /** When something that a tunnel needn't survive was over. */
  #lethalUntilMs: number | undefined;
  #restarted: (0 | 1)[] = [];
  #nextRelay = 0;
  #isCalm = false;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
    // Half of the runs have nothing that a tunnel may not survive but what breaks paths.
    this.#fault = this.#random.chance(0.4) ? 'paths' : this.#random.pick(faults);
    this.#delayMs = this.#random.pick([1, 10, 80]);
    this.#opens = new SimulatedNetwork(this.#clock, this.#random.fork(), {
      loss: 0.1,
      duplication: 0.1,
      delayMs: this.#delayMs,
      jitterMs: 2 * this.#delayMs,
    });
    const budget = new RingBudget(this.#random.pick([10_000, 1_000_000]));
    this.#opens.attach('b', (_from, { offer, stream }) => this.#agents[1].handleAttach(offer, stream));
    this.#agents = [0, 1].map((side) => this.#makeAgent(side as 0 | 1, budget)) as [Agent, Agent];
  }

  run(): RunResult {
    this.#establish();
    const [initiator] = this.#agents;
    const fateMs = this.#clock.nowMs + 1000 + this.#random.integer(15_000);
    this.#scheduleFault();
    if (this.#fault === 'outage' || this.#fault === 'restart') {
      this.#clock.schedule(this.#random.integer(8000), () => this.#strike());
    }
    while (this.#clock.nowMs < fateMs && !this.#areOver()) this.#step();
    this.#calm();
    this.#settle();
    const reason = this.#restarted.includes(0) ? 'restarted' : (initiator.ended()?.reason ?? 'restarted');
    const bytes = this.#agents.reduce((sum, { node }) => sum + node.deliveredBytes, 0);
    return {
      seed: this.#seed,
      fault: this.#fault,
      attaches: initiator.tunnel?.metrics.reattachments ?? 0,
      bytes,
      reason,
    };
  }

  #makeAgent(side: 0 | 1, budget: RingBudget): Agent {
    const totalBytes = this.#random.integer(60_000);
    const random = this.#random.fork();
    const clock = this.#clock;
    const node = new LocalNode({ side, clock, random, totalBytes });
    const agent = new Agent({ side, node, clock, random, budget });
    agent.onOpenPath = (pathId, offer) => this.#open(pathId, offer);
    agent.onSendHint = () =>
      void clock.schedule(this.#delayMs, () =>
        this.#agents[0].run((tunnel) => tunnel.handleHint(clock.nowMs)),
      );
    return agent;
  }

  #establish(): void {
    const [initiator, responder] = this.#agents;
    const { nowMs } = this.#clock;
    const random = this.#random.fork();
    const limits = {
      ringBytesMax: 20_000,
      unsentBytesMax: 8000,
      windowBytesMax: this.#random.pick([3000, 15_000]),
      rekeyEveryRecords: 7,
    };
    const common = {
      realm: 'r',
      tunnelKey: new Uint8Array(32).fill(1),
      random: (count: number) => random.bytes(count),
      limits,
    };
    const { budget } = initiator;
    initiator.tunnel = Tunnel.initiate({ ...common, ringBudget: budget, ownName: 'a', peerName: 'b' }, nowMs);
    const { bootId, tombstones } = responder;
    responder.tunnel = Tunnel.respond(
      { ...common, ringBudget: budget, ownName: 'b', peerName: 'a', bootId, tombstones },
      initiator.tunnel.offer,
      nowMs,
    );
    const stream = this.#stream();
    for (const agent of this.#agents) agent.addPath(0, stream);
    stream.send(1, { kind: 'answer', answer: responder.tunnel.answer });
    for (
      let steps = 0;
      steps < 5000 && this.#agents.some(({ tunnel }) => tunnel?.state !== 'open');
      steps++
    ) {
      this.#clock.advance(1);
    }
    this.#clock.advance(8 * this.#delayMs); // the responder hears that the initiator is up
    for (const agent of this.#agents) {
      agent.node.start({
        get isAwake() {
          return agent.isAwake;
        },
        write: (bytes) => agent.run((tunnel) => tunnel.handleLocalData(bytes, this.#clock.nowMs)),
        accepted: (count) => agent.run((tunnel) => tunnel.handleLocalAccepted(count, this.#clock.nowMs)),
        end: () => agent.run((tunnel) => tunnel.handleLocalEnd()),
        close: () => agent.run((tunnel) => tunnel.handleLocalClosed(this.#clock.nowMs)),
      });
    }
  }

  #stream(): Stream {
    const relay = this.#nextRelay++ % 3;
    const stream = new Stream({ clock: this.#clock, random: this.#random, relay, delayMs: this.#delayMs });
    this.#streams.push(stream);
    if (this.#fault === 'flapping' && this.#streams.length > 1) {
      this.#clock.schedule(this.#random.integer(6 * this.#delayMs + 20), () => {
        if (this.#lethalUntilMs === undefined) stream.break(this.#random.pick(['told', 'cut']));
      });
    }
    return stream;
  }

  /** The initiator opens a path over the next relay. */
  #open(pathId: number, offer: Uint8Array): void {
    const stream = this.#stream();
    const agent = this.#agents[0];
    agent.addPath(pathId, stream);
    this.#offers.push(offer);
    if (this.#relayIsDown[stream.relay]) {
      // Told at once, or never.
      if (this.#random.chance(0.5)) stream.reset(1, this.#random.pick(['relay_lost', 'not_found']));
      else stream.break('dark');
      return;
    }
    this.#opens.send('a', 'b', { offer, stream });
  }

  #scheduleFault(): void {
    const meanMs = this.#fault === 'flapping' ? 100 : 1500;
    this.#clock.schedule(this.#random.integer(2 * meanMs), () => {
      if (this.#isCalm) return;
      this.#disturb();
      this.#scheduleFault();
    });
  }

  #disturb(): void {
    const random = this.#random;
    const living = this.#streams.filter(({ isOver }) => !isOver);
    const roll = random.integer(10);
    if (roll < 6) {
      if (living.length > 0) random.pick(living).break(random.pick(['told', 'dark', 'one_way', 'cut']));
    } else if (roll < 8) this.#failRelay(random.integer(3), 500 + random.integer(5000));
    if (this.#fault === 'sleep' && roll >= 8) random.pick(this.#agents).sleep(random.integer(20_000));
    if (this.#fault === 'replay' && this.#offers.length > 0) this.#storm();
  }

  #failRelay(relay: number, forMs: number): void {
    if (this.#relayIsDown[relay]) return;
    this.#relayIsDown[relay] = true;
    for (const stream of this.#streams) {
      if (stream.relay === relay && !stream.isOver) stream.break(this.#random.pick(['told', 'dark']));
    }
    this.#clock.schedule(forMs, () => {
      this.#relayIsDown[relay] = this.#lethalUntilMs !== undefined && this.#clock.nowMs < this.#lethalUntilMs;
      if (this.#random.chance(0.7)) this.#agents[0].run((tunnel) => tunnel.handleHint(this.#clock.nowMs));
    });
  }

  /** Old offers come again, over streams whose other end is the relay's. */
  #storm(): void {
    for (let count = 0; count < 30; count++) {
      const offer = Uint8Array.from(this.#random.pick(this.#offers));
      if (this.#random.chance(0.3))
        offer[this.#random.integer(offer.length)]! ^= 1 + this.#random.integer(255);
      const stream = this.#stream();
      this.#agents[1].handleAttach(offer, stream);
      // What the relay then sends in the initiator's name is made up.
      stream.send(0, { kind: 'bytes', bytes: this.#random.bytes(1 + this.#random.integer(60)) });
    }
  }

  /** What a tunnel needn't survive. */
  #strike(): void {
    const { nowMs } = this.#clock;
    if (this.#fault === 'outage') {
      const forMs = 40_000 + this.#random.integer(10_000);
      this.#lethalUntilMs = nowMs + forMs;
      for (const relay of [0, 1, 2]) this.#failRelay(relay, forMs);
      return;
    }
    this.#lethalUntilMs = nowMs;
    const side = this.#random.integer(2) as 0 | 1;
    this.#restarted = this.#random.chance(0.3) ? [0, 1] : [side];
    for (const one of this.#restarted) this.#agents[one].restart(this.#random);
  }

  /** Nothing goes wrong from now on. */
  #calm(): void {
    this.#isCalm = true;
    if (this.#fault === 'flapping') this.#lethalUntilMs = this.#clock.nowMs;
    if (this.#fault !== 'outage') this.#relayIsDown.fill(false);
  }

  #step(): void {
    this.#clock.advance(1 + this.#random.integer(50));
    this.#check();
  }

  /** The rest must arrive, or the tunnel must end in time. */
  #settle(): void {
    const closer = this.#agents[this.#random.integer(2)]!;
    const deadlineMs = Math.max(this.#clock.nowMs, this.#lethalUntilMs ?? 0) + settleMs;
    while (this.#clock.nowMs < deadlineMs && !this.#areOver()) {
      this.#step();
      const isDone = this.#agents.every(({ node }, side) => {
        const source = this.#agents[1 - side]!.node;
        return source.hasWrittenAll && node.deliveredBytes === source.writtenBytes;
      });
      const isEager = closer.node.hasWrittenAll && this.#random.chance(0.02);
      if (isDone || isEager) closer.node.close();
    }
    this.#judge(closer);
  }

  #judge(closer: Agent): void {
    const alive = this.#agents.filter(({ side }) => !this.#restarted.includes(side));
    for (const { side, isClosed, tunnel } of alive) {
      if (!isClosed)
        throw new Error(`side ${side}: ${tunnel?.state} ${settleMs / 1000} s after the last fault`);
      if (tunnel?.pollTimeout() !== undefined) throw new Error(`side ${side}: a closed tunnel has a timer`);
    }
    if (this.#restarted.length === 0 && this.#agents[0].budget.usedBytes !== 0) {
      throw new Error(`${this.#agents[0].budget.usedBytes} bytes of the budget are not given back`);
    }
    for (const { side, ended } of alive.map((agent) => ({ side: agent.side, ended: agent.ended() }))) {
      const isFine = ended?.reason === 'beam_closed';
      const isLethal = this.#lethalUntilMs !== undefined;
      const mayEnd =
        (isLethal && (lethalReasons as readonly string[]).includes(ended!.reason)) ||
        (ended?.reason === 'no_progress' && alive.some((agent) => agent.hasFlapped()));
      if (!isFine && !mayEnd) throw new Error(`side ${side}: ended ${ended?.reason}: ${ended?.text}`);
    }
    const peer = this.#agents[1 - closer.side]!;
    if (alive.length < 2 || [closer, peer].some((agent) => agent.ended()?.reason !== 'beam_closed')) return;
    if (peer.node.deliveredBytes !== closer.node.writtenBytes) {
      throw new Error(
        `${peer.node.deliveredBytes} of ${closer.node.writtenBytes} bytes delivered before END`,
      );
    }
  }

  #areOver(): boolean {
    return this.#agents.every((agent) => agent.isClosed || this.#restarted.includes(agent.side));
  }

  /** Delivered is a prefix of written, byte by byte in the node; and every bound holds. */
  #check(): void {
    for (const { side, node, tunnel } of this.#agents) {
      const source = this.#agents[1 - side]!.node;
      if (node.deliveredBytes > source.writtenBytes) throw new Error(`side ${side}: more than was written`);
      if (node.sawEnd && !(source.hasWrittenAll && node.deliveredBytes === source.writtenBytes)) {
        throw new Error(`side ${side}: end of stream after ${node.deliveredBytes} bytes`);
      }
      if (tunnel === undefined) continue;
      const { ringBytes, waitingBytes } = tunnel.metrics;
      if (ringBytes > 20_000 + 6000) throw new Error(`side ${side}: ring ${ringBytes}`);
      if (waitingBytes > 15_000) throw new Error(`side ${side}: window ${waitingBytes}`);
    }
  }
}

/** 17 s until an idle side notices silence, the responder's window, and 5 s. */
const settleMs = 17_000 + 33_000 + 5000;

const lethalReasons = ['window_over', 'no_progress', 'unknown_tunnel', 'relay_lost', 'beam_closed'] as const;
