import { localWorld, Scene } from '../harness/index.js';
import type { Driver } from './driver.js';
import { otpOfThisMachine } from './otp-of-this-machine.js';

/** Everything as processes of this machine, on loopback. */
export const local: Driver = {
  name: 'local',
  summary: 'processes of this machine, on loopback',
  start: async ({ broken }) => ({
    otp: otpOfThisMachine,
    open: (otps) => new Scene(otps, () => localWorld, broken),
    stop: async () => {},
  }),
};
