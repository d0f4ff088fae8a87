import { OtpMissingError } from '@macula/otp-releases';
import { UsageError } from './arguments.js';
import { DriverMissingError } from './drivers/driver.js';

/** Ends this process with a sentence and status 2 where the command line is wrong, 3 where this machine can't do what it asks for. */
export async function runCommand(main: () => Promise<void>, usage: string): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n${usage}\n`);
      process.exitCode = 2;
    } else if (error instanceof OtpMissingError || error instanceof DriverMissingError) {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 3;
    } else throw error;
  }
}
