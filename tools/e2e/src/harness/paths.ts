import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ebinPath } from '@macula/macula-otp';

const package_ = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Root of the working tree. */
export const root: string = join(package_, '..', '..');

/** Beams of the harness's own Erlang modules. */
export const harnessEbin: string = join(package_, 'ebin');

/** Beams of the macula OTP application. */
export const maculaEbin: string = ebinPath();

/** Script of the `macula` command. */
export const maculaScript: string = join(root, 'apps', 'cli', 'bin', 'macula.js');

/** What breaks a relay on purpose; what was built, since Node.js loads it itself. */
export const preloadScript: string = join(package_, 'dist', 'broken-relay', 'preload.js');

/** Relay and client of the previous wire version, in one file. */
export const pinnedBundle: string = join(package_, 'pinned', 'wire-2.1.mjs');
