import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory for keys or sockets, and those above it, each with mode 0700; what is there already stays as it is. Node's own
 * recursive mkdir never returns where the system says of a directory whose parent is there that it isn't (Linux: below /proc).
 *
 * @throws the system's error when one of them can't be made, or something else is in its place
 */
export function makePrivateDirectory(path: string): void {
  const missing: string[] = [];
  let above = resolve(path);
  while (!existsSync(above) && dirname(above) !== above) {
    missing.push(above);
    above = dirname(above);
  }
  for (const directory of missing.reverse()) makeOne(directory);
}

function makeOne(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (thrown) {
    // Another process may have been faster.
    const isThere = (thrown as NodeJS.ErrnoException).code === 'EEXIST' && statSync(directory).isDirectory();
    if (!isThere) throw thrown;
  }
}
