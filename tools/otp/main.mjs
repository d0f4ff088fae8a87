// npm run otp -- [RELEASE…]: fetches OTP releases for tests, and prints what there is.
import { fetchable, findOtp, makeOtp, OtpMissingError } from './index.mjs';

const wanted = process.argv.slice(2);
try {
  for (const release of wanted) makeOtp(release, { log: console.log });
  for (const release of wanted.length > 0 ? wanted : fetchable) {
    try {
      console.log(`OTP ${release}: ${findOtp(release).source}`);
    } catch (error) {
      if (!(error instanceof OtpMissingError)) throw error;
      console.log(error.message);
    }
  }
} catch (error) {
  if (!(error instanceof OtpMissingError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
