import type { Otp } from '@macula/otp-releases';
import type { BrokenRelays } from '../broken-relay/faults.js';
import type { Scene } from '../harness/index.js';

export type DriverName = 'local' | 'netns' | 'docker';

/** Where scenarios run. */
export interface Driver {
  readonly name: DriverName;
  /** One line for people. */
  readonly summary: string;
  /**
   * Makes it ready.
   * @throws DriverMissingError
   */
  start(options: DriverOptions): Promise<StartedDriver>;
}

export interface DriverOptions {
  /** What it makes is named after this where it needs names, so that two runs don't meet. */
  readonly prefix: string;
  /** Of everything random in it. */
  readonly seed: number;
  /** Its relays are broken on purpose. */
  readonly broken?: BrokenRelays;
  /** A line of progress. */
  readonly log: (line: string) => void;
}

export interface StartedDriver {
  /**
   * An OTP release that nodes can run on; without a number the one in PATH.
   * @throws OtpMissingError
   */
  otp(release?: string): Promise<Otp>;
  /** A fresh scene whose nodes run on these releases in turn. */
  open(otps: readonly Otp[]): Scene;
  /** Takes down what it made beside its scenes. */
  stop(): Promise<void>;
}

/** This machine can't run a driver; the message says what is missing and how to get it. */
export class DriverMissingError extends Error {
  override readonly name = 'DriverMissingError';
}
