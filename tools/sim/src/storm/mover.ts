import { dialStaggerMs, dialTimeoutMs, redialDelayMsMax } from '@macula/client';
import { jittered, RedialPause, type RelayHolds } from '@macula/client/cores';
import type { SeededRandom, VirtualClock } from '@macula/testkit';
import type { RelayUrl } from '@macula/transport';
import type { Dialer, Survivor } from './survivor.js';

/** What an agent looks for a relay with. */
export interface MoverParts {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly dialer: Dialer;
  /** In order of preference; a relay that is dead has no survivor. */
  readonly relays: readonly { readonly url: RelayUrl; readonly survivor: Survivor | undefined }[];
  readonly holds: RelayHolds;
  /** Whether the dead relay's machine still answers that nobody listens; else it is silent. */
  readonly isDeadTold: boolean;
  readonly onIn: () => void;
}

/**
 * An agent that has lost its relay and dials, with the pauses and holds of the real one, round after round: the next relay when one has failed, or beside one that has
 * not answered for `dialStaggerMs`.
 */
export class Mover {
  /** Attempts that failed. */
  failures = 0;
  readonly #parts: MoverParts;
  readonly #pause = new RedialPause(redialDelayMsMax);

  constructor(parts: MoverParts) {
    this.#parts = parts;
  }

  /** Begins a round. */
  dial(): void {
    const { clock, relays, holds } = this.#parts;
    const urls = relays.map(({ url }) => url);
    const free = new Set(holds.free(urls, clock.nowMs));
    if (free.size === 0) {
      clock.schedule(Math.ceil(holds.waitMs(urls, clock.nowMs)), () => this.dial());
      return;
    }
    this.#round(relays.filter(({ url }) => free.has(url)));
  }

  #round(relays: MoverParts['relays']): void {
    const { clock, holds, onIn } = this.#parts;
    const giveUps: (() => void)[] = [];
    let started = 0;
    let failed = 0;
    let isOver = false;
    let cancelStagger = (): void => undefined;
    const end = (): void => {
      isOver = true;
      cancelStagger();
      for (const giveUp of giveUps) giveUp();
    };
    const startNext = (): void => {
      cancelStagger();
      const relay = relays[started];
      if (isOver || relay === undefined) return;
      started += 1;
      attempt(relay);
      cancelStagger = clock.schedule(dialStaggerMs, startNext);
    };
    const fail = (): void => {
      failed += 1;
      this.failures += 1;
      if (isOver) return;
      if (failed < relays.length) startNext();
      else {
        end();
        this.#again();
      }
    };
    const attempt = ({ url, survivor }: MoverParts['relays'][number]): void => {
      let isDone = false;
      const once = (then: () => void) => (): void => {
        if (isDone) return;
        isDone = true;
        cancelTimeout();
        then();
      };
      const lose = once(() => {
        giveUp();
        fail();
      });
      const cancelTimeout = clock.schedule(
        survivor === undefined && this.#parts.isDeadTold ? this.#parts.dialer.rttMs : dialTimeoutMs,
        () => lose(),
      );
      const giveUp =
        survivor?.dial(this.#parts.dialer, {
          onWelcome: () =>
            once(() => {
              if (isOver) return;
              holds.forget(url);
              end();
              onIn();
            })(),
          onRefused: (retryMs) =>
            once(() => {
              holds.note(url, retryMs, clock.nowMs);
              fail();
            })(),
        }) ?? (() => undefined);
      giveUps.push(once(giveUp));
    };
    startNext();
  }

  #again(): void {
    const { clock, random } = this.#parts;
    const pauseMs = this.#pause.handleFailed({ isAwaited: false, isForGood: false });
    clock.schedule(jittered(pauseMs, random.next()), () => this.dial());
  }
}
