import type { DriverName } from './drivers/driver.js';
import type { Scene } from './harness/index.js';

/** What a scenario runs on. */
export interface Stage {
  /** Relays and nodes; the OTP releases are chosen already. */
  readonly scene: Scene;
  /** Of what it chooses at random; `--seed` gives the same again. */
  readonly seed: number;
  /** With `--full`: it shows its promise in its full size. */
  readonly isFull: boolean;
  /** Records a figure that the table and the JSON show. */
  figure(name: string, value: string): void;
}

/** One promise of the product, shown with real processes: a file of `scenarios/` that exports it as `scenario`. */
export interface Scenario {
  /** One line for people. */
  readonly summary: string;
  /** Seconds after which it counts as hanging; default 120. */
  readonly seconds?: number;
  /** The same with `--full`; default `seconds`. */
  readonly secondsFull?: number;
  /** Takes long for what it shows about a choice of releases: left out by `--quick`. */
  readonly isLong?: true;
  /** Takes too long for every change: runs only where it is named, and with `--full`. */
  readonly isNightly?: true;
  /** Mostly waits: runs beside the others. */
  readonly waits?: true;
  /** Takes the machine's whole strength, or times what others would slow down: no other runs beside it, but those that mostly wait. */
  readonly isAlone?: true;
  /** It looks at processes by /proc: skipped where there is none. */
  readonly needsProc?: true;
  /** The drivers it can run on where that is not all of them: with `['netns']` it may shape `scene.network`. */
  readonly drivers?: readonly DriverName[];
  /** Programs beside `erl` that it needs of an OTP release (`mix`); without them it is skipped, and the table says so. */
  readonly programs?: readonly string[];
  /** How many releases the nodes of one run may be apart where OTP itself allows no more than its promised two. */
  readonly releasesApartMax?: number;
  /**
   * Runs it on a fresh stage, which is taken down afterwards.
   * @throws anything when the promise doesn't hold
   */
  run(stage: Stage): Promise<void>;
}
