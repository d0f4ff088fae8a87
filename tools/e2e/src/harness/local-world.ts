import type { Host, Program, World } from './host.js';
import type { ManagedProcessOptions } from './managed-process.js';

/** This machine, on loopback. */
export const localHost: Host = {
  listen: '127.0.0.1',
  address: '127.0.0.1',
  place: onThisMachine,
};

/** Everything on this machine. */
export const localWorld: World = {
  relayHost: async () => localHost,
  nodeHost: async () => localHost,
  close: async () => {},
  closeNow: () => {},
};

/** As processes of this machine, with the OTP release in place. */
export function onThisMachine({ otp, command, args, env, ...rest }: Program): ManagedProcessOptions {
  if (!otp) return { ...rest, command, args, env };
  return { ...rest, ...otp.command(command, args), env: otp.environment(env) };
}
