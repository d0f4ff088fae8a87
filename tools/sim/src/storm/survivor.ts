import {
  type HelloId,
  HelloPace,
  HelloPlaces,
  handshakeCostMs,
  helloCostMs,
  lagProbeMs,
  Quotas,
  quotaLimitsDefault,
} from '@macula/relay/cores';
import type { SeededRandom, VirtualClock } from '@macula/testkit';
import { EventLoop, type Work } from './event-loop.js';

/** Who dials. */
export interface Dialer {
  readonly id: number;
  /** What its packets come from. */
  readonly host: string;
  /** Round trip, milliseconds. */
  readonly rttMs: number;
}

/** What becomes of an attempt; one of them, once, unless it is given up. */
export interface AttemptHandlers {
  onWelcome(): void;
  onRefused(retryMs: number | undefined): void;
}

/** A relay that lives, with the admission of the real one; what its work costs is charged to one event loop. */
export class Survivor {
  readonly loop: EventLoop;
  readonly counts: Record<'left' | 'busy' | 'places' | 'evicted' | 'limits' | 'welcomed', number> = {
    left: 0,
    busy: 0,
    places: 0,
    evicted: 0,
    limits: 0,
    welcomed: 0,
  };
  /** Most HELLOs that were unfinished at a time. */
  unfinishedMax = 0;
  readonly #clock: VirtualClock;
  readonly #pace: HelloPace;
  readonly #places: HelloPlaces;
  readonly #quotas: Quotas;
  readonly #evictions = new Map<HelloId, () => void>();
  #nextLink = 1;
  #isProbing = false;

  constructor(clock: VirtualClock, random: SeededRandom) {
    this.#clock = clock;
    this.loop = new EventLoop(clock, socketPackets);
    this.#pace = new HelloPace(random.next, clock.nowMs);
    this.#places = new HelloPlaces(quotaLimitsDefault.address, random.next);
    this.#quotas = new Quotas(quotaLimitsDefault, random.next);
  }

  /** A dialer's first packet leaves now; returns how to give up. */
  dial(dialer: Dialer, handlers: AttemptHandlers): () => void {
    const { rttMs, host } = dialer;
    let isOver = false;
    let place: HelloId | undefined;
    const over = (outcome: 'admitted' | 'failed' | 'spared'): void => {
      isOver = true;
      if (place !== undefined) this.#places.handleOver(place, outcome, this.#clock.nowMs);
      if (place !== undefined) this.#evictions.delete(place);
    };
    const refuse = (why: keyof Survivor['counts'], retryMs: number | undefined): Work => ({
      costMs: refusalCostMs,
      done: () => {
        this.counts[why] += 1;
        over('spared');
        this.#clock.schedule(rttMs / 2, () => handlers.onRefused(retryMs));
      },
    });
    const prove = (): Work => {
      const party = { identity: `agent ${dialer.id}`, realm: realm, host };
      const names = [`agent${dialer.id}@host`];
      const link = this.#nextLink++;
      const { nowMs } = this.#clock;
      const refusal =
        this.#quotas.handleHello(party, nowMs) ??
        this.#quotas.handleSession({ ...party, link, names }, nowMs);
      if (refusal !== undefined) return refuse('limits', refusal.retryMs);
      return {
        costMs: helloCostMs * (1 - challengeShare),
        done: () => {
          over('admitted');
          this.counts.welcomed += 1;
          this.#clock.schedule(rttMs / 2, () => handlers.onWelcome());
        },
      };
    };
    const hello = (): Work => {
      const { nowMs } = this.#clock;
      const given = this.#places.handleConnection(host, nowMs);
      if (!given.isFree) return refuse('places', given.refusal.retryMs);
      place = given.id;
      this.#evictions.set(place, () => {
        this.counts.evicted += 1;
        isOver = true;
        this.#clock.schedule(rttMs / 2, () => handlers.onRefused(undefined));
      });
      if (given.evicted !== undefined) {
        this.#evictions.get(given.evicted)?.();
        this.#evictions.delete(given.evicted);
      }
      this.unfinishedMax = Math.max(this.unfinishedMax, this.#places.counts.unfinished);
      this.#probe();
      // All were at the relay that died, so their names are known.
      const retryMs = this.#pace.handleHello(true, nowMs);
      if (retryMs > 0) return refuse('busy', retryMs);
      return { costMs: helloCostMs * challengeShare, done: () => send(rttMs, prove) };
    };
    const handshake = (): Work => {
      this.#probe();
      if (this.#pace.handleDialer(this.#clock.nowMs))
        return { costMs: handshakeCostMs, done: () => send(rttMs, hello) };
      this.counts.left += 1;
      return { costMs: leaveCostMs, done: () => this.#clock.schedule(initialAgainMs, () => first()) };
    };
    /** Sends a packet until it is not lost. */
    const send = (delayMs: number, work: () => Work, againMs = Math.max(2 * rttMs, 50)): void => {
      this.#clock.schedule(delayMs, () => {
        if (isOver) return;
        const isTaken = this.loop.receive(() => (isOver ? nothing : work()));
        if (!isTaken) send(againMs, work, 2 * againMs);
      });
    };
    const first = (): void => send(rttMs / 2, handshake, initialAgainMs);
    first();
    return () => {
      if (isOver) return;
      isOver = true;
      // It says so, and that is how the relay learns of it.
      this.#clock.schedule(rttMs / 2, () => over('failed'));
    };
  }

  /** A PING of a session leaves now; tells how long it waited here, milliseconds, beyond the way. */
  ping(rttMs: number, onAnswer: (waitedMs: number) => void): void {
    const cameMs = this.#clock.nowMs + rttMs / 2;
    const send = (delayMs: number, againMs: number): void => {
      this.#clock.schedule(delayMs, () => {
        const work = {
          costMs: pingCostMs,
          done: () => {
            const waitedMs = this.#clock.nowMs - cameMs;
            this.#clock.schedule(rttMs / 2, () => onAnswer(waitedMs));
          },
        };
        if (!this.loop.receive(() => work)) send(againMs, 2 * againMs);
      });
    };
    send(rttMs / 2, Math.max(2 * rttMs, 50));
  }

  /** How late timers are, as the relay's own shell looks at it. */
  #probe(): void {
    if (this.#isProbing) return;
    this.#isProbing = true;
    const dueMs = this.#clock.nowMs + lagProbeMs;
    this.loop.after(lagProbeMs, () => {
      this.#isProbing = false;
      const { nowMs } = this.#clock;
      this.#pace.handleLag(nowMs - dueMs, nowMs);
      if (!this.#pace.isRested(nowMs)) this.#probe();
    });
  }
}

const realm = 'io.macula';
/** Datagrams of a first packet that the usual receive buffer of Linux (208 KiB) holds, with the kernel's own share. */
const socketPackets = 90;
/** Part of a HELLO's work that comes before its proof. */
const challengeShare = 0.25;
const refusalCostMs = 0.1;
/** A first packet that is looked at and left. */
const leaveCostMs = 0.02;
const pingCostMs = 0.05;
/** When QUIC repeats a first packet. */
const initialAgainMs = 1000;
const nothing: Work = { costMs: 0, done: () => undefined };
