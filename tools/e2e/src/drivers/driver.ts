import type { Otp } from '@macula/otp-releases';
import type { Scene } from '../harness/index.js';

/** Where scenarios run. */
export interface Driver {
  readonly name: string;
  /** A fresh scene whose nodes run on these releases in turn. */
  open(otps: readonly Otp[]): Scene;
}
