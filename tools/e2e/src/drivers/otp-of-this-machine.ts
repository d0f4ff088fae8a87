import { findOtp, type Otp, OtpMissingError, systemOtp } from '@macula/otp-releases';

/**
 * A release of this machine, for drivers whose nodes are its processes; default the one in PATH.
 * @throws OtpMissingError
 */
export async function otpOfThisMachine(release?: string): Promise<Otp> {
  if (release !== undefined) {
    requireLoadable(release);
    return findOtp(release);
  }
  const otp = systemOtp();
  if (otp) return otp;
  throw new OtpMissingError(
    'there is no erl in PATH; install Erlang/OTP 25 or newer, or choose one with --otp',
  );
}

/**
 * The beams are compiled by the OTP release in PATH, and an older one doesn't load them.
 * @throws OtpMissingError
 */
export function requireLoadable(release: string): void {
  const compiler = systemOtp()?.release;
  if (compiler === undefined || Number(release) >= Number(compiler)) return;
  throw new OtpMissingError(
    `OTP ${release} can't load what OTP ${compiler} compiled: put an erl of OTP ${release} or older first in PATH and run \`npm run setup\`, then newer ones run it too.`,
  );
}
