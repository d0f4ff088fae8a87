import type { Scene } from './harness/index.js';

/** What a scenario runs on. */
export interface Stage {
  /** Relays and nodes; the OTP releases are chosen already. */
  readonly scene: Scene;
  /** Records a figure that the table and the JSON show. */
  figure(name: string, value: string): void;
}

/** One promise of the product, shown with real processes: a file of `scenarios/` that exports it as `scenario`. */
export interface Scenario {
  /** One line for people. */
  readonly summary: string;
  /** Seconds after which it counts as hanging; default 120. */
  readonly seconds?: number;
  /** Programs beside `erl` that it needs of an OTP release (`mix`); without them it is skipped, and the table says so. */
  readonly programs?: readonly string[];
  /**
   * Runs it on a fresh stage, which is taken down afterwards.
   * @throws anything when the promise doesn't hold
   */
  run(stage: Stage): Promise<void>;
}
