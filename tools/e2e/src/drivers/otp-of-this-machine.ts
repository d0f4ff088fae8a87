import { findOtp, type Otp, OtpMissingError, systemOtp } from '@macula/otp-releases';

/**
 * A release of this machine, for drivers whose nodes are its processes; default the one in PATH.
 * @throws OtpMissingError
 */
export async function otpOfThisMachine(release?: string): Promise<Otp> {
  if (release !== undefined) return findOtp(release);
  const otp = systemOtp();
  if (otp) return otp;
  throw new OtpMissingError(
    'there is no erl in PATH; install Erlang/OTP 25 or newer, or choose one with --otp',
  );
}
