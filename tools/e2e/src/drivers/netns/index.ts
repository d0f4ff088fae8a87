import { existsSync } from 'node:fs';
import { Scene } from '../../harness/index.js';
import { type Driver, DriverMissingError } from '../driver.js';
import { otpOfThisMachine } from '../otp-of-this-machine.js';
import { runProgram } from '../run-program.js';
import { NamespacesWorld } from './namespaces-world.js';

/** Each relay and each home in a Linux network namespace of its own: homes behind NAT, links that can be broken. */
export const netns: Driver = {
  name: 'netns',
  summary: 'Linux network namespaces: relays on a public network, each node in a home behind NAT',
  start: async ({ seed, broken }) => {
    await check();
    let scenes = 0;
    return {
      otp: otpOfThisMachine,
      open: (otps) => new Scene(otps, () => new NamespacesWorld(seed + 1000 * scenes++), broken),
      stop: async () => {},
    };
  },
};

async function check(): Promise<void> {
  if (process.platform !== 'linux') throw missing(`this is ${process.platform}: it needs Linux`);
  if (process.getuid?.() !== 0) throw missing('it needs root: run the command with sudo');
  if (!existsSync('/dev/net/tun')) throw missing('/dev/net/tun is not there: load the module tun');
  for (const [program, option, package_] of programs) {
    try {
      await runProgram(program, [option]);
    } catch (cause) {
      throw missing(`there is no ${program}: install the package ${package_} (${(cause as Error).message})`);
    }
  }
}

const programs = [
  ['ip', '-V', 'iproute2'],
  ['nsenter', '--version', 'util-linux'],
  ['unshare', '--version', 'util-linux'],
  ['nft', '--version', 'nftables'],
  ['cc', '--version', 'gcc'],
] as const;

function missing(why: string): DriverMissingError {
  return new DriverMissingError(`the driver netns can't run here: ${why}`);
}
