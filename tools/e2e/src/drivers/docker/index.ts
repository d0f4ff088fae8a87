import { systemOtp } from '@macula/otp-releases';
import { Scene } from '../../harness/index.js';
import type { Driver } from '../driver.js';
import { requireLoadable } from '../otp-of-this-machine.js';
import { ContainersWorld } from './containers-world.js';
import { Engine, missing } from './engine.js';
import { Images } from './images.js';

/** Each relay and each node in a container of its own; nodes are on networks that they share with the relays only. */
export const docker: Driver = {
  name: 'docker',
  summary: 'Docker containers: each node on a network of its own, which only the relays are on as well',
  start: async ({ prefix, broken, log }) => {
    // Programs in containers are those of this machine's Node.js.
    if (process.platform !== 'linux') throw missing(`this is ${process.platform}: it needs Linux`);
    const engine = await Engine.find(prefix, log);
    const images = new Images(engine, log);
    let scenes = 0;
    return {
      otp: async (release = systemOtp()?.release ?? releaseDefault) => {
        requireLoadable(release);
        return images.otp(release);
      },
      open: (otps) => {
        const own = `${prefix}-s${++scenes}`;
        return new Scene(
          otps,
          (directory) => new ContainersWorld({ engine, prefix: own, directory, otp: otps[0]! }),
          broken,
        );
      },
      stop: () => engine.stop(),
    };
  },
};

const releaseDefault = '27';
