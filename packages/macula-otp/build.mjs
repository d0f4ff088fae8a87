// Compiles the OTP application: src/*.erl -> ebin/*.beam and ebin/macula.app. `node build.mjs [--out DIR] [--erlc PATH]`.
// Without an Erlang compiler it says so and ends well, so that the rest of the repository can be built.
import { parseArgs } from 'node:util';
import { ensureBuilt } from './index.mjs';

const { values } = parseArgs({ options: { out: { type: 'string' }, erlc: { type: 'string' } } });
try {
  const result = ensureBuilt(values);
  console.log(`macula-otp: ${result.built ? 'compiled' : 'up to date'}, OTP ${result.otp}, ${result.ebin}`);
} catch (cause) {
  if (cause.code !== 'no_erlc') throw cause;
  console.warn(`macula-otp: WARNING: ${cause.message}`);
}
