import { Scene } from '../harness/index.js';
import type { Driver } from './driver.js';

/** Everything as processes of this machine, on loopback. */
export const local: Driver = {
  name: 'local',
  open: (otps) => new Scene(otps),
};
